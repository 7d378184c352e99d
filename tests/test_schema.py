from __future__ import annotations

from typing import Any

import pytest

from tests.schema import REVISIONS, SchemaViolation, check_message

LEGACY = REVISIONS[:-1]
MODERN = REVISIONS[-1]


def result(value: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "result": value}


@pytest.mark.parametrize("revision", LEGACY)
def test_a_result_is_judged_by_the_method_that_was_asked(revision: str) -> None:
    check_message(revision, result({"tools": []}), method="tools/list")
    with pytest.raises(SchemaViolation, match="ListPromptsResult"):
        check_message(revision, result({"tools": []}), method="prompts/list")


def test_a_modern_result_needs_its_type_and_its_cache_hints() -> None:
    complete = {"tools": [], "resultType": "complete", "ttlMs": 0, "cacheScope": "public"}
    check_message(MODERN, result(complete), method="tools/list")
    for member in ("resultType", "ttlMs", "cacheScope"):
        partial = {key: value for key, value in complete.items() if key != member}
        with pytest.raises(SchemaViolation, match=member):
            check_message(MODERN, result(partial), method="tools/list")


def test_a_result_that_asks_is_judged_as_one() -> None:
    asking = {"resultType": "input_required", "inputRequests": {"a": {"method": "roots/list"}}}
    check_message(MODERN, result(asking), method="tools/call")
    asking["inputRequests"] = {"a": {"method": "ping"}}
    with pytest.raises(SchemaViolation, match="InputRequiredResult"):
        check_message(MODERN, result(asking), method="tools/call")


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_notification_is_judged_by_its_own_method(revision: str) -> None:
    params = {"progressToken": "t", "progress": 1}
    message = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
    check_message(revision, message)
    del params["progress"]
    with pytest.raises(SchemaViolation, match="ProgressNotification"):
        check_message(revision, message)


def test_a_method_that_the_revision_does_not_know_is_refused() -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "elicitation/create", "params": {}}
    with pytest.raises(SchemaViolation, match="does not exist at 2025-03-26"):
        check_message("2025-03-26", message)


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_error_needs_a_code_and_a_message(revision: str) -> None:
    error: dict[str, Any] = {"code": -32601, "message": "no"}
    check_message(revision, {"jsonrpc": "2.0", "id": 1, "error": error})
    with pytest.raises(SchemaViolation):
        check_message(revision, {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601}})


def test_an_error_with_a_shape_of_its_own_is_judged_by_its_code() -> None:
    error: dict[str, Any] = {"code": -32022, "message": "no", "data": {"requested": "x"}}
    with pytest.raises(SchemaViolation, match="UnsupportedProtocolVersionError"):
        check_message(MODERN, {"jsonrpc": "2.0", "id": 1, "error": error})
    error["data"]["supported"] = [MODERN]
    check_message(MODERN, {"jsonrpc": "2.0", "id": 1, "error": error})


def test_a_result_that_nobody_asked_for_is_refused() -> None:
    with pytest.raises(SchemaViolation, match="nothing was asked"):
        check_message(MODERN, result({"resultType": "complete"}))
