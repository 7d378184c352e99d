"""What was sent for a run and what came back, to be read and to be taken along."""

from __future__ import annotations

import shlex
from typing import Any

from django.http import HttpRequest

from mcp_transport.admin.clients import server_url
from mcp_transport.admin.forms.form import encode_json
from mcp_transport.admin.parts import Copyable
from mcp_transport.admin.trying.outcome import raw
from mcp_transport.admin.trying.run import Run, request_of
from mcp_transport.admin.trying.target import Target
from mcp_transport.protocol.headers import encode_argument, encode_value
from mcp_transport.protocol.revisions import R2026_07_28
from mcp_transport.protocol.routing import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION


def exchange(run: Run) -> dict[str, Any]:
    """The request, without what is secret, and the response."""
    request = request_of(run, kept_params(run))
    return {
        "request": Copyable(value=raw(request), label="Request", block=True),
        "response": Copyable(value=raw(run.response), label="Response", block=True)
        if run.response
        else None,
    }


def kept_params(run: Run) -> dict[str, Any]:
    """The parameters as far as they are kept."""
    if run.stream.method == "resources/read":
        return {"uri": _uri(run)}
    arguments = {"[not kept]": True} if run.arguments is None else run.arguments
    return {"name": run.entry, "arguments": arguments}


def _uri(run: Run) -> str:
    """What was read: of a template, it is only told by the result."""
    for item in (run.result or {}).get("contents", ()):
        return str(item.get("uri", run.entry))
    return run.entry


def as_curl(request: HttpRequest, run: Run, target: Target) -> str:
    """The same request by a client of the newest revision, at a shell."""
    url = server_url(request, run.slug)
    meta = {
        PROTOCOL_VERSION: R2026_07_28.name,
        CLIENT_CAPABILITIES: {},
        CLIENT_INFO: {"name": "curl", "version": "1"},
    }
    params = kept_params(run)
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": run.stream.method,
        "params": {**params, "_meta": meta},
    }
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": R2026_07_28.name,
        "Mcp-Method": run.stream.method,
        "Mcp-Name": encode_value(str(params.get("name") or params.get("uri"))),
        **_header_parameters(target, params.get("arguments", {})),
    }
    lines = [f"curl {shlex.quote(url)}", '-H "Authorization: Bearer $MCP_TOKEN"']
    lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()]
    lines.append(f"-d {shlex.quote(encode_json(body))}")
    return " \\\n  ".join(lines)


def _header_parameters(target: Target, arguments: dict[str, Any]) -> dict[str, str]:
    """The arguments that are repeated in headers of their own."""
    parameters = getattr(target.entry.definition, "headers", ())
    values = {f"Mcp-Param-{one.header}": one.value_in(arguments) for one in parameters}
    return {name: encode_argument(value) for name, value in values.items() if value is not None}
