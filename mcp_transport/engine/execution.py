"""
How the functions of entries are run.

An asynchronous function runs in the task of its exchange, a synchronous one in
the pool, where it may use the ORM. A function that asks something is run again
from its first line when the answer is there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, closing
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction

from mcp_transport.engine.context import BlockingContext, RequestContext
from mcp_transport.engine.dependencies import Resolution
from mcp_transport.engine.questions import Asked, InputRequired, guarded
from mcp_transport.registry.records import Function

COMMIT_POLL = 0.005  # seconds


class RolledBack(Exception):
    """The request was given up before its transaction could be committed."""


class Claim:
    """
    Decides between the end of a transaction and the end of its request.

    Whoever is first wins: a request that was given up commits nothing, and a
    transaction that is being committed is waited for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._winner = ""

    def commit(self) -> bool:
        """Whether the transaction may be committed."""
        return self._take("commit")

    def give_up(self) -> bool:
        """Whether nothing was committed, nor will be."""
        return self._take("give up")

    def _take(self, who: str) -> bool:
        with self._lock:
            self._winner = self._winner or who
            return self._winner == who


async def run(function: Function, arguments: Mapping[str, Any], context: RequestContext) -> Any:
    """
    What the function returns, or the list of all it yields.

    Raises whatever the function raises, and InputRequired for a client that
    answers by asking again.
    """
    # A function is the site's own code, and may fail in ways that would take others with it: what
    # ends a task or the loop becomes an error of the call.
    if function.is_async:
        try:
            return await _begin(function, arguments, context)
        except asyncio.CancelledError as error:
            if _is_ending():
                raise
            raise RuntimeError("The function waited for something that was cancelled.") from error
        except BaseExceptionGroup as group:
            raise _of_group(group) from group
        except SystemExit as error:  # it would go on to end the loop
            raise RuntimeError("The function tried to end the process.") from error
    while True:
        value = await _run_in_thread(function, arguments, context)
        if not isinstance(value, Asked):
            return value
        context.state.answers.update(await context.exchange.channel.ask(value.questions))
        context.rewind()


def _of_group(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The questions of tasks that asked side by side, all in one; or what has failed."""
    asked, failed = group.split(InputRequired)
    if failed is None and asked is not None:
        return InputRequired({k: q for one in _leaves(asked) for k, q in one.questions.items()})
    if isinstance(failed, ExceptionGroup):
        return failed
    return RuntimeError("The function's tasks were ended by what is no error of theirs.")


def _leaves(group: BaseExceptionGroup[Any]) -> Iterator[Any]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _is_ending() -> bool:
    """Whether the exchange itself is being cancelled, and not something inside it."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _begin(
    function: Function, arguments: Mapping[str, Any], context: RequestContext
) -> Awaitable[Any]:
    """Call a function that runs on the loop; most need nothing but their arguments."""
    if function.dependencies:
        return _run_with_dependencies(function, arguments, context)
    return _call(function, arguments, context)


async def _run_with_dependencies(
    function: Function, arguments: Mapping[str, Any], context: RequestContext
) -> Any:
    blocking = BlockingContext(context, asyncio.get_running_loop())
    resolution = Resolution(function, context, blocking)
    await resolution.make_all()
    return await _call(function, {**arguments, **resolution.values()}, context)


def _call(
    function: Function, arguments: Mapping[str, Any], context: RequestContext
) -> Awaitable[Any]:
    if function.context_parameter is not None:
        arguments = {**arguments, function.context_parameter: context}
    result: Any = function.call(**arguments)
    return _collect(result, context) if function.is_generator else result


async def _collect(pieces: AsyncGenerator[Any, None], context: RequestContext) -> list[Any]:
    values: list[Any] = []
    async with aclosing(pieces):  # here, and not in a task of its own some time later
        async for value in pieces:
            await context.chunk(len(values), value)
            values.append(value)
    return values


async def _run_in_thread(
    function: Function, arguments: Mapping[str, Any], context: RequestContext
) -> Any:
    is_atomic = function.atomic is not False
    blocking = BlockingContext(context, asyncio.get_running_loop(), is_posting=is_atomic)
    if function.context_parameter is not None:
        arguments = {**arguments, function.context_parameter: blocking}
    if function.dependencies:
        resolution = Resolution(function, context, blocking)
        await resolution.make_what_awaits()
        call = _with_dependencies(function, blocking, arguments, resolution)
    else:
        call = _call_of(function, blocking, arguments)
    pool = context.exchange.services.functions
    if is_atomic:
        value = await _run_atomic(function, call, context)
        await blocking.settle()
        return value
    try:
        return await pool.run(guarded, call)
    except asyncio.CancelledError:
        context.exchange.is_abandoned = True
        raise


def _call_of(
    function: Function, context: BlockingContext, named: Mapping[str, Any]
) -> Callable[[], Any]:
    if not function.is_generator:
        return lambda: function.call(**named)

    def consume() -> list[Any]:
        values: list[Any] = []
        with closing(function.call(**named)) as pieces:  # in this thread, which has the database
            for value in pieces:
                context.chunk(len(values), value)
                values.append(value)
        return values

    return consume


def _with_dependencies(
    function: Function,
    context: BlockingContext,
    named: Mapping[str, Any],
    resolution: Resolution,
) -> Callable[[], Any]:
    """A call whose other dependencies are made in its thread, and in its transaction."""

    def call() -> Any:
        resolution.make_the_rest()
        return _call_of(function, context, {**named, **resolution.values()})()

    return call


async def _run_atomic(function: Function, call: Callable[[], Any], context: RequestContext) -> Any:
    """Run in a transaction that nothing but a result commits."""
    alias = DEFAULT_DB_ALIAS if function.atomic is True else str(function.atomic)
    claim = Claim()
    finished: list[Any] = []
    pool = context.exchange.services.functions
    try:
        return await pool.run(_in_transaction, call, alias, claim, finished)
    except asyncio.CancelledError:
        context.exchange.is_abandoned = True
        if claim.give_up():
            raise
        while not finished:  # noqa: ASYNC110 - the commit has begun and its result stands
            await asyncio.sleep(COMMIT_POLL)
        if isinstance(finished[0], BaseException):
            raise
        return finished[0]


def _in_transaction(call: Callable[[], Any], alias: str, claim: Claim, finished: list[Any]) -> Any:
    try:
        with transaction.atomic(using=alias):
            value = call()
            if not claim.commit():
                raise RolledBack
    except InputRequired as asked:
        value = Asked(asked.questions)
    except BaseException as error:
        finished.append(error)
        raise
    finished.append(value)
    return value
