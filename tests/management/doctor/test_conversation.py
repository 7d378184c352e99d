"""Tests of mcp_transport.management.doctor.conversation."""

from __future__ import annotations

import pytest

from mcp_transport.management.doctor import conversation
from mcp_transport.management.doctor.finding import Status, Verdict
from mcp_transport.management.doctor.visit import Visit
from tests.management.doctor.conftest import Ward
from tests.management.doctor.patient import RESULTS, Patient, always, changed

NO_METHOD = b'{"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "No such method."}}'


def failure(verdict: Verdict) -> str:
    """What has failed, and how to mend it."""
    assert verdict.status is Status.FAILED
    assert verdict.remedy
    return f"{verdict.says} {verdict.remedy}"


def test_whoever_has_no_token_is_told_that_one_is_needed(visit: Visit) -> None:
    assert conversation.anonymous(visit).status is Status.OK


def test_an_open_server_is_pointed_out(visit: Visit, patient: Patient) -> None:
    patient.is_open = True
    assert conversation.anonymous(visit).status is Status.WARNING
    visit.token = ""
    assert conversation.token(visit).says == "none is needed"


def test_a_challenge_that_is_lost_has_failed(visit: Visit, ward: Ward) -> None:
    ward.application = changed(ward.application, drop=b"www-authenticate")
    assert "Let the proxy keep the header" in failure(conversation.anonymous(visit))


def test_another_status_than_401_has_failed(visit: Visit, ward: Ward) -> None:
    ward.application = always(403)
    assert "status 403" in failure(conversation.anonymous(visit))


def test_a_good_token_is_good(visit: Visit) -> None:
    assert conversation.token(visit).status is Status.OK


def test_without_a_token_it_is_said_how_to_give_one(visit: Visit) -> None:
    visit.token = ""
    verdict = conversation.token(visit)
    assert verdict.status is Status.SKIPPED
    assert "MCP_TOKEN" in verdict.remedy


def test_a_bad_token_is_not_repeated(visit: Visit) -> None:
    visit.token = "mcp_bad"
    said = failure(conversation.token(visit))
    assert "mcp token create" in said
    assert "mcp_bad" not in said


def test_a_token_that_does_not_arrive_is_told_from_a_bad_one(visit: Visit, ward: Ward) -> None:
    ward.application = changed(ward.application, hide=b"authorization")
    assert "the token does not arrive" in failure(conversation.token(visit))


@pytest.mark.parametrize(("status", "remedy"), [(403, "the permission"), (503, "database")])
def test_why_a_good_token_does_not_open_is_explained(
    visit: Visit, ward: Ward, status: int, remedy: str
) -> None:
    ward.application = always(status)
    assert remedy in failure(conversation.token(visit))


def test_the_revisions_are_told(visit: Visit) -> None:
    assert conversation.discover(visit).says == "revisions 2026-07-28"


def test_a_server_without_the_stateless_revision_has_failed(visit: Visit, ward: Ward) -> None:
    ward.application = always(200, NO_METHOD)
    assert "No such method." in failure(conversation.discover(visit))


def test_a_session_goes_on_and_ends(visit: Visit) -> None:
    assert conversation.handshake(visit).status is Status.OK
    assert conversation.session(visit).status is Status.OK


def test_a_handshake_that_is_refused_has_failed(visit: Visit, ward: Ward) -> None:
    ward.application = always(200, NO_METHOD)
    assert "initialize gets" in failure(conversation.handshake(visit))


def test_a_session_id_that_is_lost_has_failed(visit: Visit, ward: Ward) -> None:
    ward.application = changed(ward.application, drop=b"mcp-session-id")
    assert "no Mcp-Session-Id" in failure(conversation.handshake(visit))


def test_a_session_that_does_not_begin_has_failed(
    visit: Visit, ward: Ward, patient: Patient
) -> None:
    ward.application = changed(
        patient,
        when=lambda scope: any(name == b"mcp-session-id" for name, _ in scope["headers"]),
        instead=always(404),
    )
    assert "notifications/initialized gets" in failure(conversation.handshake(visit))


def test_a_session_that_another_process_does_not_know_has_failed(
    visit: Visit, patient: Patient
) -> None:
    conversation.handshake(visit)
    patient.sessions.clear()
    assert "share one database" in failure(conversation.session(visit))


def test_a_proxy_that_refuses_delete_has_failed(visit: Visit, ward: Ward, patient: Patient) -> None:
    ward.application = changed(
        patient, when=lambda scope: scope["method"] == "DELETE", instead=always(405)
    )
    conversation.handshake(visit)
    assert "DELETE gets status 405" in failure(conversation.session(visit))


def test_a_session_that_does_not_end_has_failed(visit: Visit, ward: Ward, patient: Patient) -> None:
    ward.application = changed(
        patient, when=lambda scope: scope["method"] == "DELETE", instead=always(204, b"")
    )
    conversation.handshake(visit)
    assert "a session that was ended" in failure(conversation.session(visit))


def test_tools_are_counted_over_all_pages(visit: Visit, patient: Patient) -> None:
    assert conversation.tools(visit).says == "2 tools, echo the first"
    patient.pages = [["echo"]]
    assert conversation.tools(visit).says == "1 tool, echo"


def test_a_token_that_covers_no_tool_is_pointed_out(visit: Visit, patient: Patient) -> None:
    patient.pages = [[]]
    assert conversation.tools(visit).status is Status.WARNING


def test_a_server_may_offer_no_tools_at_all(visit: Visit, ward: Ward) -> None:
    ward.application = always(200, NO_METHOD)
    assert conversation.tools(visit).says == "offers no tools"


def test_a_list_that_fails_or_has_no_end_has_failed(
    visit: Visit, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "MAX_PAGES", 1)
    assert "does not end after 1 pages" in failure(conversation.tools(visit))
    ward.application = always(500)
    assert "tools/list gets status 500" in failure(conversation.tools(visit))


def test_revisions_that_are_none_have_failed(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RESULTS, "server/discover", {"supportedVersions": "all"})
    assert "server/discover gets status 200" in failure(conversation.discover(visit))
