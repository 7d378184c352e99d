"""
Writes the pages of the reference that say what the code's own tables say.

A test compares the pages with what this writes.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import django

from mcp_transport.protocol import errors, methods, revisions

PROJECT = Path(__file__).resolve().parents[1]
SOURCE = PROJECT / "mcp_transport" / "conf.py"
REFERENCE = PROJECT / "docs" / "reference"

SETTINGS_HEAD = """\
# Settings

Written by `scripts/write_reference.py` from `mcp_transport/conf.py`. Each is
set in the site's settings module under its name; unset, it has the default.
"""
# A line "#: what it does", then "NAME: type = default", which may go on over lines.
SETTING = re.compile(
    r"^    #: (?P<line>.+)\n    (?P<name>MCP_\w+): (?P<type>[^=]+) = (?P<default>(?:.|\n)+?)\n(?=    #:|\n)",
    re.MULTILINE,
)

API_HEAD = """\
# Operators' API

Written by `scripts/write_reference.py` from the OpenAPI document, which the
site itself serves at `/api/schema/`, with a page for it at `/api/docs/`.
[Operate the site with a program](../howto/operators-api.md) tells how it is
used. *Permission*: what a member of staff needs, of `mcp_transport`. *Members*:
what a body may have. Every list takes `limit` and `cursor` as well.

"""
PROTOCOL_HEAD = """\
# Protocol support

Written by `scripts/write_reference.py` from `mcp_transport/protocol/revisions.py`
and `methods.py`. What is not in these tables does not exist: a method in the
other era is answered with -32601, and a result is cut down to what its
revision knows. [Eras and sessions](../topics/eras.md) tells the two eras apart.
"""
FEATURES_HEAD = """
## Features

What a revision knows, and the results that a client of it gets can hold.

"""
METHODS_HEAD = """
## Methods

*Named in a header*: the parameter that clients of the modern era repeat as
`Mcp-Name`. *May ask*: can put [questions](../howto/ask.md) to the client.
*Cacheable*: in the modern era the result says how long it is good for.
*Recorded*: leaves a row in the record of calls.

"""
NOTIFICATIONS = """
## Notifications

| from the server | legacy | modern |
|---|---|---|
| `notifications/progress`, `notifications/message` | on the stream of their request | on the stream of their request |
| `notifications/tools/list_changed`, `…/resources/…`, `…/prompts/…` | on the GET stream | on a stream of `subscriptions/listen` that asked for it |
| `notifications/resources/updated` | on the GET stream, after `resources/subscribe` | on a stream of `subscriptions/listen` that named it |
| `notifications/subscriptions/acknowledged` | | first on such a stream |

From clients: `notifications/cancelled`, `notifications/initialized` and
`notifications/roots/list_changed`. Over HTTP a client of the modern era
cancels by closing the stream of its request.
"""
ERRORS_HEAD = """\
# Errors

Written by `scripts/write_reference.py` from `mcp_transport/protocol/errors.py`.

What goes wrong belongs to one of three:

- **The request cannot be served as it was sent**: a JSON-RPC error, below.
- **A tool failed**: a *result* with `isError`, which the model reads. Tools
  raise `ToolError` for it; so do arguments that do not fit, a time limit, and
  an unexpected exception, of which the model learns nothing else.
- **The site is set up wrongly**: found at its start, by [system checks](checks.md).

## Codes

The status is that of an answer in one piece. Once a stream is open its status
stands, and the error is the stream's last message.

| code | HTTP | when |
|---|---|---|
"""
REFUSALS = """
## Refusals by HTTP

What HTTP's own rules refuse repeats the status as its code: {statuses}. 401
and 403 come with `WWW-Authenticate`, 405 with `Allow`, 429 and 503 with
`Retry-After` where there is something to wait for.

## Messages

A message names the value, the rule and the remedy. It never holds a secret,
a trace or a path of the server; `The site's log has the details` means just
that.
"""


def settings_page() -> str:
    """Every setting."""
    found = SETTING.finditer(SOURCE.read_text(encoding="utf-8"))
    return SETTINGS_HEAD + "".join(section(match) for match in found)


def section(match: re.Match[str]) -> str:
    """One setting."""
    default = " ".join(match["default"].split()).replace("( ", "(").replace(", )", ")")
    return f"\n## {match['name']}\n\nDefault: `{default}`\n\n{match['line']}\n"


def protocol_page() -> str:
    """What each revision knows."""
    names = list(reversed(revisions.SUPPORTED))
    eras = [
        "modern: stateless" if revisions.REVISIONS[name].is_modern else "legacy: handshake"
        for name in names
    ]
    parts = [
        PROTOCOL_HEAD,
        "\n## Revisions\n\n",
        table(["revision", "era"], zip(names, eras, strict=True)),
        FEATURES_HEAD,
        table(["feature", *names], feature_rows(names)),
        METHODS_HEAD,
        table(METHOD_COLUMNS, map(method_row, methods.METHODS.values())),
        NOTIFICATIONS,
    ]
    return "".join(parts)


def feature_rows(names: list[str]) -> Iterable[list[str]]:
    """The features in the order of the table, each with the remark that stands beside it."""
    remarks = dict(
        re.findall(r"^    (has_\w+): .*?#\s*(.+)$", inspect.getsource(revisions), re.MULTILINE)
    )
    for field in fields(revisions.Revision):
        if field.name.startswith("has_"):
            label = field.name.removeprefix("has_").replace("_", " ")
            remark = f" ({remarks[field.name]})" if field.name in remarks else ""
            yield [
                label + remark,
                *(mark(getattr(revisions.REVISIONS[n], field.name)) for n in names),
            ]


METHOD_COLUMNS = [
    "method", "legacy", "modern", "capability", "named in a header", "may ask", "cacheable",
    "recorded",
]  # fmt: skip


def method_row(method: methods.Method) -> list[str]:
    """One method."""
    return [
        f"`{method.name}`",
        mark(method.in_legacy),
        mark(method.in_modern),
        method.capability or "",
        f"`{method.named_by}`" if method.named_by else "",
        mark(method.may_ask),
        mark(method.is_cacheable),
        mark(method.is_recorded),
    ]


def errors_page() -> str:
    """Every error that a client may be answered with."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if inspect.isclass(kind)
        and issubclass(kind, errors.ProtocolError)
        and hasattr(kind, "code")
    ]
    rows = "".join(f"| {' | '.join(error_row(kind))} |\n" for kind in kinds)
    statuses = re.search(r"an HTTP refusal: ([\d ]+)", errors.__doc__ or "")
    assert statuses is not None
    return ERRORS_HEAD + rows + REFUSALS.format(statuses=", ".join(statuses[1].split()))


def error_row(kind: type[errors.ProtocolError]) -> list[str]:
    """One error."""
    line = (inspect.getdoc(kind) or "").partition("\n")[0]
    return [str(kind.code), str(kind.status), line.replace("|", "\\|")]


def api_page() -> str:
    """Every operation of the operators' API; asks for a Django that is set up, with the API at /api/."""
    from drf_spectacular.generators import SchemaGenerator

    generator = SchemaGenerator()
    operations = generator.get_schema(request=None, public=True)["paths"]
    rows = [
        operation_row(path, method, view, operations[path][method.lower()])
        for path, _regex, method, view in generator._get_paths_and_endpoints()
    ]
    return API_HEAD + table(["operation", "permission", "filters", "members"], sorted(rows))


def operation_row(path: str, method: str, view: Any, operation: Mapping[str, Any]) -> list[str]:
    """One operation: what it asks for, and what it takes."""
    from mcp_transport.api.permissions import DEED_OF_METHOD, permission_name

    deed = view.deeds.get(view.action) or DEED_OF_METHOD[method]
    permission = permission_name(view.model_of(deed), deed).partition(".")[2]
    queries = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
    filters = [name for name in queries if name not in {"cursor", "limit"}]
    members = members_of(view) if "requestBody" in operation else []
    return [
        f"`{path.removeprefix('/api/')}` {method}",
        f"`{permission}`",
        *map(listed, (filters, members)),
    ]


def members_of(view: Any) -> list[str]:
    """What the body of a request may have."""
    taken = view.schema.get_request_serializer()
    serializer = taken() if inspect.isclass(taken) else taken
    return [name for name, field in serializer.fields.items() if not field.read_only]


def listed(names: Iterable[str]) -> str:
    """Names in a cell."""
    return ", ".join(f"`{name}`" for name in names)


def table(head: list[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def mark(is_so: bool) -> str:
    """A tick, or nothing."""
    return "✓" if is_so else ""


PAGES: dict[str, Callable[[], str]] = {
    "api.md": api_page,
    "errors.md": errors_page,
    "protocol.md": protocol_page,
    "settings.md": settings_page,
}

if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
