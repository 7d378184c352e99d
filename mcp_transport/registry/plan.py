"""The order in which a function's dependencies are made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from mcp_transport.registry.context import Context
from mcp_transport.registry.dependencies import Depends, Progress, SyncProgress, dependency_of
from mcp_transport.registry.hints import check_contexts, context_type, type_hints
from mcp_transport.registry.records import Dependency

Parameters = Mapping[str, inspect.Parameter]
Hints = Mapping[str, Any]


class Plan:
    """Steps, each of which needs only what stands before it; no function is in it twice."""

    def __init__(self) -> None:
        self.steps: list[Dependency] = []
        self._places: dict[Callable[..., Any], int] = {}
        self._open: list[Callable[..., Any]] = []  # being looked at, outermost first

    def needs(self, subject: str, parameters: Parameters, hints: Hints) -> dict[str, int]:
        """The parameters that dependencies fill, and the steps that make those."""
        needs: dict[str, int] = {}
        for name, parameter in parameters.items():
            if isinstance(parameter.default, Depends):
                raise ImproperlyConfigured(
                    f"{subject} has a dependency as the default of {name!r}; "
                    f"write {name}: Annotated[type, Depends(…)]."
                )
            if (wanted := dependency_of(hints.get(name))) is not None:
                needs[name] = self._place(wanted.call, subject)
        return needs

    def _place(self, call: Callable[..., Any], asker: str) -> int:
        if call in self._open:
            raise ImproperlyConfigured(f"{asker} depends on itself, by way of {named(call)}.")
        if call not in self._places:
            self._open.append(call)
            self.steps.append(self._step(call, asker))
            self._open.pop()
            self._places[call] = len(self.steps) - 1
        return self._places[call]

    def _step(self, call: Callable[..., Any], asker: str) -> Dependency:
        subject = f"dependency {named(call)} of {asker}"
        if not inspect.isroutine(call) and not isinstance(call, type):
            raise ImproperlyConfigured(f"{subject} is neither a function nor a class.")
        if inspect.isgeneratorfunction(call) or inspect.isasyncgenfunction(call):
            raise ImproperlyConfigured(f"{subject} yields; let it return its value.")
        parameters, hints = inspect.signature(call).parameters, type_hints(call, subject)
        contexts = [name for name in parameters if context_type(hints.get(name)) is not None]
        is_async = belongs_on_the_loop(call, [hints[name] for name in contexts])
        check_contexts(subject, contexts, hints, is_async=is_async)
        check_provided(subject, hints, is_async=is_async)
        needs = self.needs(subject, parameters, hints)
        check_filled(subject, parameters, {*contexts, *needs})
        return Dependency(
            call=call,
            is_async=is_async,
            context_parameter=contexts[0] if contexts else None,
            needs=needs,
        )


def belongs_on_the_loop(call: Callable[..., Any], contexts: list[Any]) -> bool:
    """Whether it is awaited, or is a class whose objects await their context."""
    if isinstance(call, type):
        return any(context_type(hint) is Context for hint in contexts)
    return inspect.iscoroutinefunction(call)


def check_filled(subject: str, parameters: Parameters, filled: set[str]) -> None:
    """Refuse a parameter that nothing would fill: a client's arguments are the function's."""
    for name, parameter in parameters.items():
        is_optional = parameter.default is not parameter.empty or parameter.kind in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        )
        if name not in filled and not is_optional:
            raise ImproperlyConfigured(
                f"Nothing fills {name!r} of {subject}: a dependency takes a context, "
                "other dependencies, and what has a default."
            )


def check_provided(subject: str, hints: Hints, *, is_async: bool) -> None:
    """Progress is awaited, SyncProgress blocks: each is for its own kind of function."""
    wrong, right = (SyncProgress, Progress) if is_async else (Progress, SyncProgress)
    for name, hint in hints.items():
        if hint is wrong and name != "return":
            manner = "asynchronous" if is_async else "synchronous"
            raise ImproperlyConfigured(
                f"{subject} is {manner}: annotate {name!r} with {right.__name__}."
            )


def named(call: Any) -> str:
    """A function, for error messages."""
    if hasattr(call, "__qualname__"):
        return f"{call.__module__}.{call.__qualname__}"
    return repr(call)
