"""Which function serves which method."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from mcp_transport.engine import (
    completion,
    lifecycle,
    lists,
    prompts,
    resources,
    task_methods,
    tools,
)
from mcp_transport.engine.exchange import Exchange

Handler = Callable[[Exchange], Coroutine[Any, Any, dict[str, Any]]]

HANDLERS: Mapping[str, Handler] = {
    "ping": lifecycle.ping,
    "logging/setLevel": lifecycle.set_level,
    "resources/subscribe": resources.subscribe,
    "resources/unsubscribe": resources.unsubscribe,
    "server/discover": lifecycle.discover,
    "tools/list": lists.tools,
    "tools/call": tools.call,
    "resources/list": lists.resources,
    "resources/templates/list": lists.templates,
    "resources/read": resources.read,
    "prompts/list": lists.prompts,
    "prompts/get": prompts.get,
    "completion/complete": completion.complete,
    "tasks/get": task_methods.get,
    "tasks/update": task_methods.update,
    "tasks/cancel": task_methods.cancel,
}
