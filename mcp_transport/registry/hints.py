"""Annotations: which of them ask for something that no client sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args, get_type_hints

from django.core.exceptions import ImproperlyConfigured

from mcp_transport.registry.context import BaseContext, Context, SyncContext


def type_hints(call: Callable[..., Any], subject: str) -> dict[str, Any]:
    """The evaluated annotations of a function."""
    target = call.__init__ if isinstance(call, type) else call  # type: ignore[misc]  # this very class is made
    try:
        return get_type_hints(target, include_extras=True)
    except (NameError, TypeError) as exc:
        raise ImproperlyConfigured(
            f"An annotation of {subject} cannot be evaluated: {exc}. Names it uses have to be "
            "imported in its module at run time, not only for type checkers."
        ) from exc


def context_type(hint: Any) -> type[BaseContext] | None:
    """The context class that an annotation asks for, alone or with None."""
    for candidate in (hint, *get_args(hint)):
        if isinstance(candidate, type) and issubclass(candidate, BaseContext):
            return candidate
    return None


def check_contexts(
    subject: str, names: list[str], hints: Mapping[str, Any], *, is_async: bool
) -> None:
    """A function has one context at most, and of its own kind."""
    if len(names) > 1:
        raise ImproperlyConfigured(f"{subject} asks for a context twice: {', '.join(names)}.")
    wanted = Context if is_async else SyncContext
    if names and context_type(hints[names[0]]) is not wanted:
        manner = "asynchronous" if is_async else "synchronous"
        raise ImproperlyConfigured(
            f"{subject} is {manner}: annotate {names[0]!r} with {wanted.__name__}."
        )
