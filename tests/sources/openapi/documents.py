"""Documents for tests, and what they offer."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from mcp_transport.sources.openapi.building import Built, build
from mcp_transport.sources.openapi.configuration import Configuration
from mcp_transport.sources.openapi.operations import Operation
from mcp_transport.sources.openapi.reading import parse

PETSTORE = Path(__file__).parent / "petstore.yaml"


def configured(**changes: Any) -> Configuration:
    """A configuration of a document that is not fetched."""
    given = {"alias": "pets", "document": "petstore.yaml", "base_url": "https://pets.example/v1"}
    return Configuration(**{**given, **changes})


def built(paths: dict[str, Any], *, version: str = "3.1.0", **rest: Any) -> Built:
    """What a document with these paths offers."""
    changes = rest.pop("changes", {})
    return build({"openapi": version, "paths": paths, **rest}, configured(**changes))


def petstore(**changes: Any) -> Built:
    """What the petstore offers."""
    return build(parsed(), configured(**changes))


@lru_cache
def parsed() -> dict[str, Any]:
    """The petstore, which nobody is to change."""
    return parse(PETSTORE.read_bytes())


def operation(built: Built, name: str) -> Operation:
    """A tool by its name."""
    return next(o for o in built.operations if o.name == name)
