"""Call rows as a chain."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.db import IntegrityError, connection, transaction

from mcp_transport.audit import chain
from mcp_transport.audit.chain import Break, ChainedInsert, verify, verify_all
from mcp_transport.audit.record import CallRecord
from mcp_transport.models import Call
from mcp_transport.statements import Row

pytestmark = pytest.mark.django_db

WHEN = datetime.datetime(2026, 7, 28, 12, 30, 1, 250, tzinfo=datetime.UTC)


def row(entry: str = "echo", **values: Any) -> Row:
    values = {"started_at": WHEN, "server": "main", "method": "tools/call", **values}
    record = CallRecord(duration_us=12, entry=entry, **values)
    return msgspec.structs.astuple(record)


def execute(statement: ChainedInsert, *rows: Row, is_repeated: bool = False) -> None:
    with transaction.atomic():
        statement.execute(connection, rows, is_repeated=is_repeated)


def write(worker: str, *rows: Row) -> None:
    statement = ChainedInsert(worker)
    execute(statement, *rows)
    statement.committed()


def sequences(worker: str = "w1") -> list[int]:
    calls = Call.objects.filter(worker=worker).order_by("sequence")
    return list(calls.values_list("sequence", flat=True))


def test_each_row_names_the_digest_of_the_one_before() -> None:
    write("w1", row("a"), row("b"), row("c"))
    first, second, third = Call.objects.order_by("sequence")
    assert (first.sequence, first.previous_digest) == (1, "")
    assert (second.previous_digest, third.previous_digest) == (first.digest, second.digest)
    assert len({first.digest, second.digest, third.digest}) == 3
    assert verify("w1") is None


def test_the_chain_goes_on_where_it_was_left() -> None:
    statement = ChainedInsert("w1")
    for name in "abc":
        execute(statement, row(name), row(name))
        statement.committed()
    write("w1", row("d"))
    assert sequences() == [1, 2, 3, 4, 5, 6, 7]
    assert verify("w1") is None


def test_worker_processes_have_chains_of_their_own() -> None:
    write("w1", row(), row())
    write("w2", row())
    assert (sequences("w1"), sequences("w2")) == ([1, 2], [1])
    assert list(verify_all()) == []


def test_several_runs_in_one_transaction_are_one_chain() -> None:
    statement = ChainedInsert("w1")
    with transaction.atomic():
        for name in "ab":
            statement.execute(connection, [row(name)], is_repeated=False)
    statement.committed()
    assert verify("w1") is None
    assert sequences() == [1, 2]


def test_rows_that_were_rolled_back_leave_no_gap() -> None:
    statement = ChainedInsert("w1")
    with pytest.raises(IntegrityError):
        execute(statement, row("a"), row("b", result_bytes=None))
    statement.rolled_back()
    execute(statement, row("a"))
    statement.committed()
    assert sequences() == [1]
    assert verify("w1") is None


def test_a_repeated_batch_that_was_stored_is_stored_once() -> None:
    statement = ChainedInsert("w1")
    execute(statement, row("a"))
    statement.committed()
    execute(statement, row("b"), row("c"))
    statement.rolled_back()  # as it seems when the connection breaks during the commit
    execute(statement, row("b"), row("c"), is_repeated=True)
    statement.committed()
    execute(statement, row("d"))
    assert sequences() == [1, 2, 3, 4]
    assert verify("w1") is None


def test_the_head_is_read_again_when_a_batch_was_given_up() -> None:
    statement = ChainedInsert("w1")
    execute(statement, row("a"))
    statement.committed()
    execute(statement, row("b"))
    statement.rolled_back()
    execute(statement, row("c"))
    assert sequences() == [1, 2, 3]
    assert verify("w1") is None


CHANGES: list[tuple[Callable[[], object], Break]] = [
    (
        lambda: Call.objects.filter(sequence=2).update(entry="other"),
        Break(worker="w1", sequence=2, reason="it was changed"),
    ),
    (
        lambda: Call.objects.filter(sequence=3).update(user_id=0),
        Break(worker="w1", sequence=3, reason="it was changed"),
    ),
    (
        lambda: Call.objects.filter(sequence=1).update(previous_digest="0" * 64),
        Break(worker="w1", sequence=1, reason="it names another row before it"),
    ),
    (
        lambda: Call.objects.filter(sequence=3).delete(),
        Break(worker="w1", sequence=4, reason="the row 3 before it is missing"),
    ),
    (
        lambda: Call.objects.filter(sequence=2).update(digest="0" * 64),
        Break(worker="w1", sequence=2, reason="it was changed"),
    ),
]


@pytest.mark.parametrize("read_at_once", [1, 2, 1000])
@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_a_change_is_found(
    change: Callable[[], object],
    expected: Break,
    read_at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chain, "READ_AT_ONCE", read_at_once)
    write("w1", *[row(name) for name in "abcde"])
    change()
    assert verify("w1") == expected
    assert list(verify_all()) == [expected]


def test_verifying_goes_on_behind_a_row_that_is_known_to_be_good() -> None:
    write("w1", *[row(name) for name in "abcd"])
    good = Call.objects.get(sequence=2)
    Call.objects.filter(sequence=1).update(entry="other")
    assert verify("w1", after=(2, good.digest)) is None
    assert verify("w1", after=(2, "0" * 64)) == Break(
        worker="w1", sequence=3, reason="it names another row before it"
    )


def test_the_oldest_row_that_is_kept_is_believed() -> None:
    write("w1", *[row(name) for name in "abcd"])
    Call.objects.filter(sequence__lt=3).delete()
    assert verify("w1") is None


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("%s ' \" \\ \n é 🎈", "%s ' \" \\ \n é 🎈"),
        ("a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        ("a\\u0000b", "a\\u0000b"),
        ("a\ud800b", "a?b"),
    ],
)
def test_no_text_makes_a_row_unwritable(given: str, stored: str) -> None:
    write("w1", row(given))
    assert Call.objects.get().entry == stored
    assert verify("w1") is None


def test_what_is_too_long_for_its_column_is_cut() -> None:
    write("w1", row(revision="x" * 500, entry="y" * 500))
    call = Call.objects.get()
    assert (len(call.revision), len(call.entry)) == (16, 500)
    assert verify("w1") is None


def test_a_time_of_another_zone_is_the_same_time() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    write("w1", row(started_at=WHEN.astimezone(zone)))
    assert Call.objects.get().started_at == WHEN
    assert verify("w1") is None
