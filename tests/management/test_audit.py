"""Tests of ``manage.py mcp audit``."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from mcp_transport.models import Call
from tests.audit.chains import Chain, row

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def chains() -> None:
    Chain("w1").write(row(), row()).vouch().write(row())
    Chain("w2").write(row()).vouch()


def test_a_whole_record_is_told_of_by_process(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("mcp", "audit", "verify")
    heads, first, second = capsys.readouterr().out.splitlines()
    assert heads.split()[:4] == ["WORKER", "ROWS", "FIRST", "LAST"]
    assert first.split() == ["w1", "3", "1", "3", "1", "up", "to", "2", "-"]
    assert second.split() == ["w2", "1", "1", "1", "1", "up", "to", "1", "-"]


def test_a_broken_chain_fails_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    Call.objects.filter(worker="w1", sequence=2).update(entry="other")
    with pytest.raises(CommandError, match="1 of 2 chains are broken") as raised:
        call_command("mcp", "audit", "verify")
    assert raised.value.returncode == 1
    assert "at 2: it was changed" in capsys.readouterr().out


def test_one_chain_can_be_verified_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Call.objects.filter(worker="w1", sequence=2).update(entry="other")
    call_command("mcp", "audit", "verify", "w2", "--json")
    assert json.loads(capsys.readouterr().out) == [
        {
            "worker": "w2",
            "rows": 1,
            "first": 1,
            "last": 1,
            "checkpoints": 1,
            "vouched_for": 1,
            "broken": None,
        }
    ]


def test_a_chain_that_is_not_there_is_no_whole_one() -> None:
    with pytest.raises(CommandError, match=r"Nothing is recorded of 'w3'; .* lists every chain"):
        call_command("mcp", "audit", "verify", "w1", "w3")


def test_a_break_is_an_object_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    Call.objects.filter(worker="w1", sequence=2).delete()
    with pytest.raises(CommandError):
        call_command("mcp", "audit", "verify", "--json")
    first, _second = json.loads(capsys.readouterr().out)
    assert first["broken"] == {"sequence": 3, "reason": "row 2 is missing before it"}
