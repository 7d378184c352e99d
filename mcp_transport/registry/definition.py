"""What every entry says of itself, checked where it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from mcp_transport.conf import settings
from mcp_transport.protocol.content import Icon
from mcp_transport.registry.schema import plain
from mcp_transport.registry.signature import Signature

SOURCE = "apps"
ICON_SOURCES = ("https://", "http://", "data:")
NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
Schema = Mapping[str, Any]


class Common(TypedDict):
    """The fields of ``records.Definition``."""

    name: str
    title: str | None
    description: str | None
    icons: tuple[Icon, ...]
    meta: dict[str, Any] | None
    permission: str | None
    timeout: float | None
    rate: int | None
    concurrency: int | None
    requires: dict[str, Any]
    source: str


def common(
    signature: Signature,
    *,
    prefix: str = "",
    name: str | None = None,
    title: str | None = None,
    description: str | None = None,
    permission: str | None = None,
    timeout: float | None = None,
    rate: int | None = None,
    concurrency: int | None = None,
    icons: Sequence[Icon] = (),
    meta: Schema | None = None,
    requires: Schema | None = None,
) -> Common:
    """What every entry says of itself, checked."""
    own_name = signature.call.__name__ if name is None else checked_text(signature, "name", name)
    check_name(signature, name := f"{prefix}{own_name}")
    if permission is not None and not all(permission.partition(".")):
        raise refusal(signature, f"permission {permission!r} is not of the form 'app.codename'")
    if timeout is not None and timeout <= 0:
        raise refusal(signature, f"timeout {timeout!r} has to be a positive number of seconds")
    check_limits(signature, rate=rate, concurrency=concurrency)
    return Common(
        name=name,
        title=checked_text(signature, "title", title),
        description=(
            signature.summary
            if description is None
            else checked_text(signature, "description", description)
        ),
        icons=check_icons(signature, icons),
        meta=None if meta is None else checked_meta(signature, meta),
        permission=permission,
        timeout=timeout,
        rate=rate,
        concurrency=concurrency,
        requires=dict(requires or {}),
        source=SOURCE,
    )


def prefix_of(call: Callable[..., Any]) -> str:
    """What the site puts before the names of the tools and prompts of a function's app."""
    try:
        prefixes: Any = settings.MCP_NAME_PREFIXES
    except ImproperlyConfigured:  # an app's module is imported by itself, without a site
        return ""
    module = call.__module__ if isinstance(prefixes, Mapping) else ""  # a check tells of others
    while module and module not in prefixes:
        module = module.rpartition(".")[0]
    return str(prefixes[module]) if module else ""


def checked_text(signature: Signature, name: str, value: Any) -> str | None:
    """
    A text that clients are shown; a lazy translation in the language of the site.

    One that is no text would make every list that it stands in unreadable.
    """
    if isinstance(value, Promise):
        value = str(value)
    if value is not None and not isinstance(value, str):
        raise refusal(signature, f"its {name} is {value!r}, and has to be a text")
    return value


def checked_meta(signature: Signature, meta: Schema) -> dict[str, Any]:
    """What stands beside the entry for clients that know it; the same holds for it."""
    try:
        told: dict[str, Any] = plain(dict(meta))
        msgspec.json.encode(told)
    except (TypeError, ValueError) as error:
        raise refusal(signature, f"its meta cannot be sent as JSON: {error}") from error
    return told


def check_limits(signature: Signature, **limits: int | None) -> None:
    """A limit of nothing would be an entry that nobody can use."""
    for name, value in limits.items():
        if value is not None and (type(value) is not int or value < 1):
            raise refusal(signature, f"{name} {value!r} has to be a whole number from 1 on")


def check_name(signature: Signature, name: str) -> None:
    """Names are what every client accepts (2025-11-25, server/tools, Tool Names)."""
    if not NAME.fullmatch(name):
        raise refusal(
            signature,
            f"the name {name!r} has to be 1 to 128 of the characters A-Z a-z 0-9 _ . -",
        )


def check_icons(signature: Signature, icons: Sequence[Icon]) -> tuple[Icon, ...]:
    """Clients show an icon from these addresses only (2025-11-25, basic/index, icons)."""
    for icon in icons:
        if not isinstance(icon, Icon):
            raise refusal(signature, f"its icons are a tuple of Icon(src=…), not of {icon!r}")
        if not icon.src.startswith(ICON_SOURCES):
            raise refusal(
                signature,
                f"the icon {icon.src[:100]!r} has to begin with https://, http:// or data:",
            )
    return tuple(icons)


def listed(names: Any) -> str:
    """Names in a sentence."""
    return " and ".join(sorted(map(repr, names)))


def refusal(signature: Signature, reason: str) -> ImproperlyConfigured:
    """The error for an entry that cannot be offered."""
    return ImproperlyConfigured(f"{signature.subject} cannot be offered: {reason}.")
