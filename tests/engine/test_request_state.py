"""What a stateless client carries: sealed for one request, and for a while."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import signing

from mcp_transport.engine.request_state import SALT, RequestState, binding, seal, unseal
from mcp_transport.protocol.errors import InvalidParams

PARAMS: dict[str, Any] = {"name": "greet", "arguments": {"a": 1, "b": 2}}
STATE = RequestState({"first": {"action": "accept"}}, {"ticket": 7})
OWN = binding("user:1/token:2", "main", "tools/call", PARAMS)


def bound(**changes: Any) -> str:
    asked = {
        "principal_key": "user:1/token:2",
        "server": "main",
        "method": "tools/call",
        "params": PARAMS,
    }
    return binding(**{**asked, **changes})


def test_what_was_sealed_is_read_again() -> None:
    assert unseal(seal(STATE, OWN), OWN) == STATE


def test_the_order_of_arguments_does_not_matter() -> None:
    turned = {"arguments": {"b": 2, "a": 1}, "name": "greet"}
    assert bound(params=turned) == OWN


def test_what_is_no_argument_does_not_matter() -> None:
    more = {**PARAMS, "_meta": {"progressToken": 1}, "inputResponses": {"first": {}}}
    assert bound(params=more) == OWN


@pytest.mark.parametrize(
    "changes",
    [
        {"principal_key": "user:1/token:3"},
        {"principal_key": "anonymous"},
        {"server": "other"},
        {"method": "prompts/get"},
        {"params": {**PARAMS, "name": "other"}},
        {"params": {**PARAMS, "arguments": {"a": 1, "b": 3}}},
        {"params": {**PARAMS, "arguments": {"a": 1}}},
        {"params": {"name": "greet"}},
        {"params": {"uri": "note://x"}},
    ],
)
def test_a_state_of_another_request_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidParams, match="not valid for this request"):
        unseal(seal(STATE, OWN), bound(**changes))


def test_a_state_that_was_changed_is_refused() -> None:
    sealed = seal(STATE, OWN)
    for place in (0, len(sealed) // 2, len(sealed) - 1):
        changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(InvalidParams):
            unseal(changed, OWN)


@pytest.mark.parametrize(
    "text", ["", "x", "a:b:c", ":::", "ü", "\x00", None, 7, True, [], {}, ["a"], "." * 100_000]
)
def test_what_never_was_a_state_is_refused_in_the_same_words(text: Any) -> None:
    with pytest.raises(InvalidParams) as never:
        unseal(text, OWN)
    with pytest.raises(InvalidParams) as other:
        unseal(seal(STATE, OWN), bound(server="other"))
    assert never.value.message == other.value.message


def test_a_state_lapses(settings: Any) -> None:
    sealed = seal(STATE, OWN)
    settings.MCP_REQUEST_STATE_LIFETIME = -1
    with pytest.raises(InvalidParams):
        unseal(sealed, OWN)


def test_a_signature_made_for_something_else_is_refused() -> None:
    foreign = signing.dumps([OWN, {}, {}], salt="password reset")
    with pytest.raises(InvalidParams):
        unseal(foreign, OWN)


@pytest.mark.parametrize("value", [[], [OWN], "text", {"a": 1}, None, 7])
def test_a_signed_value_of_another_form_is_refused(value: Any) -> None:
    with pytest.raises(InvalidParams):
        unseal(signing.dumps(value, salt=SALT), OWN)


def test_a_key_that_was_replaced_is_still_read(settings: Any) -> None:
    sealed = seal(STATE, OWN)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key for tests, which sign nothing that matters"
    assert unseal(sealed, OWN) == STATE
