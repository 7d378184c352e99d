"""What a connection may be good for, and how that is said to the user who is asked."""

from __future__ import annotations

from collections.abc import Iterable

from mcp_transport.models.token import TOOL_SCOPE

WORDS = {
    "tools:read": "Use the tools that only read",
    "tools": "Use every tool, also those that change or delete something",
    "resources": "Read its resources",
    "prompts": "Use its prompts",
}
#: What a client gets that names none.
DEFAULT = ("tools", "resources", "prompts")
MOST = 50  # of one request
LONGEST = 200  # characters of one


def known(asked: Iterable[str]) -> list[str]:
    """
    Those of the scopes that mean something here, each once.

    Others are left out, not refused (RFC 6749, section 3.3): clients ask for
    "openid" or "offline_access" wherever they sign in.
    """
    found = [scope for scope in dict.fromkeys(asked) if is_known(scope)]
    return found[:MOST]


def is_known(scope: str) -> bool:
    """Whether a client can ask for it; the operators' API is not for clients that sign in."""
    if scope in WORDS:
        return True
    name = scope.removeprefix(TOOL_SCOPE)
    return scope.startswith(TOOL_SCOPE) and bool(name) and len(scope) <= LONGEST


def in_words(scope: str) -> str:
    """What a scope lets a client do."""
    return WORDS.get(scope) or f"Use the tool {scope.removeprefix(TOOL_SCOPE)}"
