"""What an entry does to the world, in words: what it does not say is not taken for safe."""

from __future__ import annotations

from mcp_transport.admin.parts import Status
from mcp_transport.engine.catalog import Offered

READS, WRITES, DESTRUCTIVE, UNKNOWN = "reads", "writes", "destructive", "unknown"
GLYPHS = {READS: "ok", WRITES: "warn", DESTRUCTIVE: "failed", UNKNOWN: "warn"}


def effects(entry: Offered) -> str:
    """What a client's user has to expect of an entry."""
    if entry.kind != "tool":
        return READS
    hints = entry.wire.get("annotations", {})
    if hints.get("readOnlyHint"):
        return READS
    # It counts as true until it is said to be false (2025-11-25, schema, ToolAnnotations).
    if "destructiveHint" not in hints:
        return UNKNOWN
    return DESTRUCTIVE if hints["destructiveHint"] else WRITES


def effects_status(entry: Offered) -> Status:
    """The same with its glyph."""
    word = effects(entry)
    return Status(GLYPHS[word], word)
