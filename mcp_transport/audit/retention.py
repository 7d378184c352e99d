"""
Deletion of rows that are old enough, so that what is left can be verified.

Only whole stretches up to a checkpoint go, the oldest first. The checkpoint
stays and is signed anew as the place behind which the chain begins.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, QuerySet

from mcp_transport.audit.chain import OPERATORS, START, rows_of, walk
from mcp_transport.audit.checkpoints import is_genuine, make, sign
from mcp_transport.audit.words import forget
from mcp_transport.conf import settings
from mcp_transport.models import AuditCheckpoint, Call, Worker

logger = logging.getLogger("mcp_transport.audit")

BATCH = 500
# A worker process that was not seen for so long writes no more rows.
SILENCE = datetime.timedelta(minutes=10)


def seal_dead_chains() -> int:
    """
    Make the last checkpoint of worker processes that ended without one.

    Rows that do not follow from one another get none, and so are kept.
    """
    dead = Worker.objects.exclude(pk__in=Worker.objects.heard_within(SILENCE))
    return sum(_seal(worker) for worker in dead.values_list("id", flat=True))


def delete_old_calls() -> int:
    """Delete calls beyond MCP_CALL_LIFETIME_DAYS and MCP_CALL_LIMIT; how many went."""
    of_calls = AuditCheckpoint.objects.exclude(worker=OPERATORS)
    count = _delete_expired(of_calls, settings.MCP_CALL_LIFETIME_DAYS) + _delete_excess(of_calls)
    _delete_empty_chains(of_calls)
    return count


def seal_operators_actions() -> int:
    """Make a checkpoint of what operators did since the last one."""
    return int(_seal(OPERATORS))


def delete_old_actions() -> int:
    """Delete operators' actions beyond MCP_OPERATOR_ACTION_LIFETIME_DAYS; how many went."""
    of_operators = AuditCheckpoint.objects.filter(worker=OPERATORS)
    return _delete_expired(of_operators, settings.MCP_OPERATOR_ACTION_LIFETIME_DAYS)


def cut(checkpoint: AuditCheckpoint) -> int:
    """Delete the rows up to a checkpoint; none if the site did not sign it."""
    worker, sequence = checkpoint.worker, checkpoint.sequence
    if not is_genuine(checkpoint):
        logger.error("Rows of %s up to %d are kept: their checkpoint is forged.", worker, sequence)
        return 0
    checkpoint.is_cut = True
    sign(checkpoint)
    # First what says that the rows may be gone, then the rows.
    with transaction.atomic():
        checkpoint.save(update_fields=["is_cut", "signature"])
        AuditCheckpoint.objects.filter(worker=worker, sequence__lt=sequence).delete()
    return _delete_rows(worker, sequence)


def _seal(worker: str) -> bool:
    newest = AuditCheckpoint.objects.filter(worker=worker).order_by("-sequence").first()
    start = (newest.sequence, newest.digest) if newest else START
    head = start
    for head, fault in walk(worker, start):
        if fault:
            logger.error("Row %d of %s is not vouched for: %s.", head[0], worker, fault)
            return False
    if head == start:
        return False
    # Another process may have made the same one meanwhile.
    AuditCheckpoint.objects.bulk_create([make(worker, head)], ignore_conflicts=True)
    logger.info("Checkpoint: %s %d %s", worker, *head)
    return True


def _delete_expired(checkpoints: QuerySet[AuditCheckpoint], days: float | None) -> int:
    if days is None:
        return 0
    # The rows that a checkpoint counts are older than it is.
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
    expired = checkpoints.filter(created_at__lt=before, is_cut=False)
    # The newest of each chain takes the others with it.
    later = expired.filter(worker=OuterRef("worker"), sequence__gt=OuterRef("sequence"))
    return sum(cut(checkpoint) for checkpoint in expired.filter(~Exists(later)))


def _delete_excess(checkpoints: QuerySet[AuditCheckpoint]) -> int:
    limit = settings.MCP_CALL_LIMIT
    if limit is None:
        return 0
    excess = Call.objects.count() - limit
    return _delete_until(excess, checkpoints.filter(is_cut=False).order_by("created_at"))


def _delete_until(excess: int, checkpoints: Iterable[AuditCheckpoint]) -> int:
    count = 0
    for checkpoint in checkpoints:
        if count >= excess:
            break
        count += cut(checkpoint)
    return count


def _delete_rows(worker: str, last: int) -> int:
    rows = rows_of(worker).filter(sequence__lte=last)
    count = 0
    while (first := rows.aggregate(first=Min("sequence"))["first"]) is not None:
        batch = rows.filter(sequence__lt=first + BATCH)
        with transaction.atomic():
            if rows.model is Call:
                forget(list(batch.values_list("pk", flat=True)))
            count += batch.delete()[0]
    return count


def _delete_empty_chains(checkpoints: QuerySet[AuditCheckpoint]) -> None:
    """Delete the checkpoints of processes that are long gone, with all their rows."""
    has_rows = Exists(Call.objects.filter(worker=OuterRef("worker")))
    is_known = Exists(Worker.objects.filter(pk=OuterRef("worker")))
    checkpoints.filter(~has_rows, ~is_known, is_cut=True).delete()
