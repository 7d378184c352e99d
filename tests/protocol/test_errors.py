"""Tests of mcp_transport.protocol.errors."""

from __future__ import annotations

import json

import pytest

from mcp_transport.protocol import errors, jsonrpc
from mcp_transport.protocol.errors import ProtocolError
from tests.schema import REVISIONS, check_message

# Each error as it is raised, its code and its HTTP status.
RAISED: list[tuple[ProtocolError, int, int]] = [
    (errors.ParseError("no"), -32700, 400),
    (errors.InvalidRequest("no"), -32600, 400),
    (errors.MethodNotFound("no"), -32601, 404),
    (errors.InvalidParams("no"), -32602, 200),
    (errors.InternalError(), -32603, 200),
    (errors.ResourceNotFound("note://x"), -32602, 200),
    (errors.LegacyResourceNotFound("no"), -32002, 200),
    (errors.HeaderMismatch("no"), -32020, 400),
    (errors.MissingClientCapability({"sampling": {}}), -32021, 400),
    (errors.UnsupportedRevision("1999-01-01", ["2026-07-28"]), -32022, 400),
]
names = [type(error).__name__ for error, _, _ in RAISED]


@pytest.mark.parametrize(("error", "code", "status"), RAISED, ids=names)
def test_an_error_has_the_code_and_the_status_of_the_specification(
    error: ProtocolError, code: int, status: int
) -> None:
    assert (error.as_error()["code"], error.status) == (code, status)
    assert error.as_error()["message"] == error.message == str(error)


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("error", [error for error, _, _ in RAISED], ids=names)
def test_an_error_is_what_the_schemas_allow(error: ProtocolError, revision: str) -> None:
    check_message(revision, json.loads(jsonrpc.error(1, error)))


def test_an_error_says_nothing_more_than_it_was_told() -> None:
    assert errors.InvalidParams("no").as_error() == {"code": -32602, "message": "no"}
    assert errors.InvalidParams("no", data=[]).as_error()["data"] == []


def test_a_status_can_be_another_than_the_usual_one() -> None:
    assert errors.InvalidParams("no", status=400).status == 400
    assert errors.InvalidParams.status == 200


def test_an_internal_error_reveals_nothing() -> None:
    assert errors.InternalError().message == errors.UNEXPECTED
    assert errors.InternalError("Interrupted.", data=1).as_error()["message"] == "Interrupted."


def test_a_missing_resource_is_named() -> None:
    assert errors.ResourceNotFound("note://x").data == {"uri": "note://x"}


def test_missing_capabilities_are_named_in_order() -> None:
    error = errors.MissingClientCapability({"sampling": {}, "elicitation": {"url": {}}})
    assert error.message.endswith("declare: elicitation, sampling.")
    assert error.data == {"requiredCapabilities": {"sampling": {}, "elicitation": {"url": {}}}}


def test_an_unsupported_revision_says_which_are() -> None:
    error = errors.UnsupportedRevision("1900-01-01", ("2026-07-28", "2025-11-25"))
    assert error.data == {"supported": ["2026-07-28", "2025-11-25"], "requested": "1900-01-01"}
    assert "2026-07-28, 2025-11-25" in error.message


@pytest.mark.parametrize("status", [401, 403, 404, 405, 406, 409, 413, 415, 429, 503])
def test_a_refusal_repeats_its_status_outside_the_reserved_codes(status: int) -> None:
    refusal = errors.Refused(status, "no", headers={"Allow": "POST"})
    assert refusal.as_error() == {"code": status, "message": "no"}
    assert (refusal.status, refusal.headers) == (status, {"Allow": "POST"})
    assert errors.Refused(status, "no").headers == {}


LONG = "x" * 10**6


@pytest.mark.parametrize(
    "error",
    [
        errors.ResourceNotFound(f"note://{LONG}"),
        errors.UnsupportedRevision(LONG, ["2026-07-28"]),
        errors.InvalidParams(f"No {LONG}."),
    ],
)
def test_an_error_repeats_little_of_what_was_sent(error: ProtocolError) -> None:
    assert len(json.dumps(error.as_error())) < 5000
