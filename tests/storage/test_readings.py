"""Tests of mcp_transport.storage.readings."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, models
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from mcp_transport.models import EntryOverride, Server
from mcp_transport.storage.readings import Parameter, Reading

pytestmark = pytest.mark.django_db


class Counted:
    """A query that knows how often it was made."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> models.QuerySet[Server]:
        self.count += 1
        return Server.objects.filter(is_enabled=True, slug=Parameter("slug"))


def test_rows_are_what_the_orm_reads_of_them() -> None:
    for slug in ("one", "other"):
        Server.objects.create(slug=slug, title=slug.title(), offers=["good", "slow"])
    reading = Reading(Counted())
    for slug in ("one", "other"):
        (found,) = reading.instances(slug=slug)
        expected = Server.objects.get(slug=slug)
        assert found == expected
        names = [field.attname for field in Server._meta.concrete_fields]
        assert [getattr(found, n) for n in names] == [getattr(expected, n) for n in names]
        assert found.offers == ["good", "slow"]
    assert reading.instances(slug="nobody") == []
    assert reading.instances(slug="one' OR '1'='1") == []


def test_the_query_is_made_once_and_the_rows_are_read_each_time() -> None:
    make = Counted()
    reading = Reading(make)
    reading.rows(slug="main")
    made = make.count
    Server.objects.create(slug="main")
    with CaptureQueriesContext(connection) as captured:
        assert len(reading.rows(slug="main")) == 1
        Server.objects.update(is_enabled=False)
        assert reading.rows(slug="main") == []
    assert len(captured) == 3
    assert make.count == made


def test_a_query_may_take_some_values_and_join() -> None:
    server = Server.objects.create(slug="main")
    for name in ("a", "b"):
        EntryOverride.objects.create(server=server, kind="tool", name=name)
    names = Reading(
        lambda: (
            EntryOverride.objects.filter(server__slug=Parameter("slug"), name=Parameter("name"))
            .order_by("name")
            .values_list("name", "is_enabled", "server__slug")
        )
    )
    assert names.rows(slug="main", name="b") == [("b", True, "main")]
    counts = Reading(
        lambda: EntryOverride.objects.values("kind").annotate(Count("pk")).values_list("pk__count")
    )
    assert counts.rows() == [(2,)]


@pytest.mark.django_db(transaction=True)
def test_each_thread_reads_over_its_own_connection() -> None:
    Server.objects.create(slug="main")
    reading = Reading(Counted())
    found: list[Any] = []

    def read() -> None:
        found.append(reading.instances(slug="main"))
        connection.close()

    for _ in range(2):
        thread = threading.Thread(target=read)
        thread.start()
        thread.join(30)
    assert [len(rows) for rows in found] == [1, 1]
    assert len(reading.instances(slug="main")) == 1
