"""All steps, in the order in which one explains the next."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import httpx

from mcp_transport.management.doctor import conversation, endpoint, login, network, streams
from mcp_transport.management.doctor.finding import Finding, Step, Verdict, failed, skipped
from mcp_transport.management.doctor.visit import Visit

STEPS: tuple[Step[Visit], ...] = (
    Step("address", network.address),
    Step("name", network.name, ("address",)),
    Step("connection", network.connection, ("name",)),
    Step("certificate", network.certificate, ("connection",)),
    Step("path", endpoint.path, ("certificate",)),
    Step("slash", endpoint.slash, ("path",)),
    Step("clock", network.clock, ("path",)),
    Step("host", endpoint.host, ("path",)),
    Step("origin", endpoint.origin, ("path",)),
    Step("cors", endpoint.cors, ("path",)),
    Step("anonymous", conversation.anonymous, ("path",)),
    Step("resource", login.resource, ("anonymous",)),
    Step("issuers", login.issuers, ("resource",)),
    Step("token", conversation.token, ("path",)),
    Step("discover", conversation.discover, ("token",)),
    Step("handshake", conversation.handshake, ("token",)),
    Step("session", conversation.session, ("handshake",)),
    Step("tools", conversation.tools, ("discover",)),
    Step("stream", streams.stream, ("discover",)),
    Step("compression", streams.compression, ("stream",)),
    Step("keep-alive", streams.keep_alive, ("stream",)),
)


def examine(visit: Visit, steps: Sequence[Step[Visit]] = STEPS) -> Iterator[Finding]:
    """Try each step as far as those it needs went well; each finding comes when it is made."""
    verdicts: dict[str, Verdict] = {}
    for step in steps:
        began = time.monotonic()
        verdict = verdicts[step.name] = attempt(step, visit, verdicts)
        yield Finding(step=step.name, verdict=verdict, seconds=time.monotonic() - began)


def attempt(step: Step[Visit], visit: Visit, before: dict[str, Verdict]) -> Verdict:
    """What one step finds, or that it cannot be tried."""
    lacking = [name for name in step.needs if not before[name].is_good]
    if lacking:
        return skipped(f"needs {', '.join(lacking)}")
    try:
        return step.run(visit)
    except httpx.TimeoutException:
        return failed(
            f"no answer within {visit.timeout:g} s", "Look at the load of the site, and at its log."
        )
    except httpx.HTTPError as exc:
        return failed(
            f"the connection broke ({exc})", "Look at the logs of the proxy and of the site."
        )
