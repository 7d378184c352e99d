"""
What a stateless client carries from a question to its answer.

Signed, not secret: it holds the client's own earlier answers and what the
function asked to remember. It is bound to the principal, the server, the
method and the parameters, and lapses (2026-07-28, basic/patterns/mrtr, Server
Requirements, 4 and 5). Any worker process of the site can read it.
"""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

import msgspec
from django.core import signing

from mcp_transport.conf import settings
from mcp_transport.protocol.errors import InvalidParams

SALT = "mcp_transport.request_state"


class RequestState(msgspec.Struct):
    """Answers of earlier rounds, and what the function remembers."""

    answers: dict[str, Any] = {}
    memory: dict[str, Any] = {}


def binding(principal_key: str, server: str, method: str, params: dict[str, Any]) -> str:
    """A digest of everything that a state must not be taken to another of."""
    salient = {key: params.get(key) for key in ("name", "uri", "arguments")}
    bound = msgspec.json.encode([principal_key, server, method, salient], order="sorted")
    return hashlib.sha256(bound).hexdigest()


def seal(state: RequestState, bound_to: str) -> str:
    """The text that a client sends back unread."""
    return signing.dumps([bound_to, state.answers, state.memory], salt=SALT, compress=True)


def unseal(text: Any, bound_to: str) -> RequestState:
    """
    What was sealed for this very request.

    Raises InvalidParams, with one message for every way to be wrong.
    """
    try:
        lifetime = datetime.timedelta(seconds=settings.MCP_REQUEST_STATE_LIFETIME)
        # The signature is looked at before anything is unpacked, so no client sends a bomb.
        bound, answers, memory = signing.loads(text, salt=SALT, max_age=lifetime)
    except (signing.BadSignature, TypeError, ValueError, AttributeError):
        bound = None
    if bound != bound_to:
        raise InvalidParams(
            "requestState is not valid for this request; send the request again without it."
        )
    return RequestState(answers, memory)
