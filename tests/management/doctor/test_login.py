"""Tests of mcp_transport.management.doctor.login."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcp_transport.management.doctor import conversation, login
from mcp_transport.management.doctor.finding import Status
from mcp_transport.management.doctor.visit import Visit
from tests.management.doctor.conftest import Ward
from tests.management.doctor.patient import JSON, WRONG, Receive, Scope, Send, always, changed

METADATA = "/.well-known/oauth-protected-resource/mcp/shop"
SERVER = "/.well-known/oauth-authorization-server"


class Documents:
    """What stands at addresses beside the endpoint."""

    def __init__(self, ward: Ward, visit: Visit) -> None:
        self.origin = visit.own_origin
        self.resource: Any = {"resource": visit.url, "authorization_servers": [self.origin]}
        self.server: Any = {
            "issuer": self.origin,
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "registration_endpoint": f"{self.origin}/register",
            "code_challenge_methods_supported": ["S256"],
        }
        told = f'Bearer realm="x", resource_metadata="{self.origin}{METADATA}"'
        self._patient = changed(
            changed(ward.application, drop=WRONG[0]), add=(b"www-authenticate", told.encode())
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = {METADATA: self.resource, SERVER: self.server}.get(scope["path"])
        if found is not None:
            await always(200, json.dumps(found).encode(), JSON)(scope, receive, send)
        elif "well-known" in scope["path"]:
            await always(404)(scope, receive, send)
        else:
            await self._patient(scope, receive, send)


@pytest.fixture
def documents(ward: Ward, visit: Visit) -> Documents:
    documents = Documents(ward, visit)
    ward.application = documents
    return documents


def follow(visit: Visit) -> list[tuple[Status, str]]:
    """Each step with what it says."""
    steps = (conversation.anonymous, login.resource, login.issuers)
    verdicts = [step(visit) for step in steps]
    return [(verdict.status, f"{verdict.says} {verdict.remedy}") for verdict in verdicts]


def test_a_chain_that_is_whole_leads_to_where_tokens_are_issued(
    visit: Visit, documents: Documents
) -> None:
    assert [status for status, _said in follow(visit)] == [Status.OK] * 3
    assert visit.issuers == [documents.origin]


def test_where_nobody_logs_in_nothing_is_wrong(visit: Visit) -> None:
    found = follow(visit)
    assert [status for status, _said in found] == [Status.OK] * 3
    assert "names no authorization server" in found[1][1]


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        ({"resource": "https://other.example/mcp/shop"}, "MCP_PUBLIC_URL"),
        ({"authorization_servers": []}, "MCP_ISSUERS"),
        ([], "has no metadata"),
    ],
)
def test_metadata_that_leads_nowhere_is_told_with_what_to_do(
    visit: Visit, documents: Documents, resource: Any, says: str
) -> None:
    is_object = isinstance(resource, dict)
    documents.resource = {**documents.resource, **resource} if is_object else resource
    status, said = follow(visit)[1]
    assert status is Status.FAILED
    assert says in said


def test_a_challenge_that_leads_to_another_site_is_told(visit: Visit) -> None:
    visit.challenge = 'Bearer resource_metadata="https://internal.example/.well-known/x"'
    verdict = login.resource(visit)
    assert verdict.status is Status.FAILED
    assert "MCP_PUBLIC_URL" in verdict.remedy


@pytest.mark.parametrize(
    ("server", "status", "says"),
    [
        ({"issuer": "https://other.example"}, Status.FAILED, "there is one of https://other.example"),
        ({"token_endpoint": ""}, Status.FAILED, "no token_endpoint"),
        ({"code_challenge_methods_supported": ["plain"]}, Status.FAILED, "PKCE"),
        ({"code_challenge_methods_supported": None}, Status.FAILED, "PKCE"),
        ({"registration_endpoint": None}, Status.WARNING, "give its users the id"),
        ({"registration_endpoint": None, "client_id_metadata_document_supported": True},
         Status.OK, "can log in"),
    ],
)  # fmt: skip
def test_an_authorization_server_that_lets_nobody_log_in_is_told(
    visit: Visit, documents: Documents, server: Any, status: Status, says: str
) -> None:
    documents.server.update(server)
    assert follow(visit)[2][0] is status
    assert says in follow(visit)[2][1]
