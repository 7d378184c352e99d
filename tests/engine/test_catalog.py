"""What one server offers, under which names, and to whom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from mcp_transport import prompt, resource, tool
from mcp_transport.auth.principal import ANONYMOUS, Principal
from mcp_transport.engine.catalog import Catalog, Override, build, own_name
from mcp_transport.limits.limit import Limit
from mcp_transport.protocol.revisions import REVISIONS
from mcp_transport.registry.registry import Registry
from mcp_transport.sources.apps import AppSource

MODERN = REVISIONS["2026-07-28"]
STAFF = msgspec.structs.replace(
    ANONYMOUS, key="user:1", permissions=frozenset({"auth.view_user", "auth.add_user"})
)


def everything(owner: str, name: str) -> bool:
    return True


def made(registry: Registry, **overrides: Any) -> Catalog:
    """``tool__echo=Override(...)`` changes the tool ``echo``."""
    table = {tuple(key.split("__", 1)): value for key, value in overrides.items()}
    return build([AppSource(registry)], everything, table)  # type: ignore[arg-type]  # pairs


@pytest.fixture
def registry() -> Registry:
    registry = Registry()

    @tool(registry=registry, read_only=True)
    def echo(text: str) -> str:
        """Say it again."""
        return text

    @tool(registry=registry, permission="auth.view_user")
    def count() -> int:
        return 1

    @resource("note://a", registry=registry)
    def note() -> str:
        return "a"

    @resource("note://item/{number}", registry=registry)
    def item(number: str) -> str:
        return number

    @prompt(registry=registry)
    def plan(season: str) -> str:
        return season

    return registry


def names(catalog: Catalog, kind: str, principal: Principal = ANONYMOUS) -> list[str]:
    return [entry.name for entry in catalog.visible(kind, principal)]


def test_a_server_offers_each_kind(registry: Registry) -> None:
    catalog = made(registry)
    assert names(catalog, "tool", STAFF) == ["echo", "count"]
    assert names(catalog, "resource") == ["note://a"]
    assert names(catalog, "template") == ["note://item/{number}"]
    assert names(catalog, "prompt") == ["plan"]
    assert catalog.features >= {"tools", "resources", "prompts", "logging"}
    assert "completions" not in catalog.features


def test_an_empty_server_has_the_features_that_need_no_entries() -> None:
    catalog = made(Registry())
    assert catalog.features == {"logging"}
    assert catalog.is_uniform


def test_functions_that_complete_make_a_feature(registry: Registry) -> None:
    @prompt(registry=registry, completions={"season": lambda value: [value]})
    def trip(season: str) -> str:
        return season

    assert "completions" in made(registry).features


def test_a_server_offers_what_it_names(registry: Registry) -> None:
    asked: list[tuple[str, str]] = []

    def offers(owner: str, name: str) -> bool:
        asked.append((owner, name))
        return name in ("echo", "note://item/{number}")

    catalog = build([AppSource(registry)], offers, {})
    assert (names(catalog, "tool"), names(catalog, "resource")) == (["echo"], [])
    assert ("tests", "echo") in asked


def test_one_rule_hides_and_refuses(registry: Registry) -> None:
    catalog = made(registry)
    assert not catalog.is_uniform
    assert names(catalog, "tool") == ["echo"]
    assert not catalog.tools["count"].is_permitted(ANONYMOUS)
    assert catalog.tools["count"].is_visible(STAFF)


def test_a_credential_covers_less_than_its_owner(registry: Registry) -> None:
    narrow = msgspec.structs.replace(STAFF, scopes=frozenset({"tools:read"}))
    catalog = made(registry)
    assert catalog.tools["count"].is_permitted(narrow)
    assert not catalog.tools["count"].is_covered(narrow)
    assert names(catalog, "tool", narrow) == ["echo"]
    assert names(catalog, "prompt", narrow) == []


def test_a_server_says_things_its_own_way(registry: Registry) -> None:
    override = Override(
        new_name="say", title="Say", description="Aloud.", permission="auth.add_user",
        is_read_only=False,
    )  # fmt: skip
    entry = made(registry, tool__echo=override).tools["say"]
    assert entry.wire["name"] == "say"
    assert (entry.wire["title"], entry.wire["description"]) == ("Say", "Aloud.")
    assert entry.wire["annotations"]["readOnlyHint"] is False
    assert not entry.is_read_only
    assert entry.permission == "auth.add_user"
    assert own_name(entry.definition) == "echo"


def test_what_a_server_does_not_change_stays(registry: Registry) -> None:
    entry = made(registry, tool__echo=Override()).tools["echo"]
    assert entry.wire["description"] == "Say it again."
    assert entry.is_read_only


def test_an_entry_can_be_switched_off(registry: Registry) -> None:
    catalog = made(registry, tool__echo=Override(is_enabled=False))
    assert "echo" not in catalog.tools


def test_an_address_is_not_renamed() -> None:
    registry = Registry()

    @resource("note://a", registry=registry)
    def note() -> str:
        return "a"

    catalog = build(
        [AppSource(registry)], everything, {("resource", "note://a"): Override(new_name="b")}
    )
    assert list(catalog.resources) == ["note://a"]


def test_of_entries_with_one_name_the_first_sources_wins(registry: Registry) -> None:
    other = Registry()

    @tool(registry=other, name="echo")
    def shout(text: str) -> str:
        """Say it loudly."""
        return text.upper()

    catalog = build([AppSource(registry), AppSource(other)], everything, {})
    assert catalog.tools["echo"].wire["description"] == "Say it again."


def test_what_an_entry_of_its_name_hides_is_told_of_every_kind(registry: Registry) -> None:
    twice = [AppSource(registry), AppSource(registry)]
    catalog = build(twice, everything, {})
    assert [(one.kind, one.name) for one in catalog.hidden] == [
        ("tool", "echo"),
        ("tool", "count"),
        ("resource", "note://a"),
        ("template", "note://item/{number}"),
        ("prompt", "plan"),
    ]
    owner = AppSource(registry).owner(registry.tools["echo"])
    assert {(one.owner, one.by) for one in catalog.hidden} == {(owner, owner)}
    assert "The tool 'echo' of" in str(catalog.hidden[0])
    off = {(one.kind, one.name): Override(is_enabled=False) for one in catalog.hidden}
    assert build(twice, everything, off).hidden == build(twice[:1], everything, {}).hidden == ()


def test_a_uri_belongs_to_a_resource_before_a_template(registry: Registry) -> None:
    @resource("note://{+rest}", registry=registry)
    def anything(rest: str) -> str:
        return rest

    catalog = made(registry)
    found = catalog.match("note://a")
    assert found is not None
    assert (found[0].kind, found[1]) == ("resource", {})
    found = catalog.match("note://item/7")
    assert found is not None
    assert (found[0].name, found[1]) == ("note://item/{number}", {"number": "7"})
    assert catalog.match("else://where") is None


def test_a_definition_is_shaped_once_for_a_revision(registry: Registry) -> None:
    entry = made(registry).tools["echo"]
    assert entry.shaped(MODERN) is entry.shaped(MODERN)
    old = msgspec.json.decode(entry.shaped(REVISIONS["2024-11-05"]))
    assert "annotations" not in old
    assert old["inputSchema"]["properties"]["text"]["type"] == "string"


def test_a_result_that_is_no_object_is_wrapped_for_who_needs_it(registry: Registry) -> None:
    catalog = made(registry)
    assert catalog.tools["count"].is_wrapped
    assert not catalog.tools["echo"].is_wrapped


def test_what_is_secret_in_the_arguments_is_not_kept() -> None:
    registry = Registry()

    @tool(registry=registry)
    def enter(name: str, password: str) -> str:
        return name

    kept = made(registry).tools["enter"].redact({"name": "ada", "password": "hunter2"})
    assert "ada" in kept
    assert "hunter2" not in kept


def test_an_unknown_kind_is_no_table(registry: Registry) -> None:
    with pytest.raises(AttributeError):
        made(registry).of_kind("thing")


def test_offers_can_be_named_in_three_ways() -> None:
    from mcp_transport.engine.directory import ServerRecord

    def has(*offers: str) -> bool:
        record: Any = SimpleNamespace(offers=offers)
        return ServerRecord.has(record, "shop", "orders")

    assert has("*")
    assert has("other", "shop")
    assert has("shop:orders")
    assert not has("shop:other", "other", "orders")
    assert not has()


def test_an_entry_has_its_own_limit_unless_the_server_says_another() -> None:
    registry = Registry()

    @tool(registry=registry, rate=30, concurrency=2)
    def render() -> int:
        return 1

    assert made(registry).tools["render"].limit == Limit(30, 2)
    assert made(registry).is_limited
    assert made(registry, tool__render=Override(rate=5)).tools["render"].limit == Limit(5, 2)
    free = made(registry, tool__render=Override(rate=0, concurrency=0))
    assert free.tools["render"].limit is None
    assert not free.is_limited
