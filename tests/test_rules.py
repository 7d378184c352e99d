"""Tests of mcp_transport.rules."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import pytest

from mcp_transport.auth.authenticators import Authenticator
from mcp_transport.auth.bearer import BearerAuthenticator
from mcp_transport.conf import Settings
from mcp_transport.rules import RULES, Number, shown

BUS = "mcp_transport.bus.memory.MemoryBus"


class Particular(BearerAuthenticator):
    """An authenticator that cannot be made from its path alone."""

    def __init__(self, realm: str) -> None:
        raise NotImplementedError(realm)


class Unfinished(Authenticator):
    """An authenticator that leaves something to be written."""

    @abstractmethod
    def more(self) -> None: ...


def problems(name: str, value: Any) -> list[str]:
    """What is wrong with a value."""
    return list(RULES[name].problems(value))


def test_every_setting_has_a_rule() -> None:
    assert set(RULES) == set(Settings.__annotations__)


@pytest.mark.parametrize("name", RULES)
def test_every_default_keeps_its_rule(name: str) -> None:
    assert problems(name, getattr(Settings, name)) == []


@pytest.mark.parametrize("path", ["/mcp", "/api/mcp", "/m-c_p.2"])
def test_a_path_to_which_slugs_can_be_joined(path: str) -> None:
    assert problems("MCP_PATH", path) == []


@pytest.mark.parametrize("path", ["", "/", "mcp", "/mcp/", "/a//b", "/a b", "/a?b", "/ä", "/..", 7])
def test_a_path_to_which_none_can_be_joined(path: Any) -> None:
    (problem,) = problems("MCP_PATH", path)
    assert repr(path) in problem


def test_the_root_is_a_path_only_where_nothing_is_joined_to_it() -> None:
    assert problems("MCP_REST_ROOT", "/") == problems("MCP_REST_ROOT", None) == []
    assert problems("MCP_PATH", "/") != []


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "32", None, float("inf"), 10_001])
def test_a_whole_number_is_one_within_its_bounds(value: Any) -> None:
    assert problems("MCP_THREADS", value) != []


@pytest.mark.parametrize("value", [0.001, 1, 30.5])
def test_seconds_may_have_fractions(value: Any) -> None:
    assert problems("MCP_TOOL_TIMEOUT", value) == []


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "30", False])
def test_seconds_are_finite_and_above_zero(value: Any) -> None:
    assert problems("MCP_TOOL_TIMEOUT", value) != []


def test_none_is_a_value_only_where_it_means_something() -> None:
    assert problems("MCP_TOKEN_LIFETIME_DAYS", None) == []
    assert problems("MCP_WORKERS", None) == []
    assert problems("MCP_PAGE_SIZE", None) != []


def test_a_number_says_its_bounds() -> None:
    assert str(Number()) == "a whole number from 1 on"
    assert str(Number(minimum=0, maximum=2, fraction=True)) == "a number from 0 to 2"
    assert str(Number(optional=True)) == "a whole number from 1 on, or None"


@pytest.mark.parametrize("hosts", [None, [], ["*"], ["shop.example", ".shop.example", "[::1]"]])
def test_hosts_as_django_writes_them(hosts: Any) -> None:
    assert problems("MCP_ALLOWED_HOSTS", hosts) == []


@pytest.mark.parametrize(
    "hosts", ["shop.example", [3], ["https://shop.example"], ["a:80"], ["*.a"], [""]]
)
def test_what_no_host_header_ever_matches(hosts: Any) -> None:
    assert problems("MCP_ALLOWED_HOSTS", hosts) != []


@pytest.mark.parametrize("origin", ["https://a.example", "http://localhost:3000", "app://x"])
def test_origins_as_browsers_send_them(origin: str) -> None:
    assert problems("MCP_ALLOWED_ORIGINS", {origin}) == []


@pytest.mark.parametrize(
    "url",
    [None, "https://a.example", "https://a.example:8443", "http://127.0.0.1:8000", "http://[::1]"],
)
def test_a_public_url_is_an_origin_that_tokens_are_safe_on_the_way_to(url: str | None) -> None:
    assert problems("MCP_PUBLIC_URL", url) == []


@pytest.mark.parametrize(
    "url",
    [1, "", "a.example", "https://a.example/", "https://a.example/mcp", "http://a.example",
     "http://127.0.0.1.evil.example", "http://localhost.evil.example", "ftp://localhost"],
)  # fmt: skip
def test_what_is_no_public_url(url: Any) -> None:
    assert len(problems("MCP_PUBLIC_URL", url)) == 1


@pytest.mark.parametrize(
    "origin", ["*", "a.example", "https://a.example/app", "https://u@a.example", "null", "http://["]
)
def test_what_no_browser_sends_as_origin(origin: str) -> None:
    assert problems("MCP_ALLOWED_ORIGINS", [origin]) != []
    assert problems("MCP_ALLOWED_ORIGINS", origin) != []


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nothing", "cannot be imported"),
        ("no.such.Thing", "cannot be imported"),
        ("mcp_transport.models.Server", "no subclass of mcp_transport.auth"),
        ("mcp_transport.conf.settings", "no subclass of mcp_transport.auth"),
        (f"{__name__}.Unfinished", "leaves authenticate, more to be written"),
        (f"{__name__}.Particular", "cannot be made without arguments"),
    ],
)
def test_a_path_that_leads_to_no_class_that_can_be_made(path: str, says: str) -> None:
    (problem,) = problems("MCP_AUTHENTICATORS", [path])
    assert repr(path) in problem
    assert says in problem


def test_one_path_is_no_list_of_paths() -> None:
    (problem,) = problems("MCP_AUTHENTICATORS", "mcp_transport.auth.bearer.BearerAuthenticator")
    assert "it is a list of dotted paths" in problem


@pytest.mark.parametrize(
    ("configured", "says"),
    [
        ([], "a dictionary with the alias"),
        ({"other": {"BACKEND": BUS}}, "a dictionary with the alias"),
        ({"default": BUS}, "the dotted path of a class as BACKEND"),
        ({"default": {}}, "the dotted path of a class as BACKEND"),
        ({"default": {"BACKEND": BUS, "URL": "x"}}, "the unknown key URL"),
        ({"default": {"BACKEND": BUS, "OPTIONS": 3}}, "OPTIONS that are no dictionary"),
        ({"default": {"BACKEND": "no.such.Bus"}}, "names 'no.such.Bus', which cannot be imported"),
        ({"default": {"BACKEND": BUS}, "b": {"BACKEND": 3}}, "['b'] is a dictionary"),
    ],
)
def test_a_backend_that_cannot_be_made(configured: Any, says: str) -> None:
    (problem,) = problems("MCP_BUS", configured)
    assert says in problem


def test_what_options_hold_is_not_repeated() -> None:
    (problem,) = problems("MCP_BUS", {"default": {"BACKEND": BUS, "OPTIONS": "redis://:pw@host"}})
    assert "pw" not in problem


def test_a_long_value_is_not_repeated_in_full() -> None:
    assert shown("short") == "'short'"
    assert len(shown("long" * 1000)) == 60


def test_prefixes_are_beginnings_of_names() -> None:
    assert problems("MCP_NAME_PREFIXES", {"acme.search": "acme_"}) == []
    assert problems("MCP_NAME_PREFIXES", ["acme"]) == ["is ['acme']; it is a dictionary."]
    for prefix in ("", "a b", 3, None, "x" * 65, "ü", "a\n"):
        (problem,) = problems("MCP_NAME_PREFIXES", {"acme": prefix})
        assert problem.startswith("['acme'] is ")


@pytest.mark.parametrize(
    "address", ["unix:/run/nchan/publish.sock", "http://127.0.0.1:8090", "http://[::1]:8090/"]
)
def test_an_address_is_a_socket_or_a_host(address: str) -> None:
    assert problems("MCP_NCHAN_PUBLISHERS", {"n0": address, "n12": address}) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (["unix:/a"], "it is a dictionary"),
        ({"first": "unix:/a"}, "'first'"),
        ({0: "unix:/a"}, "has the name 0"),
        ({"n0": "/run/a.sock"}, "'/run/a.sock'"),
        ({"n0": "https://127.0.0.1"}, "https"),
        ({"n0": "http://user:password@host"}, "['n0'] is"),
        ({"n0": "unix:/" + "a" * 107}, "['n0'] is"),
        ({"n0": None}, "None"),
    ],
)
def test_a_wrong_address_is_named(value: Any, said: str) -> None:
    (problem,) = problems("MCP_NCHAN_PUBLISHERS", value)
    assert said in problem


@pytest.mark.parametrize("value", ["", "s" * 32])
def test_a_secret_is_long_or_none(value: str) -> None:
    assert problems("MCP_NCHAN_SECRET", value) == []


@pytest.mark.parametrize("value", ["s" * 31, "s" * 32 + "\n", "é" * 32, None, 7])
def test_a_wrong_secret_is_not_repeated(value: Any) -> None:
    (problem,) = problems("MCP_NCHAN_SECRET", value)
    assert str(value) not in problem
