"""What entries say of themselves: that every list can be sent, and names that a site makes longer."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from pydantic import Field
from pytest_django import Settings

from mcp_transport.engine.catalog import build
from mcp_transport.protocol.revisions import R2026_07_28
from mcp_transport.registry.building import build_prompt, build_resource, build_tool
from mcp_transport.registry.decorators import tool
from mcp_transport.registry.registry import Registry
from mcp_transport.sources.apps import AppSource

MONDAY: Any = gettext_lazy("Monday")
HERE = "tests.registry"


def search(words: str) -> str:
    """Find something."""
    return words


def listed(entry: Any) -> dict[str, Any]:
    """An entry as a list of the newest revision shows it."""
    registry = Registry()
    registry.add(entry)
    catalog = build([AppSource(registry)], lambda _owner, _name: True, {})
    found: list[Any] = [*catalog.tools.values(), *catalog.prompts.values()]
    (offered,) = found
    shown: dict[str, Any] = msgspec.json.decode(offered.shaped(R2026_07_28))
    return shown


def test_a_lazy_translation_is_told_in_the_language_of_the_site() -> None:
    assert isinstance(MONDAY, Promise)

    def meet(day: Annotated[str, Field(description=MONDAY, title=MONDAY)] = "x") -> str:
        return day

    told = listed(build_tool(meet, title=MONDAY, description=MONDAY, meta={"day": [MONDAY]}))
    assert (told["title"], told["description"], told["_meta"]) == (
        "Monday", "Monday", {"day": ["Monday"]},
    )  # fmt: skip
    assert told["inputSchema"]["properties"]["day"] == {
        "default": "x", "description": "Monday", "title": "Monday", "type": "string",
    }  # fmt: skip
    (argument,) = listed(build_prompt(meet))["arguments"]
    assert (argument["title"], argument["description"]) == ("Monday", "Monday")


def test_a_schema_of_the_sites_own_may_be_lazy_too() -> None:
    schema = {
        "type": "object",
        "properties": {"words": {"type": "string", "description": MONDAY}},
        "required": ("words",),
    }
    entry = build_tool(search, input_schema=schema, output_schema={"description": MONDAY})
    told = listed(entry)
    assert told["inputSchema"]["properties"]["words"]["description"] == "Monday"
    assert told["outputSchema"]["description"] == "Monday"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"title": 3}, "its title is 3, and has to be a text"),
        ({"description": ["a"]}, r"its description is \['a'\]"),
        ({"meta": {"a": object()}}, "its meta cannot be sent as JSON"),
        ({"meta": {1.5: object()}}, "its meta cannot be sent as JSON"),
        ({"icons": ["https://example.com/a.png"]}, r"its icons are a tuple of Icon\(src=…\)"),
        ({"read_only": "yes"}, "readOnlyHint 'yes' has to be True or False"),
        ({"atomic": "nowhere"}, "atomic names the database 'nowhere'; there are 'default'"),
    ],
)
def test_what_no_list_could_show_is_refused_where_it_is_written(
    options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{search.__qualname__} cannot.*{reason}"):
        build_tool(search, **options)


def test_a_media_type_is_a_text() -> None:
    with pytest.raises(ImproperlyConfigured, match="its media type is 3"):
        build_resource(search, "shop://{words}", mime_type=3)  # type: ignore[arg-type]  # the mistake


def test_an_example_that_is_no_json_is_refused_with_the_tools_name() -> None:
    def pay(amount: Annotated[Decimal, Field(examples=[object()])]) -> None: ...

    with pytest.raises(ImproperlyConfigured, match=r"signature of tool .*pay cannot be described"):
        build_tool(pay)


class Shop:
    """A class with tools."""

    def find(self, words: str) -> str:
        """Find something."""
        return words


def test_a_method_is_registered_of_an_instance() -> None:
    assert build_tool(Shop().find).input_schema["required"] == ["words"]
    with pytest.raises(ImproperlyConfigured, match=r"Shop\.find is a method.*Shop\(\)\.find"):
        build_tool(Shop.find)


@pytest.mark.parametrize(
    ("prefixes", "name"),
    [
        ({}, "search"),
        ({HERE: "acme_"}, "acme_search"),
        ({"tests": "a.", f"{HERE}.test_definition": "acme-"}, "acme-search"),
        ({"tests.reg": "acme_", "registry": "acme_"}, "search"),
        (["tests"], "search"),
    ],
)
def test_names_of_an_app_begin_as_the_site_says(
    settings: Settings, prefixes: Any, name: str
) -> None:
    settings.MCP_NAME_PREFIXES = prefixes
    assert build_tool(search).name == build_prompt(search).name == name
    assert build_tool(search, name="find").name == name.replace("search", "find")
    assert build_resource(search, "shop://{words}").name == "search"


def test_a_name_has_to_be_one_with_what_stands_before_it(settings: Settings) -> None:
    settings.MCP_NAME_PREFIXES = {HERE: "x" * 64}
    with pytest.raises(ImproperlyConfigured, match="has to be 1 to 128"):
        build_tool(search, name="y" * 65)


def test_two_apps_with_one_name_are_told_apart_by_a_prefix(settings: Settings) -> None:
    registry = Registry()
    tool(registry=registry)(search)
    with pytest.raises(
        ImproperlyConfigured, match=r'MCP_NAME_PREFIXES = \{"tests\.registry": "registry_"\}\.$'
    ):
        tool(registry=registry)(search)
    settings.MCP_NAME_PREFIXES = {HERE: "registry_"}
    tool(registry=registry)(search)
    assert list(registry.tools) == ["search", "registry_search"]
    with pytest.raises(ImproperlyConfigured, match="'registry_search' is registered twice"):
        tool(registry=registry)(search)
