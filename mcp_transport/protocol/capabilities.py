"""What each side declares that it can do. Pure: no I/O, no Django."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_transport.protocol.revisions import Revision


def missing(required: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """
    The part of the required client capabilities that is not declared.

    ``elicitation: {}`` declares forms (2025-11-25, client/elicitation, Capabilities).
    """
    lacking: dict[str, Any] = {}
    for name, modes in required.items():
        has = declared.get(name)
        if not isinstance(has, Mapping):
            lacking[name] = modes
            continue
        if name == "elicitation" and not has:
            has = {"form": {}}
        wanting = {mode: value for mode, value in modes.items() if mode not in has}
        if wanting:
            lacking[name] = wanting
    return lacking


def known(declared: Mapping[str, Any], revision: Revision) -> dict[str, Any]:
    """What a client declares, without what its revision does not define."""
    shaped = dict(declared)
    if not revision.has_elicitation:
        shaped.pop("elicitation", None)
    if not revision.has_url_elicitation and isinstance(shaped.get("elicitation"), Mapping):
        shaped["elicitation"] = {}  # there are no modes: it means forms
    if not revision.has_sampling_tools and isinstance(shaped.get("sampling"), Mapping):
        shaped["sampling"] = {}
    return shaped


def of_server(features: frozenset[str], revision: Revision) -> dict[str, Any]:
    """
    What a server advertises, from the features its catalog has.

    ``features`` holds tools, resources, prompts and completions.
    """
    declared: dict[str, Any] = {}
    for name in ("tools", "prompts"):
        if name in features:
            declared[name] = {"listChanged": True}
    if "resources" in features:
        declared["resources"] = {"subscribe": True, "listChanged": True}
    if "completions" in features and revision.has_completions_capability:
        declared["completions"] = {}
    declared["logging"] = {}
    return declared
