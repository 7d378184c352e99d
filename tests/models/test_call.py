"""Tests of mcp_transport.models.call."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from mcp_transport.models import Call


def a_call(**members: Any) -> Call:
    """An unsaved call."""
    required: dict[str, Any] = {"worker": "w", "sequence": 1, "duration_us": 5, "server": "main"}
    return Call(**{**required, "started_at": timezone.now(), "method": "tools/call", **members})


def test_a_call_is_shown_by_what_was_called() -> None:
    assert str(a_call(entry="pay")) == "tools/call pay"
    assert str(a_call(method="ping")) == "ping"


@pytest.mark.django_db
def test_a_number_of_a_worker_is_given_once() -> None:
    a_call().save()
    a_call(worker="v").save()
    with pytest.raises(IntegrityError):
        a_call().save()
