"""Rows in the form each database takes."""

from __future__ import annotations

import datetime
import decimal
import uuid
import zoneinfo
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.db import (
    IntegrityError,
    NotSupportedError,
    connection,
    connections,
    models,
    transaction,
)

from mcp_transport.models import Event, Inbox, Server, Session, Stream
from mcp_transport.storage.statements import Statement, Update, insert

pytestmark = pytest.mark.django_db

WHEN = datetime.datetime(2026, 7, 28, 12, 30, 1, 250, tzinfo=datetime.UTC)
INBOX = ("worker", "session", "kind", "key", "payload", "created_at")


def execute(statement: Statement, *rows: tuple[Any, ...], is_repeated: bool = False) -> None:
    with transaction.atomic():
        statement.execute(connection, rows, is_repeated=is_repeated)


def inbox_row(payload: Any = None, created_at: datetime.datetime = WHEN) -> tuple[Any, ...]:
    return "w1", "s1", "answer", "k", payload, created_at


@pytest.fixture
def stream(server: Server) -> Stream:
    session = Session.objects.create(id="s" * 43, server=server, owner="user:1", last_seen_at=WHEN)
    return Stream.objects.create(id="t" * 22, session=session, worker="w1", opened_at=WHEN)


def test_plain_sql_is_executed_for_every_row(owner: User) -> None:
    execute(Statement("UPDATE auth_user SET first_name = %s WHERE id = %s"), ("Ada", owner.pk))
    owner.refresh_from_db()
    assert owner.first_name == "Ada"


@pytest.mark.parametrize("payload", [{"action": "accept", "n": [1, 2.5, None]}, [], "text %s", 3])
def test_json_comes_back_as_it_was(payload: Any) -> None:
    execute(insert(Inbox, *INBOX), inbox_row(payload))
    assert Inbox.objects.get().payload == payload


def test_encoded_json_is_taken_as_it_is() -> None:
    execute(insert(Inbox, *INBOX), inbox_row(msgspec.Raw(b'{"a":1}')))
    assert Inbox.objects.get().payload == {"a": 1}


@pytest.mark.parametrize(
    "when",
    [
        WHEN,
        WHEN.replace(microsecond=0),
        WHEN.astimezone(datetime.timezone(datetime.timedelta(hours=2))),
    ],
)
def test_a_time_comes_back_as_it_was(when: datetime.datetime) -> None:
    execute(insert(Inbox, *INBOX), inbox_row({}, when))
    assert Inbox.objects.get().created_at == when
    assert Inbox.objects.filter(created_at=when).exists()


def test_a_time_is_stored_as_django_stores_it() -> None:
    execute(insert(Inbox, *INBOX), inbox_row({}))
    Inbox.objects.create(
        worker="w1", session="s1", kind="answer", key="k", payload={}, created_at=WHEN
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT created_at FROM mcp_transport_inbox")
        by_hand, by_django = cursor.fetchall()
    assert by_hand == by_django


def test_text_with_marks_of_every_kind_comes_back(stream: Stream) -> None:
    data = "%s ' \" \\ \n é 🎈 {}"
    execute(insert(Event, "stream", "sequence", "data", "created_at"), (stream.pk, 1, data, WHEN))
    assert Event.objects.get().data == data


def test_a_nul_which_not_every_database_keeps_stops_no_row(stream: Stream) -> None:
    text, kept = "a\x00b \\u0000", ("a\x00b \\u0000", "a\ufffdb \\u0000")
    execute(insert(Inbox, *INBOX), ("w1", "s1", "answer", text, {text: [text]}, WHEN))
    execute(Update(Stream, "method", "call"), (text, {text: [text]}, stream.pk))
    stream.refresh_from_db()
    row = Inbox.objects.get()
    for found, payload in ((row.key, row.payload), (stream.method, stream.call)):
        assert found == kept[connection.vendor == "postgresql"]
        assert payload == {found: [found]}


def test_without_names_every_column_but_the_key_is_in_the_row() -> None:
    names = [field.name for field in insert(Inbox).fields]
    assert names == [field.name for field in Inbox._meta.concrete_fields if field.name != "id"]


def test_a_row_that_is_there_is_refused(stream: Stream) -> None:
    statement = insert(Event, "stream", "sequence", "data", "created_at")
    execute(statement, (stream.pk, 1, "a", WHEN))
    with pytest.raises(IntegrityError):
        execute(statement, (stream.pk, 1, "b", WHEN))


def test_a_row_that_is_there_is_passed_over_when_it_is_repeated(stream: Stream) -> None:
    statement = insert(Event, "stream", "sequence", "data", "created_at")
    execute(statement, (stream.pk, 1, "a", WHEN))
    execute(statement, (stream.pk, 1, "a", WHEN), (stream.pk, 2, "b", WHEN), is_repeated=True)
    assert list(Event.objects.order_by("sequence").values_list("data", flat=True)) == ["a", "b"]


def test_fields_of_a_row_are_set_by_its_key(stream: Stream) -> None:
    execute(Update(Stream, "closed_at", "call"), (WHEN, {"tool": "echo"}, stream.pk))
    stream.refresh_from_db()
    assert (stream.closed_at, stream.call) == (WHEN, {"tool": "echo"})


@pytest.mark.parametrize("count", [1, 3, 64, 65, 128, 700])
def test_any_number_of_rows_goes_down_in_order(count: int) -> None:
    statement = insert(Inbox, *INBOX)
    rows = [inbox_row(number) for number in range(count)]
    execute(statement, *rows)
    assert list(Inbox.objects.order_by("pk").values_list("payload", flat=True)) == [*range(count)]
    is_one_command = connection.vendor == "postgresql" or count in (1, 3, 64, 128)
    assert statement.is_one_command(connection, rows) is is_one_command


def test_a_name_that_is_no_column_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Server\.sessions is not a column"):
        insert(Server, "slug", "sessions")


def test_a_database_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"], "vendor", "oracle")
    with pytest.raises(NotSupportedError, match="oracle; rows can be written to SQLite and"):
        execute(insert(Inbox, *INBOX), inbox_row({}))


class Odd(models.Model):
    """A model whose values the databases take in forms of their own."""

    id = models.UUIDField(primary_key=True)
    price = models.DecimalField(max_digits=9, decimal_places=2)
    until = models.DateTimeField(null=True)

    class Meta:
        app_label = "odd"
        managed = False

    def __str__(self) -> str:
        return str(self.id)


@pytest.mark.django_db(transaction=True)
def test_a_field_with_a_form_of_its_own_is_prepared() -> None:
    row = uuid.uuid4(), decimal.Decimal("1.50"), None
    with connection.schema_editor() as editor:
        editor.create_model(Odd)
    try:
        execute(insert(Odd), row)
        assert Odd._default_manager.values_list().get() == row
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Odd)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps the zone itself")
def test_times_follow_a_database_with_a_zone_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = zoneinfo.ZoneInfo("Asia/Tokyo")
    monkeypatch.setitem(connections["default"].__dict__, "timezone", zone)
    execute(insert(Inbox, *INBOX), inbox_row({}, WHEN.astimezone(zone)))
    assert Inbox.objects.get().created_at == WHEN
