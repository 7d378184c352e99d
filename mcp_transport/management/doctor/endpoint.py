"""Steps of HTTP: the path, its other form, Host, Origin and what a page may send."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from mcp_transport.management.doctor.finding import Verdict, failed, ok, warning
from mcp_transport.management.doctor.visit import Visit, message_of, said_by

DISCOVER = "server/discover"
FOREIGN_HOST = "mcp-doctor.invalid"  # RFC 2606: no such name will ever exist
FOREIGN_ORIGIN = f"https://{FOREIGN_HOST}"
ASKED_HEADERS = ("authorization", "content-type", "mcp-method", "mcp-protocol-version")
CHALLENGE = "www-authenticate"
UNREACHED = (502, 503, 504)

MOUNT = (
    "Something else answers here. Serve the ASGI application that mcp_application() made,"
    " and compare MCP_PATH and what the proxy passes on."
)


def path(visit: Visit) -> Verdict:
    """The endpoint itself answers a POST, without a detour."""
    response = visit.first = visit.post(DISCOVER)
    if response.is_redirect:
        return redirected(visit, response)
    if message_of(response) or CHALLENGE in response.headers:
        return answered(response)
    if response.status_code in UNREACHED:
        return failed(
            f"{said_by(response)}: the proxy does not reach the site",
            "Start the site, and compare its address with the one in the proxy's configuration.",
        )
    return failed(f"{said_by(response)}, and no message of the protocol", MOUNT)


def answered(response: httpx.Response) -> Verdict:
    """What an answer of the endpoint means for its path."""
    if response.status_code == 404:
        return failed(
            said_by(response),
            "`manage.py mcp servers` lists the servers of the site and their paths.",
        )
    if response.status_code == 403 and "Host" in said_by(response):
        return failed(
            said_by(response),
            "Add the host to ALLOWED_HOSTS; behind a proxy, let it pass on the Host header"
            " (nginx: proxy_set_header Host $host).",
        )
    return ok(f"the endpoint answers, status {response.status_code}")


def redirected(visit: Visit, response: httpx.Response) -> Verdict:
    """Clients do not repeat a POST elsewhere, least of all with their token."""
    target = urlsplit(str(httpx.URL(visit.url).join(response.headers.get("location", ""))))
    place = target._replace(query="", fragment="").geturl()
    says = f"POST is redirected to {place}"
    if target.path.rstrip("/") != visit.parts.path.rstrip("/"):
        return failed(says, "Let requests to this path pass whatever asks browsers to log in.")
    if target.scheme != visit.parts.scheme:
        return failed(says, f"Give clients the address {place}.")
    return failed(
        says, "Let the proxy pass the path on as it is: no rule that adds or removes a slash."
    )


def slash(visit: Visit) -> Verdict:
    """The path works with and without a slash at its end, as people write both."""
    url = visit.url[:-1] if visit.url.endswith("/") else f"{visit.url}/"
    response = visit.post(DISCOVER, url=url)
    if message_of(response) and not response.is_redirect and response.status_code != 404:
        return ok(f"{urlsplit(url).path} answers, too")
    return warning(
        f"{urlsplit(url).path} does not answer like the other form ({said_by(response)})",
        "Pass both on to the site (nginx: location /mcp { … } without a slash at its end).",
    )


def host(visit: Visit) -> Verdict:
    """A foreign name in the Host header is refused: DNS rebinding would send one."""
    try:
        response = visit.post(DISCOVER, host=FOREIGN_HOST, authorization=None)
    except (httpx.RemoteProtocolError, httpx.ReadError):
        return ok("a foreign Host is cut off")
    if message_of(response) and response.status_code != 403:
        return failed(
            f"the endpoint answers under any host name ({said_by(response)})",
            "Name the hosts in ALLOWED_HOSTS, and let a proxy pass on the Host header as it comes.",
        )
    return ok(f"a foreign Host is refused, status {response.status_code}")


def origin(visit: Visit) -> Verdict:
    """A page of somebody else may not call."""
    response = visit.post(DISCOVER, origin=FOREIGN_ORIGIN)
    if response.status_code == 403:
        return ok("a foreign Origin is refused")
    return failed(
        f"a page of {FOREIGN_ORIGIN} may call ({said_by(response)})",
        "Take what is too wide out of MCP_ALLOWED_ORIGINS; the proxy passes on the Origin header.",
    )


def cors(visit: Visit) -> Verdict:
    """A page that may call is told so before it does."""
    page = visit.origin or visit.own_origin
    asked = {
        "origin": page,
        "access-control-request-method": "POST",
        "access-control-request-headers": ", ".join(ASKED_HEADERS),
    }
    response = visit.client.options(visit.url, headers=asked)
    if not response.is_success:
        return failed(
            f"pages of {page} may not call ({said_by(response)})",
            "Add the origin to MCP_ALLOWED_ORIGINS; for the site's own pages, let the proxy pass"
            " on the Host header and OPTIONS.",
        )
    return allowed(page, response)


def allowed(page: str, response: httpx.Response) -> Verdict:
    """Whether a preflight's answer lets a page do what it has to."""
    if response.headers.get("access-control-allow-origin") != page:
        return failed(
            f"the answer to a preflight does not allow {page}",
            "Something in front answers OPTIONS itself; let it pass those on to the site.",
        )
    names = response.headers.get("access-control-allow-headers", "").lower().split(",")
    missing = sorted(set(ASKED_HEADERS) - {name.strip() for name in names})
    if missing:
        return failed(
            f"pages may not send {', '.join(missing)}",
            "Something in front answers OPTIONS itself; let it pass those on to the site.",
        )
    return ok(f"pages of {page} may call")
