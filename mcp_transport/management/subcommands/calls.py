"""``mcp call``."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mcp_transport.auth.principal import Principal
from mcp_transport.comparable import is_text
from mcp_transport.management.subcommands import asking
from mcp_transport.management.subcommands.answering import Respondent
from mcp_transport.management.subcommands.base import Subcommand, shown, text
from mcp_transport.management.subcommands.following import FollowedTask, Request
from mcp_transport.management.subcommands.terminal import ProgressLine

MAX_ROUNDS = 50  # of questions, before a tool is taken to ask without end


class Call(Subcommand):
    """Call a tool and print its result."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("server", help="the server's slug")
        parser.add_argument("tool", type=text, help="the tool's name")
        parser.add_argument(
            "arguments",
            nargs="*",
            type=text,
            metavar="key=value",
            help="an argument as text, or as JSON: key:=json; options go before the server",
        )
        parser.add_argument(
            "--args", dest="json_arguments", metavar="JSON", default="{}", help="all of them"
        )
        parser.add_argument(
            "--answer",
            action="append",
            default=[],
            type=text,
            metavar="key=value",
            help="the answer to a field that the tool asks for; others are asked at the terminal",
        )
        parser.add_argument("--json", action="store_true", help="print the whole result as JSON")
        asking.add_user_argument(parser)

    def run(self, options: dict[str, Any]) -> None:
        """Call the tool; what it says before its result goes to standard error."""
        params = {"name": options["tool"], "arguments": read_arguments(options)}
        given = dict(map(read_argument, options["answer"]))
        self.line = ProgressLine(
            self.write_remark,
            is_terminal=self.stderr.isatty(),
            width=shutil.get_terminal_size().columns,
        )
        prompt = self.prompt if sys.stdin.isatty() else None
        respondent = Respondent(given, prompt, self.line.line)
        result = self.converse(options["server"], params, asking.asker(options["user"]), respondent)
        text = json.dumps(result, indent=2) if options["json"] else "\n".join(readable(result))
        if self.stdout.isatty():
            text = harmless(text)
        if result.get("isError"):
            raise CommandError(text)
        self.stdout.write(text)

    def converse(
        self, slug: str, params: dict[str, Any], principal: Principal, respondent: Respondent
    ) -> dict[str, Any]:
        """
        Call the tool and answer what it asks; the result.

        The loop stands still while somebody types, so that Ctrl-C ends the
        command as ever.
        """
        with asking.engine_at_hand() as (runner, process):
            offer = runner.run(asking.find_offer(process, slug, principal))

            def request(method: str, params: dict[str, Any]) -> dict[str, Any]:
                question = asking.Question(method, params, respondent.capabilities)
                incoming = asking.incoming(offer, principal, question)
                return runner.run(asking.ask(process, incoming, self.on_notification))

            try:
                result = self.answered(request, params, respondent)
                if result.get("resultType") == "task":
                    task = FollowedTask(request, respondent, self.line)
                    result = task.result(result, lambda wait: runner.run(asyncio.sleep(wait)))
            finally:
                self.line.clear()
        return result

    def answered(
        self, request: Request, params: dict[str, Any], respondent: Respondent
    ) -> dict[str, Any]:
        """Call the tool as often as it asks; its result, or the task that it has become."""
        carried: dict[str, Any] = {}
        for _round in range(MAX_ROUNDS):
            result = request("tools/call", {**params, **carried})
            self.line.clear()
            if result.get("resultType") != "input_required":
                return result
            carried = respondent.reply(result)
        raise CommandError(f"The tool asks without end: it has asked {MAX_ROUNDS} times.")

    def on_notification(self, message: dict[str, Any]) -> None:
        """Show progress and log messages as they come."""
        params = message.get("params", {})
        if message["method"] == "notifications/progress":
            said = shown(params.get("message", ""))
            self.line.report(params["progress"], params.get("total"), said)
        elif message["method"] == "notifications/message":
            data = params["data"]
            said = shown(data if isinstance(data, str) else json.dumps(data))
            self.line.line(f"{self.level(params['level'])}: {said}")

    def level(self, level: str) -> str:
        """A level in its colour."""
        if level in ("debug", "info", "notice"):
            return level
        return self.style.WARNING(level) if level == "warning" else self.style.ERROR(level)

    def prompt(self, text: str) -> str:
        """Show a text and read a line. Raises EOFError."""
        self.write_remark(text)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    def write_remark(self, text: str) -> None:
        """Write to standard error as it is, at once."""
        self.stderr.write(text, style_func=str, ending="")
        self.stderr.flush()


def read_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """The call's arguments: those of --args, then each given by itself."""
    arguments = read_json(options["json_arguments"], "--args")
    if not isinstance(arguments, dict):
        raise CommandError('--args is a JSON object: \'{"text": "hello"}\'.')
    return {**arguments, **dict(map(read_argument, options["arguments"]))}


def read_argument(word: str) -> tuple[str, Any]:
    """``key=text`` or ``key:=json``."""
    name, equals, value = word.partition("=")
    if not equals or not name.strip(":"):
        raise CommandError(f"{word!r} is not an argument; write key=value, or key:=json.")
    if name.endswith(":"):
        return name[:-1], read_json(value, name[:-1])
    return name, value


def read_json(text: str, name: str) -> Any:
    """Decode what the operator typed. Raises CommandError."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise CommandError(f"{name} is not JSON: {exc}.") from None
    if not is_text(json.dumps(value, ensure_ascii=False)):
        raise CommandError(f"{name} holds half a character, which no message can carry.")
    return value


def readable(result: dict[str, Any]) -> Iterator[str]:
    """The content of a result for somebody who reads it; what is no text in brackets."""
    for block in result.get("content", ()):
        yield readable_block(block)


def readable_block(block: dict[str, Any]) -> str:
    """One block of content."""
    if block["type"] == "text":
        return str(block["text"])
    if block["type"] == "resource_link":
        return f"[{block.get('title') or block.get('name') or 'resource'}: {block['uri']}]"
    inner: dict[str, Any] = block.get("resource", block)
    if "text" in inner:
        return str(inner["text"])
    data = inner.get("data") or inner.get("blob") or ""
    size = len(data) * 3 // 4 - data.count("=", -2)  # base64
    return f"[{inner.get('mimeType', block['type'])}, {size} bytes; --json prints them]"


def harmless(text: str) -> str:
    """A text without what would command a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)
