"""The first sentence of a page: is it healthy?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcp_transport.admin import figures
from mcp_transport.admin.parts import GLYPHS
from mcp_transport.audit.tallies import Figures

ATTENTION, ALARM = 0.05, 0.25  # of a server's calls that failed
FEW = 3  # failures that say nothing yet
NAMED = 3  # servers that the sentence names


@dataclass(frozen=True, slots=True)
class Verdict:
    """How things are, in words; ``kind`` is one of parts.GLYPHS."""

    kind: str
    text: str
    is_bad: bool = False  # calls failed that somebody should look at

    @property
    def glyph(self) -> str:
        """The sign before the sentence."""
        return GLYPHS[self.kind]


def state_of(tally: Figures | None) -> str:
    """How a server is: "ok", "warn", "failed", or "off" when nobody called it."""
    if tally is None or not tally.calls:
        return "off"
    ran = tally.calls - tally.denied
    if tally.failed < FEW or tally.failed < ATTENTION * ran:
        return "ok"
    return "failed" if tally.failed >= ALARM * ran else "warn"


def verdict(
    names: Mapping[str, str], tallies: Mapping[str, Figures], enabled: Sequence[str], period: str
) -> Verdict:
    """
    Judge the servers by their calls in a period.

    ``names`` are titles by slug, of all servers; what was called and is gone
    by now is not judged.
    """
    if not enabled:
        return Verdict("warn", "Every server is turned off.")
    called = [slug for slug in enabled if state_of(tallies.get(slug)) != "off"]
    if not called:
        return Verdict("info", f"No calls in the last {period}.")
    bad = [slug for slug in called if state_of(tallies[slug]) in {"warn", "failed"}]
    if not bad:
        return Verdict("ok", _praise(called, tallies, period))
    bad.sort(key=lambda slug: tallies[slug].failed / tallies[slug].calls, reverse=True)
    kind = "failed" if any(state_of(tallies[slug]) == "failed" for slug in bad) else "warn"
    need = "needs" if len(bad) == 1 else "need"
    of = f"{len(bad)} of {_servers(len(enabled))} {need} attention."
    text = " ".join([of, *(_blame(names[slug], tallies[slug]) for slug in bad[:NAMED])])
    return Verdict(kind, text, is_bad=True)


def _praise(called: Sequence[str], tallies: Mapping[str, Figures], period: str) -> str:
    calls = sum(tallies[slug].calls for slug in called)
    failed = sum(tallies[slug].failed for slug in called)
    some = figures.count(failed) if failed < FEW else figures.share(failed, calls)
    how = f"{some} of them failed" if failed else "none failed"
    return f"All is well: {figures.calls(calls)} in the last {period}, {how}."


def _blame(name: str, tally: Figures) -> str:
    return f"{name}: {figures.share(tally.failed, tally.calls)} of its calls failed."


def _servers(number: int) -> str:
    return "1 server" if number == 1 else f"{number} servers"
