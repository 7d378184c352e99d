"""Steps of logging in: from the challenge to where tokens are issued, as a client follows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from mcp_transport.auth.issuers.discovery import addresses_of
from mcp_transport.management.doctor.finding import Verdict, failed, ok, warning
from mcp_transport.management.doctor.visit import Visit

PUBLIC_URL = (
    "Set MCP_PUBLIC_URL to the origin that clients use, and let the proxy pass /.well-known/ on."
)
ENDPOINTS = ("authorization_endpoint", "token_endpoint")


def resource(visit: Visit) -> Verdict:
    """The challenge names what says where to log in, and that is about this very address."""
    address = address_in(visit.challenge)
    if not address:
        return ok("the challenge names no authorization server: clients send a token of the site's")
    if not address.startswith(f"{visit.own_origin}/"):
        return failed(f"the challenge names {address}, which is another origin", PUBLIC_URL)
    metadata = members(visit.client.get(address))
    if not metadata:
        return failed(f"{address} has no metadata", PUBLIC_URL)
    named = metadata.get("resource")
    if named != visit.url.rstrip("/"):
        return failed(
            f"the metadata is about {named}, which clients compare with {visit.url}",
            f"Give clients that address. {PUBLIC_URL}",
        )
    issuers = metadata.get("authorization_servers")
    if not isinstance(issuers, list) or not issuers:
        return failed("the metadata names no authorization server", "Look at MCP_ISSUERS.")
    visit.issuers = [str(issuer) for issuer in issuers]
    return ok(f"tokens are issued by {', '.join(visit.issuers)}")


def issuers(visit: Visit) -> Verdict:
    """Each authorization server says where to log in, and lets clients of this kind do so."""
    found = [_issuer(visit, issuer) for issuer in visit.issuers]
    bad = [verdict for verdict in found if not verdict.is_good]
    doubtful = [verdict for verdict in found if verdict.remedy]
    return next(iter(bad or doubtful), ok("none is named" if not found else "clients can log in"))


def address_in(challenge: str) -> str:
    """Where a challenge says that the metadata is; empty where it does not."""
    found = re.search(r'resource_metadata="([^"]+)"', challenge)
    return found[1] if found else ""


def members(response: httpx.Response) -> Mapping[str, Any]:
    """The object in an answer; empty for what is none."""
    try:
        found = response.json() if response.status_code == 200 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _issuer(visit: Visit, issuer: str) -> Verdict:
    tried = {address: members(visit.client.get(address)) for address in addresses_of(issuer)}
    metadata = next((found for found in tried.values() if found.get("issuer") == issuer), {})
    if not metadata:
        said = {str(found["issuer"]) for found in tried.values() if "issuer" in found}
        told = f"; there is one of {', '.join(said)}" if said else ""
        return failed(
            f"{issuer} has no metadata{told}",
            "Write the issuer letter by letter as its metadata has it, with its closing slash"
            f" if it has one. Looked at: {', '.join(tried)}.",
        )
    lacking = [name for name in ENDPOINTS if not metadata.get(name)]
    if lacking:
        return failed(f"{issuer} has no {', '.join(lacking)}", "It is no server to log in at.")
    if "S256" not in (metadata.get("code_challenge_methods_supported") or ()):
        return failed(
            f"{issuer} does not say that it takes PKCE with S256",
            "Switch PKCE on there: clients refuse to log in without it.",
        )
    takes_strangers = metadata.get("client_id_metadata_document_supported") or metadata.get(
        "registration_endpoint"
    )
    if not takes_strangers:
        return warning(
            f"{issuer} lets no client register itself",
            "Make a client there for each kind of program, and give its users the id.",
        )
    return ok(issuer)
