"""Steps of the protocol: credentials, discovery, a session from its beginning to its end, tools."""

from __future__ import annotations

import httpx

from mcp_transport.management.doctor.endpoint import CHALLENGE, DISCOVER
from mcp_transport.management.doctor.finding import Verdict, failed, ok, skipped, warning
from mcp_transport.management.doctor.visit import (
    CLIENT,
    LEGACY,
    Visit,
    message_of,
    result_of,
    said_by,
)

MAX_PAGES = 100


def anonymous(visit: Visit) -> Verdict:
    """Without a credential, a client is told that one is needed."""
    response = visit.post(DISCOVER, authorization=None)
    if result_of(response):
        visit.is_open = True
        return warning(
            "the server answers anybody", "If it should not, change its access in the admin."
        )
    if response.status_code != 401:
        return failed(
            f"a request without a token gets {said_by(response)}", "It has to get status 401."
        )
    visit.challenge = response.headers.get(CHALLENGE, "")
    if not visit.challenge.lower().startswith("bearer"):
        return failed(
            "status 401 comes without WWW-Authenticate: Bearer",
            "Let the proxy keep the header: clients learn from it how to log in.",
        )
    return ok("a request without a token gets status 401")


def token(visit: Visit) -> Verdict:
    """The credential that was given is good."""
    if not visit.token:
        return (
            ok("none is needed")
            if visit.is_open
            else skipped("no token was given", "Give one with --token or the variable MCP_TOKEN.")
        )
    response = visit.post(DISCOVER)
    if response.status_code == 401:
        return refused(response)
    if response.status_code == 403:
        return failed(said_by(response), "Give the token's user the permission, or use another.")
    if response.status_code == 503:
        return failed(said_by(response), "Look at the site's database: tokens cannot be read.")
    return ok("the token is good")


def refused(response: httpx.Response) -> Verdict:
    """Whether the token is bad, or never came."""
    if "error=" in response.headers.get(CHALLENGE, ""):
        return failed(
            said_by(response), "Make a new one with `manage.py mcp token create <user> <name>`."
        )
    return failed(
        "the token does not arrive: the server says that none was sent",
        "Let the proxy pass on the Authorization header"
        " (nginx: proxy_set_header Authorization $http_authorization).",
    )


def discover(visit: Visit) -> Verdict:
    """The stateless revision is spoken."""
    response = visit.post(DISCOVER)
    result = result_of(response)
    revisions = result.get("supportedVersions")
    if not isinstance(revisions, list) or not revisions:
        return failed(
            f"server/discover gets {said_by(response)}",
            "Compare the headers that arrive (Mcp-Method, MCP-Protocol-Version) with those sent:"
            " a proxy may remove what it does not know.",
        )
    return ok(f"revisions {', '.join(map(str, revisions))}")


def handshake(visit: Visit) -> Verdict:
    """A client of an earlier revision gets a session."""
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": CLIENT}
    response = visit.post_legacy("initialize", params)
    result = result_of(response)
    if not result:
        return failed(f"initialize gets {said_by(response)}", "The server's log says why.")
    visit.session_id = response.headers.get("mcp-session-id", "")
    if not visit.session_id:
        return failed(
            "the answer to initialize has no Mcp-Session-Id",
            "Let the proxy keep the header: without it every further request is refused.",
        )
    accepted = visit.post_legacy("notifications/initialized", is_notification=True)
    if accepted.status_code != 202:
        return failed(
            f"notifications/initialized gets {said_by(accepted)}",
            "Let the proxy pass on the Mcp-Session-Id header.",
        )
    return ok(f"revision {result.get('protocolVersion')}, a session is open")


def session(visit: Visit) -> Verdict:
    """The session goes on, ends when it is told to, and then is gone."""
    response = visit.post_legacy("ping")
    if "result" not in message_of(response):
        return failed(
            f"ping in the session gets {said_by(response)}",
            "All worker processes have to share one database and one clock.",
        )
    ended = visit.end_session()
    if not ended.is_success:
        return failed(
            f"DELETE gets {said_by(ended)}", "Let the proxy pass on DELETE as it does POST."
        )
    after = visit.post_legacy("ping")
    if after.status_code != 404:
        return failed(
            f"a session that was ended gets {said_by(after)}",
            "It has to get status 404; look whether something in front answers for the site.",
        )
    return ok("went on, ended, and is gone")


def tools(visit: Visit) -> Verdict:
    """The list of tools can be read to its end."""
    names: list[str] = []
    cursor: dict[str, str] = {}
    for _page in range(MAX_PAGES):
        response = visit.post("tools/list", cursor)
        if message_of(response).get("error", {}).get("code") == -32601:
            return ok("offers no tools")
        result = result_of(response)
        if "tools" not in result:
            return failed(f"tools/list gets {said_by(response)}", "The server's log says why.")
        names += [tool.get("name", "") for tool in result["tools"]]
        if "nextCursor" not in result:
            return counted(names)
        cursor = {"cursor": result["nextCursor"]}
    return failed(f"the list does not end after {MAX_PAGES} pages", "Report this as an error.")


def counted(names: list[str]) -> Verdict:
    """How many tools there are for this credential."""
    if not names:
        return warning(
            "no tools are offered to this token",
            "Look at the server's offers, the entries' permissions and the token's scopes.",
        )
    return ok(
        f"{len(names)} tools, {names[0]} the first" if len(names) > 1 else f"1 tool, {names[0]}"
    )
