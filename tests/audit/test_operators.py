"""Tests of mcp_transport.audit.operators."""

from __future__ import annotations

import getpass
import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from mcp_transport.audit.chain import OPERATORS
from mcp_transport.audit.checkpoints import sign
from mcp_transport.audit.operators import (
    Operator,
    Subject,
    operator_at_terminal,
    operator_of,
    record_action,
    record_actions,
    recorded,
    subject_of,
)
from mcp_transport.audit.retention import delete_old_actions, seal_operators_actions
from mcp_transport.audit.verification import verify, verify_all
from mcp_transport.models import AuditCheckpoint, OperatorAction, Server, Session, Token

ADA = Operator(way="api", username="ada", user_id=7, address="10.0.0.9", request_id="r-1")
LAMP = Subject(kind="lamp", id="3", name="Lamp")


def test_who_sent_a_request_is_known_by_name_address_and_request_id(owner: User) -> None:
    request = RequestFactory().post("/", REMOTE_ADDR="10.0.0.9", headers={"x-request-id": "r-1"})
    request.user = owner
    by = operator_of(request)
    assert (by.way, by.username, by.user_id) == ("admin", "ada", owner.pk)
    assert (by.address, by.request_id) == ("10.0.0.9", "r-1")


def test_who_runs_a_command_is_known_to_the_operating_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    assert operator_at_terminal() == Operator(way="command", username="grace")


def test_a_user_of_the_system_without_a_name_may_act_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert operator_at_terminal().username == "unknown"


@pytest.mark.django_db
def test_an_action_outlives_whom_and_what_it_names(server: Server) -> None:
    kept = record_action(ADA, "delete", server, changes={"title": ["Main", None]})
    key = str(server.pk)
    server.delete()
    kept.refresh_from_db()
    assert (kept.username, kept.user_id, kept.way) == ("ada", 7, "api")
    assert (kept.action, kept.kind, kept.object_id, kept.object_name) == (
        "delete",
        "server",
        key,
        "Main",
    )
    assert (kept.outcome, kept.address, kept.request_id) == ("done", "10.0.0.9", "r-1")
    assert kept.difference == {"title": ["Main", None]}
    assert str(kept) == "ada delete server Main"


@pytest.mark.django_db
def test_the_id_of_a_session_is_not_kept_whole(server: Server) -> None:
    session = Session.objects.create(server=server, owner="x", last_seen_at=timezone.now())
    assert subject_of(session).id == session.pk[:8]
    record_action(ADA, "close", session)
    row = OperatorAction.objects.values().get()
    assert session.pk not in repr(row)


@pytest.mark.django_db
def test_a_change_is_kept_with_what_it_changed(server: Server) -> None:
    with recorded(ADA, "change", server):
        server.title = "Other"
        server.save()
    kept = OperatorAction.objects.get()
    assert kept.difference == {"title": ["Main", "Other"]}
    assert kept.object_name == "Other"


@pytest.mark.django_db
def test_a_new_row_and_a_deleted_one_are_kept_with_key_and_name() -> None:
    server = Server(slug="new")
    with recorded(ADA, "add", server):
        server.save()
    key = str(server.pk)
    with recorded(ADA, "delete", server):
        server.delete()
    deleted, added = OperatorAction.objects.all()
    assert (added.object_id, added.object_name) == (key, "new")
    assert (deleted.object_id, deleted.object_name) == (key, "new")
    assert added.difference["slug"] == [None, "new"]
    assert deleted.difference["slug"] == ["new", None]


@pytest.mark.django_db
def test_nothing_is_kept_of_a_change_that_fails(server: Server) -> None:
    with pytest.raises(ZeroDivisionError), recorded(ADA, "change", server):
        server.title = "Other"
        server.save()
        raise ZeroDivisionError
    server.refresh_from_db()
    assert server.title == "Main"
    assert not OperatorAction.objects.exists()


@pytest.mark.django_db
def test_what_is_too_long_is_cut_and_no_text_makes_a_row_unwritable() -> None:
    by = Operator(way="api", username="a" * 500, address="b" * 500, request_id="c" * 500)
    kept = record_action(by, "d" * 50, Subject(kind="e" * 99, id="f" * 999, name="nul \0 \ud800"))
    kept.refresh_from_db()
    lengths = [len(kept.username), len(kept.address), len(kept.request_id), len(kept.action)]
    assert lengths == [200, 64, 128, 32]
    assert kept.object_name == "nul \N{REPLACEMENT CHARACTER} ?"
    assert verify(OPERATORS).broken is None


@pytest.mark.django_db
def test_the_actions_are_one_chain() -> None:
    record_actions(ADA, "close", [(LAMP, {}), (LAMP, {})])
    record_action(ADA, "open", LAMP, outcome="denied")
    report = verify(OPERATORS)
    assert (report.rows, report.first, report.last, report.broken) == (3, 1, 3, None)
    assert [found.worker for found in verify_all()] == [OPERATORS]


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["username", "action", "changes", "outcome", "object_id"])
def test_a_changed_action_shows(field: str) -> None:
    record_actions(ADA, "close", [(LAMP, {}), (LAMP, {})])
    OperatorAction.objects.filter(sequence=1).update(**{field: "other"})
    broken = verify(OPERATORS).broken
    assert broken and (broken.sequence, broken.reason) == (1, "it was changed")


@pytest.mark.django_db
def test_an_action_that_was_taken_out_shows() -> None:
    record_actions(ADA, "close", [(LAMP, {})] * 3)
    assert seal_operators_actions() == 1
    OperatorAction.objects.filter(sequence=3).delete()
    broken = verify(OPERATORS).broken
    assert broken and broken.reason == "row 3 is missing at the end"


@pytest.mark.django_db
def test_old_actions_are_deleted_up_to_a_checkpoint_and_the_chain_goes_on(
    settings: Settings,
) -> None:
    settings.MCP_OPERATOR_ACTION_LIFETIME_DAYS = 10
    record_actions(ADA, "close", [(LAMP, {})] * 2)
    assert delete_old_actions() == 0
    seal_operators_actions()
    checkpoint = AuditCheckpoint.objects.get()
    checkpoint.created_at = timezone.now() - timedelta(days=11)
    sign(checkpoint)
    checkpoint.save()
    assert delete_old_actions() == 2
    assert record_action(ADA, "open", LAMP).sequence == 3
    assert verify(OPERATORS).broken is None
    settings.MCP_OPERATOR_ACTION_LIFETIME_DAYS = None
    assert delete_old_actions() == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_act_at_once_write_two_rows() -> None:
    barrier = threading.Barrier(2, timeout=30)
    failures: list[BaseException] = []

    def act() -> None:
        barrier.wait()
        try:
            with transaction.atomic():
                record_action(ADA, "close", LAMP)
        except BaseException as error:  # noqa: BLE001 - it belongs to the test, not to the thread
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert failures == []
    assert verify(OPERATORS).rows == 2


@pytest.mark.django_db
def test_a_token_is_kept_without_what_it_is_recognised_by(owner: User) -> None:
    token, value = Token.objects.issue(owner=owner, name="laptop")
    with recorded(ADA, "change", token):
        token.name = "desk"
        token.renew()
        token.save()
    kept = repr(OperatorAction.objects.values().get())
    assert token.digest not in kept
    assert value not in kept
