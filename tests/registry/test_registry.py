"""The registry: what is in it, in which order, and for how long."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_transport.registry.building import build_prompt, build_resource, build_tool
from mcp_transport.registry.records import Entry
from mcp_transport.registry.registry import Registry


def first() -> str:
    """Be the first."""
    return "1"


def second(number: str = "2") -> str:
    """Be the second."""
    return number


ENTRIES: list[Entry] = [
    build_tool(first),
    build_resource(first, "a://first"),
    build_resource(second, "a://{number}"),
    build_prompt(first),
]


def tables(registry: Registry) -> list[list[str]]:
    """The keys of every table."""
    kinds = (registry.tools, registry.resources, registry.templates, registry.prompts)
    return [list(table) for table in kinds]


def test_entries_are_found_by_what_clients_call_them() -> None:
    registry = Registry()
    for entry in ENTRIES:
        registry.add(entry)
    assert tables(registry) == [["first"], ["a://first"], ["a://{number}"], ["first"]]


def test_entries_keep_the_order_of_registration() -> None:
    registry = Registry()
    for name in ("c", "a", "b"):
        registry.add(build_tool(first, name=name))
    assert list(registry.tools) == ["c", "a", "b"]


def test_every_change_makes_a_new_generation() -> None:
    registry = Registry()
    generations = [registry.generation]
    for entry in ENTRIES:
        registry.add(entry)
        generations.append(registry.generation)
    assert generations == sorted(set(generations))


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_duplicate_is_an_error_that_names_both_places(entry: Entry) -> None:
    registry = Registry()
    registry.add(entry)
    with pytest.raises(ImproperlyConfigured, match=r"by tests\.\S+ and by tests\.\S+\. Give one"):
        registry.add(entry)
    assert sum(map(len, tables(registry))) == 1


def test_a_reader_is_not_disturbed_by_a_registration() -> None:
    registry = Registry()
    registry.add(build_tool(first))
    before = registry.tools
    registry.add(build_tool(second))
    assert list(before) == ["first"]


def test_temporary_entries_go_away_with_all_that_came_meanwhile() -> None:
    registry = Registry()
    registry.add(build_tool(first))
    with registry.registered_temporarily(build_tool(second)):
        registry.add(build_prompt(first))
        assert tables(registry) == [["first", "second"], [], [], ["first"]]
        generation = registry.generation
    assert tables(registry) == [["first"], [], [], []]
    assert registry.generation > generation


def test_temporary_entries_go_away_after_an_error() -> None:
    registry = Registry()
    with pytest.raises(ZeroDivisionError), registry.registered_temporarily(*ENTRIES):
        raise ZeroDivisionError
    assert tables(registry) == [[], [], [], []]


def test_a_refused_temporary_entry_leaves_nothing_behind() -> None:
    registry = Registry()
    registry.add(build_prompt(first))
    refused = registry.registered_temporarily(*ENTRIES)
    with pytest.raises(ImproperlyConfigured):
        refused.__enter__()
    assert tables(registry) == [[], [], [], ["first"]]


def test_a_function_can_be_decorated_with_temporary_entries() -> None:
    registry = Registry()

    @registry.registered_temporarily(build_tool(first))
    def names(prefix: str) -> list[str]:
        return [prefix + name for name in registry.tools]

    assert names("a ") == ["a first"]
    assert not registry.tools


async def test_a_coroutine_can_be_decorated_with_temporary_entries() -> None:
    registry = Registry()

    @registry.registered_temporarily(build_tool(first))
    async def names() -> list[str]:
        return list(registry.tools)

    assert await names() == ["first"]
    assert not registry.tools


@pytest.mark.parametrize(
    ("module", "app"),
    [
        ("acme.search.mcp", "acme.search"),
        ("acme.search.mcp.tools.more", "acme.search"),
        ("acme.mcp_tools.mcp", "acme.mcp_tools"),
        ("acme.tools", "acme"),
        ("tools", "tools"),
    ],
)
def test_the_error_for_a_duplicate_names_the_app_of_the_second(module: str, app: str) -> None:
    def search() -> str: ...  # type: ignore[empty-body] # only its place counts

    search.__module__ = module
    registry = Registry()
    registry.add(build_tool(search))
    with pytest.raises(ImproperlyConfigured, match=re.escape(f'{{"{app}": "')):
        registry.add(build_tool(search))
