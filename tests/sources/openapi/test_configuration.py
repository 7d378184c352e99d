"""Tests of mcp_transport.sources.openapi.configuration."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_transport.sources.openapi.configuration import problems, read
from tests.sources.openapi.documents import PETSTORE

GOOD: dict[str, Any] = {
    "document": "https://pets.example/openapi.json?key=hidden",
    "base_url": "https://pets.example:8443/v1",
    "headers": {"X-Tenant": "north-west"},
    "auth": {"bearer": "a-long-secret"},
    "include": ["tag:pets", "GET /orders/*"],
    "exclude": ["deletePet"],
    "names": {"findPets": "search"},
    "permission": "shop.view_pet",
    "timeout": 5,
    "refresh": 60,
    "private_hosts": ["Pets.Internal", "[::1]"],
    "output_schemas": False,
}


def test_every_key_is_read() -> None:
    found = read("pets", GOOD)
    assert found.url == GOOD["document"]
    assert found.shown_document == "https://pets.example/openapi.json"
    assert found.sent_headers == {"X-Tenant": "north-west", "Authorization": "Bearer a-long-secret"}
    assert found.private_hosts == {"pets.internal", "::1"}
    assert found.secrets == ("a-long-secret", "north-west")


def test_a_file_needs_nothing_else() -> None:
    assert read("pets", {"document": PETSTORE}).url is None


def test_a_name_and_a_password_are_a_header() -> None:
    found = read("pets", {"document": str(PETSTORE), "auth": {"basic": ("ada", "lovelace")}})
    assert found.sent_headers == {"Authorization": "Basic YWRhOmxvdmVsYWNl"}
    assert set(found.secrets) == {"lovelace", "YWRhOmxvdmVsYWNl"}


def test_a_configuration_shows_no_secret() -> None:
    assert "secret" not in repr(read("pets", GOOD))
    assert "hidden" not in repr(read("pets", GOOD))


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("document", "no/such/file.yaml", "there is no such file"),
        ("document", "ftp://pets.example/a", "is no URL of http or https"),
        ("document", 3, "is neither a URL nor the path of a file"),
        ("base_url", "pets.example", "is no URL; write it like"),
        ("base_url", "https://ada:secret@pets.example", 'put them into "auth"'),
        ("base_url", "https://pets.example/\r\nHost: x", "is no URL of"),
        ("base_url", "https://pets.example/#a", "has a fragment"),
        ("base_url", "https://[::1", "is no URL of"),
        ("headers", ["a"], "is no dictionary of headers"),
        ("headers", {"X Y": "secret"}, "names 'X Y', which is no header"),
        ("headers", {"Host": "secret"}, "says how a request is sent"),
        ("headers", {"X-Key": "secret\r\nX: y"}, "['X-Key'] is no string of printable"),
        ("auth", {"bearer": "secret\n"}, "['bearer'] has to be a string of printable"),
        ("auth", {"basic": "secret"}, "['basic'] has to be a pair of strings"),
        ("auth", {"query": {"key": 3}}, "['query'] has to be a dictionary of strings"),
        ("auth", {"digest": "secret"}, "has the key 'digest'"),
        ("auth", {"bearer": "secret", "basic": "secret"}, "has one key"),
        ("include", "pets", "it is a list of strings"),
        ("names", {"a": "no good"}, "a name has 1 to 40 of"),
        ("names", {"a": "x", "b": "x"}, "gives two operations the same name"),
        ("names", {"a": 3}, "is no string"),
        ("names", 3, "is no dictionary of names"),
        ("permission", "shop", "app_label.codename"),
        ("timeout", 0, "is 0; it is a number from 0.001"),
        ("private_hosts", ["http://x"], "a host without scheme and port"),
        ("ca_file", "no/such.pem", "is 'no/such.pem'; there is no such file"),
        ("ca_file", 3, "it is the path of a file"),
        ("output_schemas", "no", "is one of True, False"),
        ("headres", {}, "has the unknown key 'headres'"),
    ],
)
def test_a_wrong_value_is_named_and_no_secret_repeated(key: str, value: Any, says: str) -> None:
    (problem,) = problems("pets", {**GOOD, key: value})
    assert problem.startswith("MCP_OPENAPI['pets']")
    assert says in problem
    assert "secret" not in problem


def test_a_document_is_needed() -> None:
    assert 'lacks "document"' in next(problems("pets", {}))
    assert "is no dictionary" in next(problems("pets", "https://pets.example"))
    with pytest.raises(ImproperlyConfigured, match="document"):
        read("pets", {})
