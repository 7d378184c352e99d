"""
Signatures: what a function takes, as a schema and as something to bind with.

Arguments are validated by pydantic in its lax mode ("3" is an int, a list is a
set), into a dictionary that is at once the keyword arguments. The parameters
for a context and for dependencies are left out: the engine fills them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, get_origin

import docstring_parser
from asgiref.sync import iscoroutinefunction  # which knows what sync_to_async() has made
from django.core.exceptions import ImproperlyConfigured
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from mcp_transport.registry.checking import Checked
from mcp_transport.registry.context import SyncContext
from mcp_transport.registry.errors import ArgumentError, Problem
from mcp_transport.registry.headers import without_null
from mcp_transport.registry.hints import check_contexts, context_type, type_hints
from mcp_transport.registry.plan import Plan, check_provided
from mcp_transport.registry.problems import SHORTER, secrecy_of, typed_problem
from mcp_transport.registry.records import Dependency, Function
from mcp_transport.registry.schema import adapter_for, schema_of

Arguments = dict[str, Any]
Bind = Callable[[Arguments], Arguments]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What is known of a function by looking at it."""

    call: Callable[..., Any]
    subject: str  # "tool 'echo' (shop.mcp.echo)", for error messages
    parameters: Mapping[str, inspect.Parameter]  # those that a client fills
    hints: Mapping[str, Any]
    context: str | None
    wants_sync_context: bool
    dependencies: tuple[Dependency, ...]
    needs: Mapping[str, int]
    summary: str | None
    descriptions: Mapping[str, str]  # of parameters, out of the docstring

    @property
    def is_async(self) -> bool:
        """Whether calling the function gives something to await."""
        return iscoroutinefunction(self.call) or inspect.isasyncgenfunction(self.call)

    @property
    def is_generator(self) -> bool:
        """Whether the function yields its result in pieces."""
        return inspect.isgeneratorfunction(self.call) or inspect.isasyncgenfunction(self.call)

    @property
    def required(self) -> frozenset[str]:
        """The parameters without a default."""
        return frozenset(name for name, p in self.parameters.items() if is_required(p))

    @property
    def takes_any_name(self) -> bool:
        """Whether the function has a parameter like ``**arguments``."""
        return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in self.parameters.values())

    def function(self, bind: Bind = dict, *, atomic: bool | str = False) -> Function:
        """The record of the function."""
        return Function(
            call=self.call,
            is_async=self.is_async,
            is_generator=self.is_generator,
            context_parameter=self.context,
            wants_sync_context=self.wants_sync_context,
            bind=bind,
            atomic=atomic,
            dependencies=self.dependencies,
            needs=self.needs,
        )


def inspect_function(call: Any, kind: str) -> Signature:
    """Look at a function; refuses what cannot serve a call."""
    if not callable(call) or isinstance(call, type) or not hasattr(call, "__qualname__"):
        raise ImproperlyConfigured(f"{kind}: {call!r} is not a function.")
    subject = f"{kind} {call.__module__}.{call.__qualname__}"
    parameters = dict(inspect.signature(call).parameters)
    check_bound(call, subject, parameters)
    hints = type_hints(call, subject)
    contexts = [name for name in parameters if context_type(hints.get(name)) is not None]
    plan = Plan()
    needs = plan.needs(subject, parameters, hints)
    signature = Signature(
        call=call,
        subject=subject,
        parameters={n: p for n, p in parameters.items() if n not in {*contexts, *needs}},
        hints=hints,
        context=contexts[0] if contexts else None,
        wants_sync_context=any(context_type(hints[name]) is SyncContext for name in contexts),
        dependencies=tuple(plan.steps),
        needs=needs,
        **documentation(call),
    )
    check_contexts(subject, contexts, hints, is_async=signature.is_async)
    check_provided(subject, hints, is_async=signature.is_async)
    return signature


def check_bound(call: Any, subject: str, parameters: Mapping[str, inspect.Parameter]) -> None:
    """Refuse a method that was decorated in its class: a client would be asked for ``self``."""
    holder = call.__qualname__.rpartition(".")[0]
    is_method = holder and not holder.endswith("<locals>") and not inspect.ismethod(call)
    if is_method and (first := next(iter(parameters), "")) in {"self", "cls"}:
        raise ImproperlyConfigured(
            f"{subject} is a method, and no client can send its {first!r}: "
            f"decorate that of an instance, {holder}().{call.__name__}."
        )


def documentation(call: Callable[..., Any]) -> dict[str, Any]:
    """What the docstring says of the function and of its parameters."""
    parsed = docstring_parser.parse(inspect.getdoc(call) or "")
    said = [text for text in (parsed.short_description, parsed.long_description) if text]
    described = {p.arg_name: p.description for p in parsed.params if p.description}
    return {"summary": "\n\n".join(said) or None, "descriptions": described}


def arguments_of(signature: Signature) -> tuple[dict[str, Any], Bind]:
    """The schema of a function's arguments, and what binds them."""
    fields = {
        name: field_type(signature, parameter) for name, parameter in signature.parameters.items()
    }
    make_type: Any = TypedDict  # a type checker knows only the written-out form
    shape = make_type(signature.call.__name__, fields)
    shape.__pydantic_config__ = ConfigDict(extra="forbid")
    subject = f"The signature of {signature.subject}"
    adapter = adapter_for(shape, subject)
    schema = schema_of(adapter, subject, "validation")
    properties = {name: without_null(told) for name, told in schema["properties"].items()}
    schema = {**schema, "properties": properties}
    return schema, typed_bind(adapter, schema)


def field_type(signature: Signature, parameter: inspect.Parameter) -> Any:
    """A parameter as a field: its type, its description and its default."""
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise ImproperlyConfigured(
            f"Parameter {parameter} of {signature.subject} has no name that a client can use; "
            "make it an ordinary parameter."
        )
    hint = signature.hints.get(parameter.name, Any)
    kind, extras = (hint.__origin__, hint.__metadata__) if is_annotated(hint) else (hint, ())
    if description := signature.descriptions.get(parameter.name):
        extras = (Field(description=description), *extras)  # what stands behind it wins
    default = parameter.default
    if default is not parameter.empty:
        extras = (*extras, default if isinstance(default, FieldInfo) else Field(default=default))
    field = Annotated[(kind, *extras)] if extras else kind
    return field if is_required(parameter) else NotRequired[field]


def is_required(parameter: inspect.Parameter) -> bool:
    """Whether a parameter has no default, or a ``Field()`` without one."""
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        return False
    default = parameter.default
    return default.is_required() if isinstance(default, FieldInfo) else default is parameter.empty


def is_annotated(hint: Any) -> bool:
    """Whether a hint is written Annotated[…]."""
    return get_origin(hint) is Annotated


def typed_bind(adapter: TypeAdapter[Any], schema: Mapping[str, Any]) -> Bind:
    """What validates arguments by the function's own types."""
    validate: Bind = adapter.validator.validate_python

    def bind(arguments: Arguments) -> Arguments:
        try:
            return validate(arguments)
        except ValidationError as exc:
            errors = exc.errors(include_url=False, include_context=False)
        # Behind the except: pydantic's error holds the values, and is not to be its context.
        secrecy = secrecy_of(schema)
        raise ArgumentError([typed_problem(error, secrecy) for error in errors])

    return bind


def schema_bind(schema: Mapping[str, Any], signature: Signature) -> Bind:
    """What validates arguments by a schema that the site wrote."""
    checked = Checked(schema)
    allowed = None if signature.takes_any_name else frozenset(signature.parameters)

    def bind(arguments: Arguments) -> Arguments:
        checked.require(arguments)
        if allowed is not None and (surplus := sorted(arguments.keys() - allowed)):
            raise ArgumentError([Problem(name, SHORTER["extra_forbidden"]) for name in surplus])
        return dict(arguments)

    return bind
