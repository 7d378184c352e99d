"""Tests of mcp_transport.sources.openapi.addresses."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.sources.openapi.addresses import base_of, checked_path, own_base
from mcp_transport.sources.openapi.configuration import Configuration
from mcp_transport.sources.openapi.reading import DocumentError
from mcp_transport.sources.openapi.references import Unusable

FETCHED = Configuration(alias="pets", document="https://pets.example/docs/openapi.json")
FILE = Configuration(alias="pets", document="petstore.yaml")


def servers(url: str, **variables: str) -> dict[str, Any]:
    """A part of a document that names a server."""
    named = {name: {"default": value} for name, value in variables.items()}
    return {"servers": [{"url": url, "variables": named}]}


@pytest.mark.parametrize(
    ("document", "base"),
    [
        ({}, "https://pets.example"),
        (servers("/v1/"), "https://pets.example/v1"),
        (servers("../v2"), "https://pets.example/v2"),
        (servers("https://pets.example/v3"), "https://pets.example/v3"),
        (servers("https://PETS.example:443/{v}", v="4"), "https://PETS.example:443/4"),
    ],
)
def test_a_document_may_name_a_server_of_its_own_origin(document: Any, base: str) -> None:
    assert base_of(document, FETCHED) == base


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1",
        "https://pets.example.evil.example",
        "https://pets.example@evil.example",
        "//evil.example",
        "http://pets.example/v1",
        "https://pets.example:444",
        "/v1?a=b",
        "file:///etc",
        "\\\\evil.example",
    ],
)
def test_a_fetched_document_cannot_send_credentials_elsewhere(url: str) -> None:
    with pytest.raises(DocumentError, match="base_url"):
        base_of(servers(url), FETCHED)


def test_a_file_names_its_server() -> None:
    assert base_of(servers("https://{r}.pets.example/", r="eu"), FILE) == "https://eu.pets.example"
    for url in ("http://pets.example", "/v1"):
        with pytest.raises(DocumentError, match="base_url"):
            base_of(servers(url), FILE)


def test_the_setting_is_stronger_than_the_document() -> None:
    named = Configuration(alias="pets", document="x", base_url="http://pets.internal/v1/")
    assert base_of(servers("https://evil.example"), named) == "http://pets.internal/v1"
    assert own_base(servers("https://evil.example"), "b", named) == "b"


def test_an_operation_may_have_a_server_at_the_same_origin_only() -> None:
    base = "https://pets.example/v1"
    assert own_base({}, base, FETCHED) == base
    assert own_base(servers("https://pets.example/v2/"), base, FETCHED) == "https://pets.example/v2"
    with pytest.raises(Unusable):
        own_base(servers("https://evil.example"), base, FETCHED)


def test_a_path_is_escaped_but_for_its_variables() -> None:
    assert checked_path("/a b/{id}/ü:x") == "/a%20b/{id}/%C3%BC:x"


@pytest.mark.parametrize("path", ["a", "/a?b=c", "/a#b", "/a/../b", "/./a", "/a\\b", "/a\nb"])
def test_a_path_is_nothing_but_a_path(path: str) -> None:
    with pytest.raises(Unusable):
        checked_path(path)
