"""Tests of mcp_transport.audit.export."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import AsyncRequestFactory, RequestFactory

from mcp_transport.audit import export
from mcp_transport.audit.export import COLUMNS_OF_CALL, exported
from mcp_transport.models import Call
from tests.audit.chains import Chain, row


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "READ_AT_ONCE", 2)


@pytest.mark.django_db
def test_no_more_than_a_page_is_read_before_it_is_sent(
    small_pages: None, django_assert_num_queries: Any
) -> None:
    Chain().write(*[row(str(number)) for number in range(5)])
    request = RequestFactory().get("/")
    response = exported(request, Call.objects.all(), COLUMNS_OF_CALL, form="jsonl", name="calls")
    parts = iter(response)
    with django_assert_num_queries(1):
        assert next(parts) == b""
        assert [json.loads(line)["entry"] for line in next(parts).splitlines()] == ["4", "3"]
    with django_assert_num_queries(3):
        assert len(list(parts)) == 2


@pytest.mark.django_db
def test_rows_that_come_meanwhile_are_left_out(small_pages: None) -> None:
    chain = Chain().write(*[row(str(number)) for number in range(3)])
    request = RequestFactory().get("/")
    response = exported(request, Call.objects.all(), COLUMNS_OF_CALL, form="jsonl", name="calls")
    parts = iter(response)
    next(parts), next(parts)
    chain.write(row("late"))
    assert [json.loads(part)["entry"] for part in parts] == ["0"]


@pytest.mark.django_db(transaction=True)
async def test_under_asgi_the_rows_are_sent_while_they_are_read(small_pages: None) -> None:
    from asgiref.sync import sync_to_async

    await sync_to_async(Chain().write)(*[row(str(number)) for number in range(5)])
    request = AsyncRequestFactory().get("/")
    response = exported(request, Call.objects.all(), COLUMNS_OF_CALL, form="csv", name="calls")
    assert response.is_async
    parts = [part async for part in response]
    assert len(parts) == 4
    assert parts[0].startswith(b"id,worker,sequence,")
    assert b"".join(parts).count(b"\r\n") == 6
