"""
What operators do, kept in the transaction in which they do it.

Whoever changes something on behalf of an operator calls :func:`recorded`
around the change, or :func:`record_action` after it. The rows are one chain:
who writes one waits for whoever is about to write another.
"""

from __future__ import annotations

import datetime
import getpass
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db import connections, models, transaction
from django.http import HttpRequest

from mcp_transport.audit.chain import ACTION_COLUMNS, OPERATORS, link, newest
from mcp_transport.audit.differences import difference, stored, told
from mcp_transport.models import OperatorAction, Session, Task

DONE, DENIED, FAILED = OperatorAction.Outcome.values
ADMIN, API, COMMAND = OperatorAction.Way.values

LOCK = 0x6D63705F6F70  # "mcp_op"; of PostgreSQL, for as long as the transaction
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who acts, and how they came in."""

    way: str
    username: str
    user_id: int | None = None  # None, too, where the site's users have other keys
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What something is done to, by values that outlive it."""

    kind: str
    id: str = ""
    name: str = ""


Acted: TypeAlias = "models.Model | Subject"


def operator_of(request: HttpRequest, way: str = ADMIN) -> Operator:
    """Return who sent a request; its user has to be known."""
    user: Any = request.user
    return Operator(
        way=way,
        username=user.get_username(),
        user_id=user.pk if isinstance(user.pk, int) else None,
        address=str(request.META.get("REMOTE_ADDR") or ""),
        request_id=request.headers.get("X-Request-ID", ""),
    )


def operator_at_terminal() -> Operator:
    """Return who runs a management command, as the operating system knows them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user has no name
        name = "unknown"
    return Operator(way=COMMAND, username=name)


def subject_of(row: models.Model) -> Subject:
    """Return what is kept of a row; of an id that opens something, only as much as does not."""
    key = row.handle if isinstance(row, Session | Task) else str(row.pk)
    return Subject(kind=str(row._meta.model_name), id=key, name=str(row))


def record_action(
    operator: Operator,
    action: str,
    subject: Acted,
    *,
    changes: Mapping[str, Any] | None = None,
    outcome: str = DONE,
) -> OperatorAction:
    """
    Keep one action of an operator.

    Joins the transaction that is open, so that the change and its row are
    both there or neither. Call it after the change: until the transaction
    ends, other operators' changes wait.
    """
    return record_actions(operator, action, [(subject, changes or {})], outcome=outcome)[0]


def record_actions(
    operator: Operator,
    action: str,
    subjects: Iterable[tuple[Acted, Mapping[str, Any]]],
    *,
    outcome: str = DONE,
) -> list[OperatorAction]:
    """Keep the same action on several things, each with its changes."""
    using = OperatorAction.objects.db
    with transaction.atomic(using=using):
        _take_turns(using)
        sequence, digest = newest(OPERATORS, using)
        rows = []
        for subject, changes in subjects:
            sequence, previous = sequence + 1, digest
            values = _row(operator, action, subject, changes, outcome)
            values, digest = link(previous, OPERATORS, sequence, values)
            columns = dict(zip(ACTION_COLUMNS, values, strict=True))
            rows.append(
                OperatorAction(
                    sequence=sequence, previous_digest=previous, digest=digest, **columns
                )
            )
        return OperatorAction.objects.bulk_create(rows)


@contextmanager
def recorded(operator: Operator, action: str, row: models.Model) -> Iterator[None]:
    """
    Do something to a row, and keep what of it was changed by that.

    The row may be a new one, or be deleted: its key and name are taken where
    it has them. What raises is rolled back, and leaves nothing.
    """
    using = OperatorAction.objects.db
    with transaction.atomic(using=using):
        subject, before = subject_of(row), stored(row)
        yield
        if row.pk is not None:
            subject = subject_of(row)
        record_action(operator, action, subject, changes=difference(before, stored(row)))


def _row(
    operator: Operator, action: str, subject: Acted, changes: Mapping[str, Any], outcome: str
) -> tuple[Any, ...]:
    """The values in the order of ACTION_COLUMNS, each as long as its column may be."""
    if isinstance(subject, models.Model):
        subject = subject_of(subject)
    return (
        datetime.datetime.now(datetime.UTC),
        operator.way,
        operator.user_id,
        operator.username[:LONGEST_NAME],
        action[:32],
        subject.kind[:64],
        subject.id[:LONGEST_NAME],
        subject.name[:LONGEST_NAME],
        outcome,
        told(changes),
        operator.address[:64],
        operator.request_id[:128],
    )


def _take_turns(using: str) -> None:
    """Let one transaction at a time write the next row; SQLite has but one writer anyway."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
