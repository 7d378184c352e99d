"""Tests of mcp_transport.sources.openapi.references."""

from __future__ import annotations

import pytest

from mcp_transport.sources.openapi.references import Unusable, resolved, target

DOCUMENT = {"a/b": {"c~d": [{"e": 1}]}, "x": {"$ref": "#/y"}, "y": {"z": 1}, "o": {"$ref": "#/o"}}


def test_a_reference_leads_to_a_part_of_the_document() -> None:
    assert target(DOCUMENT, "#/a~1b/c~0d/0") == {"e": 1}
    assert target(DOCUMENT, "#/a%7E1b/c~0d") == [{"e": 1}]


@pytest.mark.parametrize(
    "reference",
    ["https://evil.example/x", "other.yaml#/y", "#y", "#/nothing", "#/a~1b/c~0d/9", "#/y/z/0", 3],
)
def test_no_reference_leads_elsewhere(reference: object) -> None:
    with pytest.raises(Unusable, match="it refers to"):
        target(DOCUMENT, reference)


def test_a_part_is_followed_to_where_it_stands() -> None:
    assert resolved(DOCUMENT, {"$ref": "#/x"}) == {"z": 1}
    with pytest.raises(Unusable, match="in a circle"):
        resolved(DOCUMENT, {"$ref": "#/o"})
    with pytest.raises(Unusable, match="where an object belongs"):
        resolved(DOCUMENT, 3)
