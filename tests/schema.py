"""
Whether a server's message is what the official schema of a revision allows.

The schema of a message depends on what it is: a result is judged by the
method that was asked, a notification or a request by its own method, an error
by its code where the revision gives that code a shape of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

SCHEMAS = Path(__file__).parent / "schemas"
REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")

RESULTS = {
    "completion/complete": "CompleteResult",
    "initialize": "InitializeResult",
    "logging/setLevel": "EmptyResult",
    "ping": "EmptyResult",
    "prompts/get": "GetPromptResult",
    "prompts/list": "ListPromptsResult",
    "resources/list": "ListResourcesResult",
    "resources/read": "ReadResourceResult",
    "resources/subscribe": "EmptyResult",
    "resources/templates/list": "ListResourceTemplatesResult",
    "resources/unsubscribe": "EmptyResult",
    "server/discover": "DiscoverResult",
    "subscriptions/listen": "SubscriptionsListenResult",
    "tools/call": "CallToolResult",
    "tools/list": "ListToolsResult",
}
EXTENSION = "ext-tasks"
OF_EXTENSION = {
    "notifications/tasks": "TaskStatusNotification",
    "tasks/cancel": "CancelTaskResult",
    "tasks/get": "GetTaskResult",
    "tasks/update": "UpdateTaskResult",
}
TYPED_ERRORS = {
    -32020: "HeaderMismatchError",
    -32021: "MissingRequiredClientCapabilityError",
    -32022: "UnsupportedProtocolVersionError",
    -32042: "URLElicitationRequiredError",
}


class SchemaViolation(AssertionError):
    """A message that the revision's official schema refuses."""


def check_message(revision: str, message: Mapping[str, Any], *, method: str | None = None) -> None:
    """
    Refuse a message that a server must not send; ``method`` is what was asked.

    Raises SchemaViolation with every place that does not fit.
    """
    if message.get("method", method) in OF_EXTENSION and "error" not in message:
        name = OF_EXTENSION[message.get("method", method)]
        check(EXTENSION, name, message if "method" in message else message["result"])
    elif "method" in message:
        check(revision, _definition_of_method(revision, message["method"]), message)
    elif "error" in message:
        _check_error(revision, message)
    else:
        check(revision, _envelope(revision, "Response"), message)
        _check_result(revision, method, message["result"])


def definitions_of(revision: str) -> dict[str, Any]:
    """Everything that a revision's schema defines."""
    return _definitions(revision)[1]


def _check_error(revision: str, message: Mapping[str, Any]) -> None:
    """Up to 2025-06-18 an error needs an id; JSON-RPC has null when none could be read."""
    readable = dict(message)
    if readable.get("id") is None and revision < "2025-11-25":
        readable["id"] = 0
    check(revision, _envelope(revision, "Error"), readable)
    typed = TYPED_ERRORS.get(message["error"]["code"])
    if typed in definitions_of(revision):
        check(revision, typed, readable)


def _check_result(revision: str, method: str | None, result: Mapping[str, Any]) -> None:
    if result.get("resultType") == "task":
        check(EXTENSION, "CreateTaskResult", result)
    else:
        check(revision, _definition_of_result(method, result), result)


def _definition_of_result(method: str | None, result: Mapping[str, Any]) -> str:
    if method is None:
        raise SchemaViolation(f"A result came although nothing was asked: {result!r}")
    if result.get("resultType") == "input_required":
        return "InputRequiredResult"
    return RESULTS[method]


def _envelope(revision: str, kind: str) -> str:
    if revision >= "2025-11-25":
        return {"Response": "JSONRPCResultResponse", "Error": "JSONRPCErrorResponse"}[kind]
    return f"JSONRPC{kind}"


def _definition_of_method(revision: str, method: str) -> str:
    name = _methods(revision).get(method)
    if name is None:
        raise SchemaViolation(f"{method!r} does not exist at {revision}.")
    return name


@cache
def _definitions(revision: str) -> tuple[str, dict[str, Any]]:
    schema = json.loads((SCHEMAS / revision / "schema.json").read_text())
    keyword = "$defs" if "$defs" in schema else "definitions"
    return keyword, schema[keyword]


@cache
def _methods(revision: str) -> dict[str, str]:
    """The definition of each request and notification, by its method."""
    return {
        definition["properties"]["method"]["const"]: name
        for name, definition in definitions_of(revision).items()
        if "const" in definition.get("properties", {}).get("method", {})
        and name not in {"ClientNotification", "ClientRequest"}
    }


@cache
def _validator(revision: str, name: str) -> Any:
    keyword, definitions = _definitions(revision)
    schema = {"$ref": f"#/{keyword}/{name}", keyword: definitions}
    if keyword == "$defs":
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


def check(revision: str, name: str, instance: Any) -> None:
    """Raises SchemaViolation for what is no instance of one definition."""
    errors = [
        f"  /{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in _validator(revision, name).iter_errors(instance)
    ]
    if errors:
        shown = json.dumps(instance, indent=1)[:2000]
        raise SchemaViolation("\n".join([f"Not a {name} of {revision}:", *errors, shown]))
