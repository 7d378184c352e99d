"""Call rows as a chain."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from mcp_transport.audit.chain import START, ChainedInsert, newest, walk
from mcp_transport.models import AuditCheckpoint, Call
from mcp_transport.storage.statements import Row
from tests.audit.chains import WHEN, Chain, execute, row

pytestmark = pytest.mark.django_db


def write(worker: str, *rows: Row) -> None:
    Chain(worker).write(*rows)


def sequences(worker: str = "w1") -> list[int]:
    calls = Call.objects.filter(worker=worker).order_by("sequence")
    return list(calls.values_list("sequence", flat=True))


def faults(worker: str = "w1") -> list[str]:
    return [fault for _, fault in walk(worker, START) if fault]


def test_each_row_names_the_digest_of_the_one_before() -> None:
    write("w1", row("a"), row("b"), row("c"))
    first, second, third = Call.objects.order_by("sequence")
    assert (first.sequence, first.previous_digest) == (1, "")
    assert (second.previous_digest, third.previous_digest) == (first.digest, second.digest)
    assert len({first.digest, second.digest, third.digest}) == 3
    assert faults() == []


def test_the_chain_goes_on_where_it_was_left() -> None:
    statement = ChainedInsert("w1")
    for name in "abc":
        execute(statement, row(name), row(name))
        statement.committed()
    write("w1", row("d"))
    assert sequences() == [1, 2, 3, 4, 5, 6, 7]
    assert faults() == []


def test_worker_processes_have_chains_of_their_own() -> None:
    write("w1", row(), row())
    write("w2", row())
    assert (sequences("w1"), sequences("w2")) == ([1, 2], [1])
    assert faults("w1") + faults("w2") == []


def test_several_runs_in_one_transaction_are_one_chain() -> None:
    statement = ChainedInsert("w1")
    with transaction.atomic():
        for name in "ab":
            statement.execute(connection, [row(name)], is_repeated=False)
    statement.committed()
    assert faults() == []
    assert sequences() == [1, 2]


def test_rows_that_were_rolled_back_leave_no_gap() -> None:
    statement = ChainedInsert("w1")
    with pytest.raises(IntegrityError):
        execute(statement, row("a"), row("b", result_bytes=None))
    statement.rolled_back()
    execute(statement, row("a"))
    statement.committed()
    assert sequences() == [1]
    assert faults() == []


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
    assert faults() == []


def test_the_head_is_read_again_when_a_batch_was_given_up() -> None:
    statement = ChainedInsert("w1")
    execute(statement, row("a"))
    statement.committed()
    execute(statement, row("b"))
    statement.rolled_back()
    execute(statement, row("c"))
    assert sequences() == [1, 2, 3]
    assert faults() == []


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
    assert faults() == []


def test_a_chain_goes_on_behind_its_checkpoint_when_its_rows_are_gone() -> None:
    write("w1", row("a"), row("b"))
    digest = Call.objects.get(sequence=2).digest
    assert newest("w1") == (2, digest)
    AuditCheckpoint.objects.create(
        worker="w1", sequence=2, digest=digest, created_at=WHEN, is_cut=True
    )
    Call.objects.all().delete()
    write("w1", row("c"))
    call = Call.objects.get()
    assert (call.sequence, call.previous_digest) == (3, digest)
