"""
A server on pipes that does what servers do, and what they should not.

A script by itself, of the standard library alone. Its arguments change how it
behaves: ``silent`` never answers, ``old`` speaks 2024-11-05, ``strange`` a
revision that nobody knows, ``stateless`` none with a handshake, ``crash`` ends
at once.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
HOW = set(sys.argv[1:])
PAGE = 5
STUBBORN = (
    "import os, signal; os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
)

lock = threading.Lock()
state: dict[str, Any] = {"value": None, "more": os.path.exists("more"), "asked": 0, "followed": []}
waiting: dict[str, tuple[threading.Event, list[Json]]] = {}
cancelled: dict[Any, threading.Event] = {}
cancellations: list[Any] = []


def write(line: str) -> None:
    """Write a whole line."""
    with lock:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def send(message: Json) -> None:
    """Send a message."""
    write(json.dumps({"jsonrpc": "2.0", **message}))


def ask(method: str, params: Json) -> Json:
    """Ask the client; its whole answer."""
    with lock:
        state["asked"] += 1
        id_ = f"question-{state['asked']}"
    event, answers = waiting[id_] = threading.Event(), []
    send({"id": id_, "method": method, "params": params})
    event.wait(60)
    return answers[0] if answers else {}


def text(value: Any) -> Json:
    """A result of one text."""
    said = value if isinstance(value, str) else json.dumps(value)
    return {"content": [{"type": "text", "text": said}]}


def echo(arguments: Json, request: Json) -> Json:
    return text(arguments["text"])


def remember(arguments: Json, request: Json) -> Json:
    before, state["value"] = state["value"], arguments["value"]
    return text({"before": before, "pid": os.getpid()})


def pid(arguments: Json, request: Json) -> Json:
    return text({"pid": os.getpid(), "parent": os.getppid()})


def environment(arguments: Json, request: Json) -> Json:
    return text({"environment": dict(os.environ), "cwd": os.getcwd(), "arguments": sys.argv[1:]})


def steps(arguments: Json, request: Json) -> Json:
    token = request["params"]["_meta"]["progressToken"]
    for step in range(1, arguments["count"] + 1):
        params = {"progressToken": token, "progress": step, "total": arguments["count"]}
        send({"method": "notifications/progress", "params": {**params, "message": f"step {step}"}})
    return text("done")


def tell(arguments: Json, request: Json) -> Json:
    params = {"level": "warning", "logger": "scribe", "data": {"said": arguments["text"]}}
    send({"method": "notifications/message", "params": params})
    return text("told")


def hang(arguments: Json, request: Json) -> Json:
    event = cancelled[request["id"]] = threading.Event()
    token = request["params"]["_meta"]["progressToken"]
    send({"method": "notifications/progress", "params": {"progressToken": token, "progress": 1}})
    event.wait(60)
    return text("late")


def stop(arguments: Json, request: Json) -> Json:
    """Hang with everything, as a program does that blocks its loop."""
    os.kill(os.getpid(), signal.SIGSTOP)
    threading.Event().wait(60)  # the signal may take effect a little later
    return text("never")


def cancels(arguments: Json, request: Json) -> Json:
    return text(cancellations)


def everything(arguments: Json, request: Json) -> Json:
    data = base64.b64encode(b"bytes").decode()
    content: list[Json] = [
        {"type": "text", "text": "words", "annotations": {"priority": 0.5}},
        {"type": "image", "data": data, "mimeType": "image/png"},
        {"type": "audio", "data": data, "mimeType": "audio/wav"},
        {"type": "resource_link", "uri": "note://one", "name": "one"},
        {"type": "resource", "resource": {"uri": "note://one", "text": "first"}},
        {"type": "hologram", "data": "?"},
    ]
    return {"content": content, "structuredContent": {"sum": 3}, "_meta": {"from": "child"}}


def add(arguments: Json, request: Json) -> Json:
    total: Any = arguments["a"] + arguments["b"]
    return {**text(str(total)), "structuredContent": {"sum": total}}


def lie(arguments: Json, request: Json) -> Json:
    return {**text("3"), "structuredContent": {"sum": "three"}}


def fail(arguments: Json, request: Json) -> Json:
    return {**text("It did not work."), "isError": True}


def refuse(arguments: Json, request: Json) -> Json:
    raise LookupError("There is none left.")


def crash(arguments: Json, request: Json) -> Json:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def large(arguments: Json, request: Json) -> Json:
    return text("x" * arguments["size"])


def noise(arguments: Json, request: Json) -> Json:
    write("This is no message.")
    write('{"jsonrpc": "2.0", "id": 99, "result": {}}')
    write("[" * 1000)
    write("")
    with lock:
        sys.stderr.write("e" * 300_000 + "\n")
        sys.stderr.write("and the last line\n")
        sys.stderr.flush()
        sys.stdout.write('{"jsonrpc": "2.0", "method": "notifications/mess')
        sys.stdout.flush()
        sys.stdout.write('age", "params": {}}\n')
    return text("noisy")


def spawn(arguments: Json, request: Json) -> Json:
    """Leave somebody behind who does not want to go."""
    stubborn = subprocess.Popen([sys.executable, "-I", "-S", "-c", STUBBORN])
    return text({"pid": os.getpid(), "stubborn": stubborn.pid})


def grow(arguments: Json, request: Json) -> Json:
    state["more"] = True
    send({"method": "notifications/tools/list_changed"})
    return text("grown")


def touch(arguments: Json, request: Json) -> Json:
    for uri in state["followed"]:
        send({"method": "notifications/resources/updated", "params": {"uri": uri}})
    return text("touched")


def name_user(arguments: Json, request: Json) -> Json:
    asked = {"message": "Who are you?", "requestedSchema": NAME}
    return text(ask("elicitation/create", asked))


def think(arguments: Json, request: Json) -> Json:
    said = [{"role": "user", "content": {"type": "text", "text": "Think."}}]
    return text(ask("sampling/createMessage", {"messages": said, "maxTokens": 10}))


def where(arguments: Json, request: Json) -> Json:
    return text(ask("roots/list", {}))


NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
STRING = {"type": "string"}
NUMBER = {"type": "integer"}
ARGUMENTS: dict[str, Json] = {
    "echo": {"text": STRING},
    "remember": {"value": STRING},
    "steps": {"count": NUMBER},
    "tell": {"text": STRING},
    "add": {"a": NUMBER, "b": NUMBER},
    "lie": {"a": NUMBER},
    "large": {"size": NUMBER},
}
TOOLS: dict[str, Callable[[Json, Json], Json]] = {
    function.__name__: function
    for function in (
        echo, remember, pid, environment, steps, tell, hang, cancels, everything, add, lie, fail,
        refuse, stop, crash, large, noise, spawn, grow, touch, name_user, think, where,
    )
}  # fmt: skip
SUM = {"type": "object", "properties": {"sum": NUMBER}, "required": ["sum"]}


def listed_tools() -> list[Json]:
    tools: list[Json] = []
    for name in TOOLS:
        properties = ARGUMENTS.get(name, {})
        schema = {"type": "object", "properties": properties, "required": list(properties)}
        tools.append({"name": name, "description": f"Does {name}.", "inputSchema": schema})
        if name in ("add", "lie"):
            tools[-1] |= {
                "outputSchema": SUM,
                "annotations": {"readOnlyHint": True, "title": "Sum"},
            }
    outside = {"type": "object", "properties": {"a": {"$ref": "http://outside.example/a"}}}
    tools.append({"name": "reaches out", "inputSchema": outside})
    tools.append({"name": "with spaces & more", "inputSchema": {"type": "object"}})
    if state["more"]:
        tools.append({"name": "more", "inputSchema": {"type": "object"}})
    return tools


NOTES = {"note://one": "first", "note://two": "second"}
LISTS: dict[str, tuple[str, Callable[[], list[Json]]]] = {
    "tools/list": ("tools", listed_tools),
    "resources/list": (
        "resources",
        lambda: [{"uri": uri, "name": uri[7:], "mimeType": "text/plain"} for uri in NOTES],
    ),
    "resources/templates/list": (
        "resourceTemplates",
        lambda: [{"uriTemplate": "note://by/{name}", "name": "by"}],
    ),
    "prompts/list": (
        "prompts",
        lambda: [{"name": "letter", "arguments": [{"name": "to", "required": True}]}],
    ),
}


def page(method: str, params: Json) -> Json:
    member, items = LISTS[method]
    begin, found = int(params.get("cursor", 0)), items()
    result: Json = {member: found[begin : begin + PAGE]}
    if begin + PAGE < len(found):
        result["nextCursor"] = str(begin + PAGE)
    return result


def read(params: Json) -> Json:
    uri = params["uri"]
    if uri not in NOTES and not uri.startswith("note://by/"):
        raise LookupError("There is no such note.")
    said = NOTES.get(uri, f"a note by {uri[10:]}")
    return {"contents": [{"uri": uri, "mimeType": "text/plain", "text": said}]}


def initialize(params: Json) -> Json:
    revision = "2024-11-05" if "old" in HOW else params["protocolVersion"]
    state["client"] = params
    kinds: Json = {
        "tools": {"listChanged": True},
        "resources": {"subscribe": True},
        "prompts": {},
    }
    return {
        "protocolVersion": "3000-01-01" if "strange" in HOW else revision,
        "capabilities": {**kinds, "completions": {}, "logging": {}},
        "serverInfo": {"name": "for tests", "version": "2" if state["more"] else "1"},
    }


def result_of(request: Json) -> Json:
    method, params = request["method"], request.get("params", {})
    if method == "tools/call":
        return TOOLS.get(params["name"], echo)(params["arguments"], request)
    if method in LISTS:
        return page(method, params)
    if method == "initialize":
        return initialize(params)
    if method == "resources/read":
        return read(params)
    if method == "resources/subscribe":
        state["followed"].append(params["uri"])
        return {}
    if method == "prompts/get":
        said = {"type": "text", "text": f"Dear {params['arguments']['to']}"}
        return {"messages": [{"role": "assistant", "content": said}]}
    if method == "completion/complete":
        return {"completion": {"values": [params["argument"]["value"] + "a"]}}
    raise NotImplementedError(method)


def stateless_result_of(request: Json) -> Json:
    """The result of a request that says who asks, or asks for more."""
    method, params = request["method"], request.get("params", {})
    meta = params.get("_meta", {})
    if meta.get("io.modelcontextprotocol/protocolVersion") != "2026-07-28":
        raise NotImplementedError("Only 2026-07-28 is served here.")
    if method == "server/discover":
        capabilities = {"tools": {}, "resources": {"subscribe": True}, "prompts": {}}
        return {"supportedVersions": ["2026-07-28"], "capabilities": capabilities}
    if method == "subscriptions/listen":
        state["followed"] += params["notifications"].get("resourceSubscriptions", [])
        threading.Event().wait(60)
    if params.get("name") != "name_user":
        return result_of(request)
    if "inputResponses" in params:
        return text([params["inputResponses"]["who"], params["requestState"]])
    asked = {"method": "elicitation/create", "params": {"message": "Who?", "requestedSchema": NAME}}
    return {
        "resultType": "input_required",
        "inputRequests": {"who": asked},
        "requestState": "a state",
    }


def serve(request: Json) -> None:
    """Answer a request."""
    try:
        find = stateless_result_of if "stateless" in HOW else result_of
        result = find(request)
    except LookupError as error:
        send({"id": request["id"], "error": {"code": -32002, "message": str(error)}})
    except NotImplementedError as error:
        send({"id": request["id"], "error": {"code": -32601, "message": str(error)}})
    else:
        send({"id": request["id"], "result": result})


def hear(message: Json) -> None:
    """Take a message."""
    if "method" not in message:
        event, answers = waiting.pop(message["id"])
        answers.append({key: message[key] for key in ("result", "error") if key in message})
        event.set()
    elif "id" in message:
        threading.Thread(target=serve, args=(message,), daemon=True).start()
    elif message["method"] == "notifications/cancelled":
        left = message["params"]["requestId"]
        cancellations.append(left)
        if left in cancelled:
            cancelled[left].set()


if __name__ == "__main__":
    sys.stderr.write("A server for tests begins.\n")
    sys.stderr.flush()
    if "crash" in HOW:
        sys.exit("It cannot begin.")
    for line in sys.stdin:
        if "silent" not in HOW:
            hear(json.loads(line))
