"""Tests of mcp_transport.audit.words, and of mcp_transport.audit.search over it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from mcp_transport.admin.looking import look
from mcp_transport.audit import search, words
from mcp_transport.audit.rollups import DISORDER
from mcp_transport.audit.search import answering, matching
from mcp_transport.audit.words import forget, step, words_of
from mcp_transport.models import Call, SearchProgress
from tests.audit.called import NOW, call

pytestmark = pytest.mark.django_db
LIMIT = 30.0  # seconds


def take_in() -> int:
    """Index all calls, as worker processes do within a minute."""
    return sum(step(NOW + number * DISORDER) for number in range(3))


def found(text: str) -> list[int]:
    """The calls that say a text, the newest first; the page and the whole have to agree."""
    keys = list(matching(Call.objects.all(), text).order_by("-pk").values_list("pk", flat=True))
    answer = answering(Call.objects.all(), text)
    assert answer is None or answer.keys(None, limit=9) == keys
    return keys


def unread(row: Call) -> None:
    """Change what a row says, so that only the index still knows what it said."""
    Call.objects.filter(pk=row.pk).update(
        **dict.fromkeys(words.COLUMNS, "x"),
    )


def test_words_are_taken_apart_in_small_letters() -> None:
    assert words_of('{"Title": "Sold-OUT_now"}', "now ÉTÉ") == [
        "title", "sold", "out", "now", "été",
    ]  # fmt: skip
    assert words_of("x" * 100) == ["x" * words.LONGEST_WORD]


def test_every_word_is_found_by_its_beginning_over_all_that_is_indexed() -> None:
    first = call(error="The book is sold out.", arguments='{"isbn": "978"}')
    second = call(error="The BOOKS are late.")
    assert take_in() == 2
    for row in (first, second):
        unread(row)
    assert found("book") == [second.pk, first.pk]
    assert found("boo 97") == [first.pk]
    assert found("books out") == []


@pytest.mark.parametrize("text", ["order_42", "order-42", '"order" (42)', "ORDER, 42!", "ord 4"])
def test_signs_between_words_do_not_matter(text: str) -> None:
    row = call(error="order 42")
    take_in()
    unread(row)
    assert found(text) == [row.pk]


@pytest.mark.parametrize(
    "text", ["'", '"', "''", "a' OR 1", 'a"', "a*", "NOT", "a AND", "(", "&", "a:*|b", "\\", "%", "^a", "-", "\x1f"]
)  # fmt: skip
def test_whatever_is_typed_is_no_syntax(text: str) -> None:
    row = call(error="nothing of it")
    take_in()
    unread(row)
    assert found(text) in ([], [row.pk])


def test_calls_are_found_by_their_identifiers() -> None:
    call()
    row = call(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", request_id='"req-1234567"')
    take_in()
    for text in (row.trace_id, "req-1234567", '"req-1234567"', str(row.pk)):
        assert row.pk in found(text)
    assert found(row.trace_id) == [row.pk]


def test_calls_that_are_too_new_for_the_index_are_found_too() -> None:
    old = call(error="sold out")
    take_in()
    unread(old)
    new = call(error="sold out again", request_id='"abc"')
    assert found("sold") == [new.pk, old.pk]
    assert found("abc") == [new.pk]


def test_a_row_may_be_committed_after_a_later_one() -> None:
    call()
    step(NOW)
    assert not step(NOW + DISORDER / 2)
    assert step(NOW + DISORDER) == 1
    assert not step(NOW + DISORDER)


@pytest.mark.django_db(transaction=True)
def test_whoever_cannot_wait_waits_for_those_who_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call with the lower key is committed after somebody has asked to go on behind it."""
    monkeypatch.setattr(words, "LOCK_WAIT", 10_000)
    written, may_commit = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                call()
                written.set()
                assert may_commit.wait(LIMIT)
        finally:
            connection.close()

    writing = threading.Thread(target=write)
    writing.start()
    assert written.wait(LIMIT)
    threading.Timer(0.1, may_commit.set).start()
    assert words.settle()
    writing.join(LIMIT)
    assert (words.left(), step(), words.left()) == (1, 1, 0)


def test_work_is_done_in_bounded_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "BATCH", 2)
    for _ in range(5):
        call()
    step(NOW)
    assert [step(NOW + DISORDER, budget=0) for _ in range(4)] == [2, 2, 1, 0]


def test_an_index_that_is_far_behind_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    row = call(error="sold out")
    take_in()
    monkeypatch.setattr(search, "FARTHEST", 0)
    assert answering(Call.objects.all(), "sold") is not None
    call()
    assert answering(Call.objects.all(), "sold") is None
    assert found("sold") == [row.pk]


def test_a_database_without_the_index_reads_the_record() -> None:
    row = call(error="sold out")
    take_in()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE mcp_call_words")
    assert found("sold") == [row.pk]
    assert step(NOW + timedelta(hours=1)) == 0
    forget([row.pk])


def test_calls_that_are_deleted_leave_the_index() -> None:
    row, other = call(error="sold out"), call(error="sold")
    take_in()
    forget([row.pk])
    assert words.keys("default", ["sold"], beyond=None, is_back=False, limit=9) == [other.pk]


def test_pages_go_on_behind_the_rows_that_the_index_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from django.http import QueryDict

    wanted = call(error="sold out", username="bob")
    for _ in range(9):
        call(error="sold out")
    take_in()
    monkeypatch.setattr("mcp_transport.admin.looking.FEW_KEYS", 2)
    monkeypatch.setattr("mcp_transport.admin.looking.MOST_KEYS", 4)
    rows, query, steps = Call.objects.filter(username="bob"), "", 0
    while not (sight := look(rows, QueryDict(query), newest=0, text="sold")).rows:
        query, steps = sight.further[1:], steps + 1
    assert (sight.rows, steps) == ([wanted], 2)


def test_pages_lead_back_and_forth() -> None:
    from django.http import QueryDict

    rows = [call(error="sold out") for _ in range(120)]
    take_in()
    keys = [row.pk for row in reversed(rows)]
    first = look(Call.objects.all(), QueryDict(), newest=0, text="sold")
    older = look(Call.objects.all(), QueryDict(first.older[1:]), newest=0, text="sold")
    newer = look(Call.objects.all(), QueryDict(older.newer[1:]), newest=0, text="sold")
    assert [row.pk for row in older.rows] == keys[50:100]
    assert [row.pk for row in newer.rows] == keys[:50]


def test_progress_tells_how_far_it_is() -> None:
    row = call()
    take_in()
    assert str(SearchProgress.objects.get()) == f"up to {row.pk}"
