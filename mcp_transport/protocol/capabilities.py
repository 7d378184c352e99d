"""What each side declares that it can do. Pure: no I/O, no Django."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.protocol.jsonrpc import encode
from mcp_transport.protocol.revisions import Revision
from mcp_transport.protocol.shortening import shortened
from mcp_transport.protocol.tasks import TASKS

LONGEST_INTRODUCTION = 4096  # bytes; icons may stand in one
LONGEST_DECLARATION = 16_384  # bytes


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
    """
    What a client declares, without what its revision does not define.

    Raises InvalidParams for more than can be kept for each session.
    """
    shaped = dict(declared)
    if len(encode(shaped)) > LONGEST_DECLARATION:
        raise InvalidParams(
            f"The capabilities are larger than {LONGEST_DECLARATION} bytes.", status=400
        )
    if not revision.has_elicitation:
        shaped.pop("elicitation", None)
    if not revision.has_url_elicitation and isinstance(shaped.get("elicitation"), Mapping):
        shaped["elicitation"] = {}  # there are no modes: it means forms
    if not revision.has_sampling_tools and isinstance(shaped.get("sampling"), Mapping):
        shaped["sampling"] = {}
    return shaped


def introduced(info: Mapping[str, Any]) -> dict[str, Any]:
    """What a client says of itself, in a size that can be kept for each session."""
    short = {
        name: shortened(value) if isinstance(value, str) else value for name, value in info.items()
    }
    if len(encode(short)) <= LONGEST_INTRODUCTION:
        return short
    return {name: short[name] for name in ("name", "title", "version") if _is_text(short, name)}


def of_server(features: frozenset[str], revision: Revision) -> dict[str, Any]:
    """
    What a server advertises, from the features its catalog has.

    ``features`` holds tools, resources, prompts, completions and tasks. Any
    function may log, which has to be declared (2025-11-25,
    server/utilities/logging, Capabilities).
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
    if "tasks" in features and revision.has_tasks:
        declared["extensions"] = {TASKS: {}}
    return declared


def _is_text(values: Mapping[str, Any], name: str) -> bool:
    return isinstance(values.get(name), str)
