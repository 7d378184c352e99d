"""Entries out of functions: everything that can be wrong is found here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import connections

from mcp_transport.protocol.content import Annotations
from mcp_transport.registry.contents import convert_prompt, resource_converter
from mcp_transport.registry.definition import (
    checked_text,
    common,
    listed,
    prefix_of,
    refusal,
)
from mcp_transport.registry.headers import header_parameters
from mcp_transport.registry.records import (
    Function,
    Prompt,
    PromptArgument,
    Resource,
    ResourceTemplate,
    TaskTerms,
    Tool,
)
from mcp_transport.registry.results import Convert, output_of, schema_converter
from mcp_transport.registry.schema import check_object_schema, check_schema, plain
from mcp_transport.registry.signature import (
    Bind,
    Signature,
    arguments_of,
    inspect_function,
    schema_bind,
)
from mcp_transport.registry.uri_template import UriTemplate, check_uri

Functions = Mapping[str, Callable[..., Any]]
Schema = Mapping[str, Any]


def build_tool(
    call: Callable[..., Any],
    *,
    input_schema: Schema | None = None,
    output_schema: Schema | None = None,
    atomic: bool | str = False,
    read_only: bool | None = None,
    destructive: bool | None = None,
    idempotent: bool | None = None,
    open_world: bool | None = None,
    task: str | None = None,
    task_lifetime: float | None = None,
    poll_interval: float | None = None,
    **options: Any,
) -> Tool:
    """The tool that a function serves; ``options`` are those of every entry."""
    signature = inspect_function(call, "tool")
    schema, bind = declared_input(signature, input_schema)
    returned, convert = declared_output(signature, output_schema)
    hints = {
        "readOnlyHint": read_only,
        "destructiveHint": destructive,
        "idempotentHint": idempotent,
        "openWorldHint": open_world,
    }
    return Tool(
        **common(signature, prefix=prefix_of(call), **options),
        input_schema=schema,
        output_schema=returned,
        annotations=checked_hints(signature, hints),
        headers=header_parameters(schema, signature.subject),
        function=recorded(signature, bind, atomic),
        convert_result=convert,
        task=checked_task(signature, task, task_lifetime, poll_interval),
    )


def build_resource(
    call: Callable[..., Any],
    uri: str,
    *,
    mime_type: str | None = None,
    size: int | None = None,
    annotations: Annotations | None = None,
    completions: Functions | None = None,
    atomic: bool | str = False,
    **options: Any,
) -> Resource | ResourceTemplate:
    """The resource, or for a URI with expressions the template, that a function reads."""
    signature = inspect_function(call, "resource")
    mime_type = checked_text(signature, "media type", mime_type)
    if "{" in uri or "}" in uri:
        if size is not None:
            raise refusal(signature, "a template has no size, for each of its resources has one")
        return ResourceTemplate(
            **common(signature, **options),
            uri_template=uri,
            mime_type=mime_type,
            annotations=annotations,
            pattern=(pattern := checked_template(signature, uri)),
            function=recorded(signature, arguments_of(signature)[1], atomic),
            convert_result=resource_converter(mime_type),
            completions=completed_by(signature, completions, pattern.variables),
        )
    check_fixed(signature, uri, completions)
    return Resource(
        **common(signature, **options),
        uri=uri,
        mime_type=mime_type,
        size=size,
        annotations=annotations,
        function=recorded(signature, dict, atomic),
        convert_result=resource_converter(mime_type),
    )


def build_prompt(
    call: Callable[..., Any],
    *,
    completions: Functions | None = None,
    atomic: bool | str = False,
    **options: Any,
) -> Prompt:
    """The prompt that a function writes."""
    signature = inspect_function(call, "prompt")
    schema, bind = arguments_of(signature)
    arguments = prompt_arguments(schema)
    names = [argument.name for argument in arguments]
    return Prompt(
        **common(signature, prefix=prefix_of(call), **options),
        arguments=arguments,
        function=recorded(signature, bind, atomic),
        convert_result=convert_prompt,
        completions=completed_by(signature, completions, names),
    )


def checked_hints(signature: Signature, hints: Mapping[str, Any]) -> dict[str, bool]:
    """The hints that are given, each yes or no."""
    given = {name: value for name, value in hints.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, bool):
            raise refusal(signature, f"{name} {value!r} has to be True or False")
    return given


def checked_task(
    signature: Signature, mode: str | None, lifetime: float | None, poll_interval: float | None
) -> TaskTerms | None:
    """How a call becomes a task; None where none does."""
    spans = {"task_lifetime": lifetime, "poll_interval": poll_interval}
    given = {name: seconds for name, seconds in spans.items() if seconds is not None}
    if mode is None and given:
        raise refusal(signature, f"{listed(given)} needs task= beside it")
    if mode not in (None, "optional", "required"):
        raise refusal(signature, f"task {mode!r} has to be 'optional' or 'required'")
    for name, seconds in given.items():
        if seconds <= 0:
            raise refusal(signature, f"{name} {seconds!r} has to be a positive number of seconds")
    if mode is None:
        return None
    return TaskTerms(is_required=mode == "required", lifetime=lifetime, poll_interval=poll_interval)


def recorded(signature: Signature, bind: Bind, atomic: bool | str) -> Function:
    """The record of a function; only a synchronous one can run in a transaction."""
    if atomic is not False and signature.is_async:
        raise refusal(signature, "it is asynchronous, and a transaction needs a thread; use def")
    if isinstance(atomic, str) and atomic not in connections:
        known = ", ".join(map(repr, connections))
        raise refusal(signature, f"atomic names the database {atomic!r}; there are {known}")
    return signature.function(bind, atomic=atomic)


def declared_input(signature: Signature, schema: Schema | None) -> tuple[dict[str, Any], Bind]:
    """The input schema, the signature's or the one that is given, and what binds by it."""
    if schema is None:
        return arguments_of(signature)
    own: dict[str, Any] = plain(dict(schema))
    check_object_schema(own, f"The input schema of {signature.subject}")
    check_covers(signature, own)
    return own, schema_bind(own, signature)


def check_covers(signature: Signature, schema: Schema) -> None:
    """Refuse a schema whose arguments the function could not be called with."""
    surplus = schema.get("properties", {}).keys() - signature.parameters.keys()
    if surplus and not signature.takes_any_name:
        raise refusal(signature, f"its input schema has {listed(surplus)}, and it has not")
    if lacking := signature.required - set(schema.get("required", ())):
        raise refusal(signature, f"its input schema does not require {listed(lacking)}")


def declared_output(
    signature: Signature, schema: Schema | None
) -> tuple[dict[str, Any] | None, Convert]:
    """The output schema, the return type's or the one that is given, and what converts by it."""
    if schema is None:
        annotation = signature.hints.get("return", Any)
        return output_of(annotation, signature.subject, is_generator=signature.is_generator)
    own: dict[str, Any] = plain(dict(schema))
    check_schema(own, f"The output schema of {signature.subject}")
    return own, schema_converter(own, signature.subject)


def checked_template(signature: Signature, uri: str) -> UriTemplate:
    """The parsed template; its variables have to be the function's parameters."""
    pattern = UriTemplate(uri)
    variables = set(pattern.variables)
    if unknown := variables - signature.parameters.keys():
        raise refusal(signature, f"{uri!r} has {listed(unknown)}, which is no parameter")
    if lacking := signature.required - variables:
        raise refusal(signature, f"{uri!r} does not have its parameter {listed(lacking)}")
    return pattern


def check_fixed(signature: Signature, uri: str, completions: Functions | None) -> None:
    """A resource with one URI has nothing to fill in."""
    check_uri(uri)
    if signature.parameters:
        raise refusal(signature, f"{uri!r} has no {{variable}} for {listed(signature.parameters)}")
    if completions:
        raise refusal(signature, f"{uri!r} has no {{variable}} to complete")


def prompt_arguments(schema: Schema) -> tuple[PromptArgument, ...]:
    """The arguments of a prompt, out of its signature's schema."""
    return tuple(
        PromptArgument(
            name=name,
            title=told.get("title"),
            description=told.get("description"),
            required=name in schema.get("required", ()),
        )
        for name, told in schema["properties"].items()
    )


def completed_by(
    signature: Signature, completions: Functions | None, names: Sequence[str]
) -> dict[str, Function]:
    """The completion functions of an entry, each for one of its arguments."""
    if unknown := (completions or {}).keys() - set(names):
        raise refusal(signature, f"it completes {listed(unknown)}, which is no argument of it")
    return {name: completion(call) for name, call in (completions or {}).items()}


def completion(call: Callable[..., Any]) -> Function:
    """
    A function that suggests values for an argument.

    Its first parameter is what has been typed, its second, which it may leave
    out, the arguments that are filled in already. ``bind`` takes them under
    the names ``value`` and ``arguments``.
    """
    signature = inspect_function(call, "completion")
    names = dict(zip(signature.parameters, ("value", "arguments"), strict=False))
    if not names or signature.required - names.keys() or signature.is_generator:
        raise refusal(
            signature, "it has to take (value) or (value, arguments) and return the suggestions"
        )
    return signature.function(lambda given: {name: given[names[name]] for name in names})
