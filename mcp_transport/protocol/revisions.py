"""
The revisions of the specification and what each of them knows.

Pure: no I/O, no Django. A revision is one row of one table, never a number to
compare: an unknown string is not newer than anything. Nobody else in the
project asks for a revision's name; they ask whether it has a feature.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from mcp_transport.protocol.errors import UnsupportedRevision


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One published revision: a row of the feature table."""

    name: str
    is_modern: bool = False  # stateless; the others open with a handshake
    has_batches: bool = False
    has_audio: bool = False
    has_tool_annotations: bool = False
    has_progress_messages: bool = False
    has_completions_capability: bool = False
    has_titles: bool = False
    has_meta_everywhere: bool = False  # `_meta` on definitions and content
    has_structured_content: bool = False
    has_resource_links: bool = False
    has_elicitation: bool = False
    has_last_modified: bool = False
    has_icons: bool = False
    has_implementation_details: bool = False  # description, websiteUrl
    has_url_elicitation: bool = False
    has_sampling_tools: bool = False
    has_rich_choices: bool = False  # in forms: several at once, and titles by `oneOf`
    has_errors_without_id: bool = False
    has_priming_events: bool = False
    has_any_structured_content: bool = False  # else objects only
    has_result_types: bool = False
    has_cache_hints: bool = False
    has_tasks: bool = False  # as an extension

    def __str__(self) -> str:
        return self.name


# Each row is the one before it and what the page "changelog" of its revision names.
R2024_11_05 = Revision(name="2024-11-05")
R2025_03_26 = replace(
    R2024_11_05,
    name="2025-03-26",
    has_batches=True,
    has_audio=True,
    has_tool_annotations=True,
    has_progress_messages=True,
    has_completions_capability=True,
)
R2025_06_18 = replace(
    R2025_03_26,
    name="2025-06-18",
    has_batches=False,
    has_titles=True,
    has_meta_everywhere=True,
    has_structured_content=True,
    has_resource_links=True,
    has_elicitation=True,
    has_last_modified=True,
)
R2025_11_25 = replace(
    R2025_06_18,
    name="2025-11-25",
    has_icons=True,
    has_implementation_details=True,
    has_url_elicitation=True,
    has_sampling_tools=True,
    has_rich_choices=True,
    has_errors_without_id=True,
    has_priming_events=True,
)
R2026_07_28 = replace(
    R2025_11_25,
    name="2026-07-28",
    is_modern=True,
    has_priming_events=False,
    has_any_structured_content=True,
    has_result_types=True,
    has_cache_hints=True,
    has_tasks=True,
)

#: Every revision that is served, newest first, as error data and discovery list them.
REVISIONS: Mapping[str, Revision] = {
    revision.name: revision
    for revision in (R2026_07_28, R2025_11_25, R2025_06_18, R2025_03_26, R2024_11_05)
}
SUPPORTED: tuple[str, ...] = tuple(REVISIONS)
LEGACY: tuple[str, ...] = tuple(name for name in SUPPORTED if not REVISIONS[name].is_modern)


def negotiate(requested: object, served: Collection[str] = SUPPORTED) -> Revision:
    """
    The revision an ``initialize`` gets: its own if it is served, else the newest legacy one.

    So the specification has it (2025-11-25, basic/lifecycle, Version
    Negotiation). A handshake never leads to a revision without handshakes;
    raises UnsupportedRevision where none other is served.
    """
    handshakes = [name for name in LEGACY if name in served]
    if not handshakes:
        raise UnsupportedRevision(str(requested)[:40], list(served))
    return REVISIONS[str(requested) if requested in handshakes else handshakes[0]]


def oldest_handshake(served: Collection[str]) -> Revision:
    """What a session is at before its handshake. Raises UnsupportedRevision if there is none."""
    handshakes = [name for name in LEGACY if name in served]
    if not handshakes:
        raise UnsupportedRevision(LEGACY[-1], list(served))
    return REVISIONS[handshakes[-1]]
