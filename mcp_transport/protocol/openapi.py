"""
The tools of a server as an OpenAPI document. Pure: no I/O, no Django.

One path for each tool, so that whoever reads it sees its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

Json = dict[str, Any]

OPENAPI: Final = "3.1.0"  # the first whose schemas are JSON Schema 2020-12
SUMMARIES: Final = {
    "400": "The body is no JSON, or not what is asked for.",
    "401": "Credentials are missing or not good.",
    "403": "The credentials do not cover this.",
    "404": "There is no such server or tool.",
    "408": "The body or the tool took too long.",
    "413": "The body is too large.",
    "415": "The body is not application/json.",
    "422": "The tool has refused, and says why.",
    "429": "Too much at once; try again after Retry-After seconds.",
    "500": "The tool failed.",
    "503": "The server cannot serve now; try again after Retry-After seconds.",
}
ERROR: Final[Json] = {
    "type": "object",
    "properties": {
        "status": {"const": "error"},
        "error": {
            "type": "object",
            "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
            "required": ["code", "message"],
        },
    },
    "required": ["status", "error"],
}
STREAM: Final = (
    "Events: progress {progress, total, message}, chunk {index, data}, result {status, data},"
    " error {status, error}, and at the end done {status}."
)


READ: Final = {
    "/tools": "The tools you may call",
    "/health": "Whether the server serves",
    "/stats": "What the worker process does",
    "/sessions": "The open sessions that these credentials have opened",
}


def document(
    *, title: str, version: str, description: str, url: str, tools: Iterable[Mapping[str, Any]]
) -> Json:
    """The document of a server at a URL; tools are as a list shows them."""
    paths: Json = {path: {"get": _reading(summary)} for path, summary in READ.items()} | SESSION
    schemas: Json = {"Error": ERROR}
    for tool in tools:
        name = _unique(re.sub(r"[^\w.-]", "_", tool["name"], flags=re.ASCII), schemas)
        schemas[name] = _placed(tool.get("inputSchema", {}), f"#/components/schemas/{name}")
        address = f"/tools/{quote(tool['name'], safe='')}"
        paths[address] = {"post": _call(tool, name)}
        paths[f"{address}/stream"] = {"post": _stream(tool, name)}
    info = {"title": title, "version": version}
    return {
        "openapi": OPENAPI,
        "info": info | ({"description": description} if description else {}),
        "servers": [{"url": url}],
        "security": [{"bearer": []}, {"key": []}, {}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _reading(summary: str, *parameters: Json, kind: str = "application/json") -> Json:
    """What is got: a document, or a stream of events."""
    responses = _responses({}, ("400", "401", "403", "404", "503"))
    responses["200"] = {"description": "Done.", "content": {kind: {"schema": {}}}}
    return {"summary": summary, "parameters": list(parameters), "responses": responses}


def _parameter(name: str, place: str, description: str, **schema: Any) -> Json:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
    }


def _call(tool: Mapping[str, Any], schema: str) -> Json:
    result = {
        "type": "object",
        "properties": {"status": {"const": "success"}, "data": {}, "content": {"type": "array"}},
    }
    return {
        **_described(tool, schema, "call"),
        "responses": _responses(result, tuple(SUMMARIES)),
    }


def _stream(tool: Mapping[str, Any], schema: str) -> Json:
    responses = _responses({}, tuple(SUMMARIES))
    responses["200"] = {
        "description": STREAM,
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
    return {**_described(tool, schema, "stream"), "responses": responses}


def _described(tool: Mapping[str, Any], schema: str, verb: str) -> Json:
    arguments = {"$ref": f"#/components/schemas/{schema}"}
    body = {"type": "object", "properties": {"arguments": arguments}}
    return {
        "operationId": f"{verb}_{schema}",
        "summary": tool.get("title") or tool["name"],
        "description": tool.get("description", ""),
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
    }


def _responses(schema: Json, statuses: tuple[str, ...]) -> Json:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    refused = {s: {"description": SUMMARIES[s], "content": error} for s in statuses}
    return {
        "200": {"description": "Done.", "content": {"application/json": {"schema": schema}}},
        **refused,
    }


def _unique(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name


def _placed(schema: Any, place: str) -> Any:
    """A schema whose references into itself hold at its place in the document."""
    if isinstance(schema, list):
        return [_placed(item, place) for item in schema]
    if not isinstance(schema, dict):
        return schema
    placed = {key: _placed(value, place) for key, value in schema.items()}
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        placed["$ref"] = place + reference[1:]
    return placed


SESSION_ID: Final = _parameter("id", "path", "The session's id.", type="string")
SESSION: Final[Json] = {
    "/sessions/{id}": {
        "get": _reading("One of your sessions", SESSION_ID),
        "delete": _reading("End it, and what runs in it", SESSION_ID),
    },
    "/sessions/{id}/messages": {
        "get": _reading(
            "What was said in it: messages to its client, and calls",
            SESSION_ID,
            _parameter("after", "query", "The cursor of an earlier answer.", type="string"),
            _parameter("limit", "query", "How many.", type="integer", minimum=1, maximum=100),
        )
    },
    "/sessions/{id}/stream": {
        "get": _reading(
            "What is said in it from now on, as events; done at its end",
            SESSION_ID,
            _parameter("Last-Event-ID", "header", "The event to go on after.", type="string"),
            kind="text/event-stream",
        )
    },
}
