"""What a change of a row looked like: its fields before and after, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.db import models

from mcp_transport.audit.redaction import MAX_BYTES, Redactor
from mcp_transport.conf import settings

Description = dict[str, Any]
Difference = dict[str, list[Any]]

#: Never told: what a credential is recognised by.
UNTOLD = frozenset({"digest", "password"})
LENGTHS = (1000, 200, 40)  # characters of one value: as many as let the whole fit
NOTED = frozenset({"last_login", "last_seen_at", "last_used_at"})  # by the site, not by operators


def described(row: models.Model) -> Description:
    """Return what an operator can see of a row; makes a query for each many-to-many field."""
    fields = [field for field in row._meta.concrete_fields if _is_told(field)]
    description = {field.name: _plain(field.value_from_object(row)) for field in fields}
    if row.pk is not None:
        for relation in row._meta.many_to_many:
            description[relation.name] = sorted(map(str, getattr(row, relation.name).all()))
    return description


def stored(row: models.Model) -> Description:
    """Describe a row as the database has it; nothing of one that is not there."""
    kept = type(row)._default_manager.filter(pk=row.pk).first()
    return described(kept) if kept else {}


def difference(before: Description, after: Description) -> Difference:
    """Return the fields that are not the same, each with both values; nothing is as good as none."""
    pairs = {name: [before.get(name), after.get(name)] for name in before | after}
    return {
        name: [old, new]
        for name, (old, new) in pairs.items()
        if old != new and not (_is_nothing(old) and _is_nothing(new))
    }


def told(changes: Mapping[str, Any]) -> str:
    """Return changes as JSON that may be kept: bounded, and secrets are masked."""
    if not changes:
        return ""
    redact = Redactor(settings.MCP_REDACTED_ARGUMENTS, {})
    for length in LENGTHS:
        text = redact({name: _cut(value, length) for name, value in changes.items()})
        if len(text.encode()) <= MAX_BYTES and "[not kept]" not in text:
            break
    return text


def _is_told(field: Any) -> bool:
    is_automatic = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    return not (field.primary_key or is_automatic or field.name in UNTOLD | NOTED)


def _is_nothing(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _plain(value: Any) -> Any:
    try:
        return msgspec.to_builtins(value)
    except TypeError:  # a value of a field that the site's users brought
        return str(value)


def _cut(value: Any, length: int) -> Any:
    if isinstance(value, list) and len(value) == 2:
        return [_cut_one(item, length) for item in value]
    return _cut_one(value, length)


def _cut_one(value: Any, length: int) -> Any:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if len(text) <= length:
        return value
    return f"{text[: length - 1]}… ({len(text)} characters)"
