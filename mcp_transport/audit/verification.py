"""Whether the record is whole: every chain against itself and its checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcp_transport.audit.chain import OPERATORS, START, Head, missing, walk
from mcp_transport.audit.checkpoints import is_genuine
from mcp_transport.models import AuditCheckpoint, Call, OperatorAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The first place of a chain that does not follow from what is before it."""

    sequence: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What was found about one chain."""

    worker: str
    rows: int
    first: int | None
    last: int | None
    checkpoints: int
    vouched_for: int  # the newest row that a checkpoint counts
    broken: Break | None


FORGED = "its checkpoint was changed, or signed with a key that is not in SECRET_KEY_FALLBACKS"
REPLACED = "it is not the row that its checkpoint counts"


def verify(worker: str) -> ChainReport:
    """
    Follow the chain of a worker process, or of operators, from its beginning to its end.

    It begins at row 1, or behind the row up to which the site itself has
    deleted. A deletion that happens meanwhile makes it begin again.
    """
    checkpoints = _checkpoints(worker)
    while True:
        report = _follow(worker, checkpoints)
        before, checkpoints = checkpoints, _checkpoints(worker)
        if report.broken is None or _beginning(before) == _beginning(checkpoints):
            return report


def verify_all() -> Iterator[ChainReport]:
    """Verify every chain of which something is left, a checkpoint if not a row."""
    calls, checkpoints = (
        model.objects.order_by().values_list("worker", flat=True)
        for model in (Call, AuditCheckpoint)
    )
    workers = set(calls.union(checkpoints))
    if OperatorAction.objects.exists():
        workers.add(OPERATORS)
    for worker in sorted(workers):
        yield verify(worker)


def _checkpoints(worker: str) -> list[tuple[AuditCheckpoint, bool]]:
    """The checkpoints of a chain, and whether each is the site's."""
    rows = AuditCheckpoint.objects.filter(worker=worker).order_by("sequence")
    return [(row, is_genuine(row)) for row in rows]


def _beginning(checkpoints: list[tuple[AuditCheckpoint, bool]]) -> Head:
    """Behind which row the chain begins."""
    cuts = ((row.sequence, row.digest) for row, is_ours in checkpoints if is_ours and row.is_cut)
    return max(cuts, default=START)


def _follow(worker: str, checkpoints: list[tuple[AuditCheckpoint, bool]]) -> ChainReport:
    counted = {row.sequence: row.digest for row, is_ours in checkpoints if is_ours}
    breaks = [
        Break(sequence=row.sequence, reason=FORGED) for row, is_ours in checkpoints if not is_ours
    ][:1]
    start = _beginning(checkpoints)
    last, rows, is_whole = start[0], 0, True
    for (sequence, digest), fault in walk(worker, start):
        if not fault and counted.get(sequence, digest) != digest:
            fault = REPLACED
        if fault and is_whole:
            is_whole = False
            breaks.append(Break(sequence=sequence, reason=fault))
        rows, last = rows + 1, sequence
    newest = max(counted, default=0)
    if newest > last:
        lost = f"{missing(last + 1, newest)} missing at the end"
        breaks.append(Break(sequence=last + 1, reason=lost))
    return ChainReport(
        worker=worker,
        rows=rows,
        first=start[0] + 1 if rows else None,
        last=last if rows else None,
        checkpoints=len(checkpoints),
        vouched_for=newest,
        broken=min(breaks, key=lambda found: found.sequence, default=None),
    )
