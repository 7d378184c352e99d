"""Tests of mcp_transport.management.doctor.endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.management.doctor import endpoint
from mcp_transport.management.doctor.finding import Status
from mcp_transport.management.doctor.visit import Visit
from tests.management.doctor.conftest import Ward
from tests.management.doctor.patient import LOG_IN, Patient, always, changed


def test_an_endpoint_that_answers_is_there(visit: Visit) -> None:
    assert endpoint.path(visit).status is Status.OK
    assert visit.first is not None


def test_an_endpoint_that_asks_for_a_login_is_there(visit: Visit, ward: Ward) -> None:
    ward.application = always(401, b"log in", LOG_IN)
    assert endpoint.path(visit).status is Status.OK


@pytest.mark.parametrize(
    ("location", "says", "remedy"),
    [
        ("/mcp/shop/", "POST is redirected to http://127.0.0.1", "adds or removes a slash"),
        ("/login?next=secret", "/login", "asks browsers to log in"),
        ("https://127.0.0.1/mcp/shop", "https://127.0.0.1/mcp/shop", "Give clients the address"),
    ],
)
def test_a_post_that_is_redirected_has_failed(
    visit: Visit, ward: Ward, location: str, says: str, remedy: str
) -> None:
    ward.application = always(301, b"", (b"location", location.encode()))
    verdict = endpoint.path(visit)
    assert verdict.status is Status.FAILED
    assert says in verdict.says
    assert "secret" not in verdict.says
    assert remedy in verdict.remedy


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(404, "Something else answers here"), (200, "Something else"), (502, "Start the site")],
)
def test_what_is_no_endpoint_is_told_apart(
    visit: Visit, ward: Ward, status: int, remedy: str
) -> None:
    ward.application = always(status)
    verdict = endpoint.path(visit)
    assert verdict.status is Status.FAILED
    assert remedy in verdict.remedy


@pytest.mark.parametrize(
    ("status", "message", "remedy"),
    [
        (404, "There is no server 'shop' here.", "mcp servers"),
        (403, "Host 'x' is not served here.", "proxy_set_header Host"),
    ],
)
def test_what_the_endpoint_refuses_is_explained(
    visit: Visit, ward: Ward, status: int, message: str, remedy: str
) -> None:
    body = f'{{"jsonrpc": "2.0", "id": null, "error": {{"code": 1, "message": "{message}"}}}}'
    ward.application = always(status, body.encode())
    verdict = endpoint.path(visit)
    assert verdict.status is Status.FAILED
    assert message in verdict.says
    assert remedy in verdict.remedy


def test_the_other_form_of_the_path_answers_too(visit: Visit) -> None:
    assert endpoint.slash(visit).says == "/mcp/shop/ answers, too"
    visit.url += "/"
    assert endpoint.slash(visit).says == "/mcp/shop answers, too"


def test_a_slash_that_is_redirected_is_pointed_out(visit: Visit, ward: Ward) -> None:
    ward.application = changed(
        ward.application,
        when=lambda scope: scope["path"].endswith("/"),
        instead=always(301, b"", (b"location", b"/mcp/shop")),
    )
    assert endpoint.slash(visit).status is Status.WARNING


def test_a_foreign_host_is_refused(visit: Visit) -> None:
    assert endpoint.host(visit).status is Status.OK


def test_an_endpoint_under_every_host_name_has_failed(visit: Visit, ward: Ward) -> None:
    ward.application = changed(ward.application, hide=b"host")
    verdict = endpoint.host(visit)
    assert verdict.status is Status.FAILED
    assert "ALLOWED_HOSTS" in verdict.remedy


def test_a_foreign_host_may_reach_another_site(visit: Visit, ward: Ward) -> None:
    ward.application = always(200)
    assert endpoint.host(visit).status is Status.OK


def test_a_foreign_host_may_be_cut_off(visit: Visit, ward: Ward) -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [LONGER]})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        raise RuntimeError

    ward.application = silent
    assert endpoint.host(visit).says == "a foreign Host is cut off"


LONGER = (b"content-length", b"100")


def test_a_foreign_origin_is_refused(visit: Visit, ward: Ward) -> None:
    assert endpoint.origin(visit).status is Status.OK
    ward.application = changed(ward.application, hide=b"origin")
    assert endpoint.origin(visit).status is Status.FAILED


@pytest.mark.parametrize("origin", ["", "https://app.example"])
def test_a_page_that_may_call_is_told_so(visit: Visit, origin: str) -> None:
    visit.origin = origin
    assert endpoint.cors(visit).says == f"pages of {origin or visit.own_origin} may call"


def test_a_page_that_may_not_call_has_failed(visit: Visit) -> None:
    visit.origin = "https://other.example"
    verdict = endpoint.cors(visit)
    assert verdict.status is Status.FAILED
    assert "MCP_ALLOWED_ORIGINS" in verdict.remedy


@pytest.mark.parametrize(
    ("dropped", "says"),
    [
        (b"access-control-allow-origin", "does not allow"),
        (b"access-control-allow-headers", "may not send authorization, content-type"),
    ],
)
def test_a_preflight_that_something_else_answers_has_failed(
    visit: Visit, ward: Ward, patient: Patient, dropped: bytes, says: str
) -> None:
    ward.application = changed(patient, drop=dropped)
    verdict = endpoint.cors(visit)
    assert verdict.status is Status.FAILED
    assert says in verdict.says
