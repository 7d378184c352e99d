"""Eras, the endpoint, headers, JSON-RPC, metadata, discovery and response streams."""

from __future__ import annotations

from tests.interaction.requirements.record import ALL, LEGACY, MODERN, page, requirement

INDEX = "2026-07-28/basic/index"
VERSIONING = "2026-07-28/basic/versioning"
COMPATIBILITY = page(VERSIONING, "Backward Compatibility with Initialization-Based Versions")
STREAMABLE = "2026-07-28/basic/transports/streamable-http"
VERSION_HEADER = page(STREAMABLE, "Protocol Version Header")
STANDARD_HEADERS = page(STREAMABLE, "Standard Request Headers")
CUSTOM_HEADERS = page(STREAMABLE, "Server Behavior for Custom Headers")
VALIDATION = page(STREAMABLE, "Server Validation")
SENDING = page(STREAMABLE, "Sending Messages")
RECEIVING = page(STREAMABLE, "Receiving Messages")
ENDPOINT = page(STREAMABLE, "Security & Endpoint")
SENDING_D = page("2025-11-25/basic/transports", "Sending Messages to the Server")
HEADER_D = page("2025-11-25/basic/transports", "Protocol Version Header")
CODES = page(INDEX, "Error Codes")
ERRORS = page(INDEX, "Error Responses")
META = page(INDEX, "_meta")
STATELESS = page(INDEX, "Statelessness")
DISCOVER = page("2026-07-28/server/discover", "Response")

ROWS = (
    # --- eras
    requirement(
        "ERA-1", page(VERSIONING, "Compatibility Matrix"), ALL,
        "One URL answers both eras, and what a request is depends on that request alone.",
    ),
    requirement(
        "ERA-2", COMPATIBILITY, MODERN,
        "A request whose metadata names a modern revision is answered with no handshake before it.",
    ),
    requirement(
        "ERA-3", COMPATIBILITY, LEGACY,
        "A handshake opens a session at the revision it agreed on, and the session stays there.",
    ),
    requirement(
        "ERA-4", page(VERSIONING, "Compatibility Matrix"), LEGACY,
        "A handshake succeeds with none of the headers that only modern requests carry.",
    ),
    requirement(
        "ERA-5", VERSION_HEADER, MODERN,
        "A handshake dressed as a modern request is an unknown method.",
    ),
    requirement(
        "ERA-6", page("2026-07-28/changelog", "Major changes"), MODERN,
        "A method that the modern revision dropped is unknown there and still works in a session.",
    ),
    requirement(
        "ERA-7", page(VERSIONING, "Terminology"), ALL,
        "Asking a handshake for a revision that has none leads to the newest one that has.",
    ),
    requirement(
        "ERA-8", page(VERSIONING, "Protocol Version Negotiation"), MODERN,
        "A modern envelope around a legacy revision is an unsupported version.",
    ),
    requirement(
        "ERA-9", META, MODERN,
        "A modern version header over a body without metadata is malformed, not legacy.",
    ),
    requirement(
        "ERA-10", page(STREAMABLE, "Backward Compatibility"), MODERN,
        "Whatever refuses a modern request is JSON with an error code, so that no client falls back.",
    ),
    requirement(
        "ERA-11", COMPATIBILITY, MODERN,
        "A server without handshakes says in its refusal which revisions it serves.",
        absence="test_no_server_is_modern_only",
    ),
    requirement(
        "ERA-12", HEADER_D, ALL,
        "Without a version header a session goes on; a modern body without it is refused.",
    ),
    requirement(
        "ERA-13", page(STREAMABLE, "Earlier Streamable HTTP Revisions"), MODERN,
        "Modern requests know POST only; session ids and event ids in them mean nothing.",
    ),
    requirement(
        "ERA-14", page("2025-06-18/schema"), LEGACY,
        "No member that a revision does not define is sent to its clients.",
    ),
    requirement(
        "ERA-15", page("2026-07-28/basic/authorization/index", "Error Handling"), ALL,
        "Who may not come in is told so before anybody asks which era they speak.",
    ),
    requirement(
        "ERA-16", page("2026-07-28/basic/patterns/subscriptions"), ALL,
        "One change reaches listeners of both eras, each once and in its own form.",
    ),
    requirement(
        "ERA-17", page("2026-07-28/basic/patterns/mrtr"), ALL,
        "The same tool asks its user in either era and comes to the same result.",
    ),
    # --- the endpoint
    requirement(
        "HTTP-1", ENDPOINT, "BCDE",
        "The endpoint is one path; POST always works there, and a GET is never 404.",
    ),
    requirement("HTTP-2", ENDPOINT, ALL, "The Origin of every request is looked at."),
    requirement(
        "HTTP-3", ENDPOINT, ALL,
        "A page from elsewhere gets 403, and so does a Host that is not ours.",
    ),
    requirement("HTTP-4", ENDPOINT, ALL, "A client that sends no Origin is let in."),
    requirement("HTTP-5", ENDPOINT, ALL, "Unless told otherwise, only this machine can connect."),
    requirement("HTTP-6", ENDPOINT, ALL, "Unless a server is declared public, a token is needed."),
    requirement(
        "HTTP-7", SENDING, "BCDE", "A request is answered with JSON or with an event stream."
    ),
    requirement(
        "HTTP-8", SENDING, "BCDE",
        "What needs no answer is accepted with 202 and nothing else.",
    ),
    requirement(
        "HTTP-9", SENDING, "BCDE",
        "A notification that cannot be taken gets an HTTP error, its JSON without an id.",
    ),
    requirement(
        "HTTP-10", SENDING, MODERN, "A modern body is neither a list nor somebody's answer."
    ),
    requirement("HTTP-11", SENDING_D, "CD", "After 2025-03-26 a list of messages is refused."),
    requirement(
        "HTTP-12", SENDING, MODERN,
        "A stray modern notification is accepted, dropped, and cancels nobody's work.",
    ),
    requirement("HTTP-13", page(INDEX, "Messages"), "BCDE", "Bytes that are not UTF-8 are no JSON."),
    requirement(
        "HTTP-14", ERRORS, ALL,
        "Text that is no JSON and JSON that is no message are told apart.",
    ),
    requirement(
        "HTTP-15", SENDING, "BCDE",
        "A client that can read neither form is refused with 406; wildcards count.",
    ),
    requirement("HTTP-16", SENDING, "BCDE", "A body that does not claim to be JSON gets 415."),
    requirement(
        "HTTP-17", SENDING, ALL, "A body over the limit gets 413 while it is still coming in."
    ),
    requirement(
        "HTTP-18", ERRORS, "DE", "An error repeats the request's id if it could be read, or has none."
    ),
    requirement(
        "HTTP-19", ENDPOINT, ALL,
        "A browser page of an allowed origin may ask first and read the headers it needs.",
    ),
    # --- headers
    requirement("HDR-1", VERSION_HEADER, MODERN, "The version header is never left out."),
    requirement("HDR-2", VERSION_HEADER, MODERN, "It says what the body says."),
    requirement(
        "HDR-3", VALIDATION, MODERN,
        "An unknown version is answered with those that are served and the one asked for.",
    ),
    requirement(
        "HDR-4", STANDARD_HEADERS, MODERN,
        "The method header repeats the body's method, letter for letter.",
    ),
    requirement(
        "HDR-5", STANDARD_HEADERS, MODERN,
        "The name header repeats what is called or read, where something is.",
    ),
    requirement(
        "HDR-6", page("/extensions/tasks/overview"), MODERN,
        "For tasks the name header repeats the task's id.",
    ),
    requirement(
        "HDR-7", page(STREAMABLE, "Case Sensitivity"), MODERN,
        "How a header's name is capitalised does not matter.",
    ),
    requirement("HDR-8", VALIDATION, MODERN, "Blanks around a header's value do not count."),
    requirement(
        "HDR-9", page(STREAMABLE, "Value Encoding"), MODERN,
        "A value marked as base64 is decoded before it is compared.",
    ),
    requirement(
        "HDR-10", CUSTOM_HEADERS, MODERN,
        "Marked base64 that is broken is refused; unmarked text stands for itself.",
    ),
    requirement("HDR-11", VALIDATION, MODERN, "Bytes that no header may hold are refused."),
    requirement(
        "HDR-12", VALIDATION, MODERN,
        "Each of these refusals is 400 with the header-mismatch code and the request's id.",
    ),
    requirement(
        "HDR-13", page(STREAMABLE, "Schema Extension"), MODERN,
        "A tool that maps an argument to a header in a forbidden way cannot be registered.",
    ),
    requirement(
        "HDR-14", CUSTOM_HEADERS, MODERN,
        "An argument that is mapped to a header arrives in both, with one value.",
    ),
    requirement(
        "HDR-15", CUSTOM_HEADERS, MODERN, "For an argument that is not given no header is needed."
    ),
    requirement("HDR-16", CUSTOM_HEADERS, MODERN, "Whole numbers are compared as numbers."),
    requirement("HDR-17", CUSTOM_HEADERS, MODERN, "A parameter header nobody mapped is ignored."),
    requirement(
        "HDR-18", page("2026-07-28/server/tools"), MODERN,
        "No tool that is shipped sends a secret in a header.",
    ),
    requirement(
        "HDR-19", VALIDATION, MODERN,
        "Nothing is decided by a header before it has been compared with the body.",
    ),
    requirement("HDR-20", VALIDATION, MODERN, "A routing header that stands twice is refused."),
    # --- JSON-RPC
    requirement(
        "RPC-1", page(INDEX, "Requests"), ALL,
        "An id is a text or a whole number and comes back as what it was; null is none.",
    ),
    requirement(
        "RPC-2", page(INDEX, "Requests"), ALL,
        "Two requests that share an id at the same time both get their own answer.",
    ),
    requirement(
        "RPC-3", page(INDEX, "Responses"), ALL,
        "An answer has a result or an error, and an error has a number and a text.",
    ),
    requirement("RPC-4", page(INDEX, "Notifications"), ALL, "Notifications are never answered."),
    requirement(
        "RPC-5", page(INDEX, "ResultType"), ALL,
        "Every modern result says what type it is, and no older one does.",
    ),
    requirement(
        "RPC-6", CODES, ALL,
        "A method is unknown if it does not exist or if its capability is not advertised.",
    ),
    requirement(
        "RPC-7", VERSION_HEADER, ALL,
        "An unknown method is 404 in the modern era and an ordinary answer in a session.",
    ),
    requirement(
        "RPC-8", CODES, MODERN, "No code is invented in the ranges that the protocol keeps."
    ),
    requirement(
        "RPC-9", CODES, ALL,
        "A missing resource has the code of its revision; dropped codes are never modern.",
    ),
    requirement("RPC-10", CODES, MODERN, "Codes of our own lie outside JSON-RPC's reserved range."),
    requirement("RPC-11", META, MODERN, "Incomplete metadata is 400."),
    requirement("RPC-12", CODES, MODERN, "The three modern refusals are 400."),
    requirement(
        "RPC-13", CODES, MODERN,
        "What a handler finds wrong travels on 200; what is wrong before it runs on 400.",
    ),
    requirement(
        "RPC-14", RECEIVING, "BCDE",
        "An error after the stream has begun is the stream's last message.",
    ),
    requirement("RPC-15", page(INDEX, "Messages"), ALL, "The JSON-RPC version has to be there."),
    # --- metadata
    requirement(
        "META-1", META, MODERN, "A request lacks nothing of its required metadata, or is refused."
    ),
    requirement("META-2", META, MODERN, "A client need not say who it is."),
    requirement("META-3", META, MODERN, "Who a client says it is changes nothing it may do."),
    requirement(
        "META-4", STATELESS, MODERN, "What one request declared is forgotten for the next one."
    ),
    requirement(
        "META-5", STATELESS, MODERN, "State comes back only in what the client itself sends."
    ),
    requirement("META-6", STATELESS, MODERN, "Any worker process continues another's dialogue."),
    requirement(
        "META-7", META, MODERN,
        "A tool that needs what the client cannot do names it in the refusal.",
    ),
    requirement("META-8", META, MODERN, "Every result says which server made it."),
    requirement("META-9", META, ALL, "No key of ours stands under a reserved prefix."),
    requirement(
        "META-10", META, ALL, "A well-formed trace context is kept and a malformed one is ignored."
    ),
    requirement(
        "META-11", page(VERSIONING, "Extension Negotiation"), MODERN,
        "An extension that nobody here knows does no harm.",
    ),
    requirement(
        "META-12", page("2026-07-28/server/tools", "Capabilities"), ALL,
        "A list is the same before and after a call; it may differ between users.",
    ),
    # --- discovery
    requirement("DISC-1", DISCOVER, MODERN, "Discovery is always answered."),
    requirement(
        "DISC-2", page("2026-07-28/server/discover", "DiscoverResult"), MODERN,
        "It tells revisions, capabilities and how long that holds; the server's name is metadata.",
    ),
    requirement("DISC-3", DISCOVER, ALL, "What it declares works, and nothing else does."),
    requirement(
        "DISC-4", page(VERSIONING, "Protocol Version Negotiation"), MODERN,
        "Discovery and refusals list the same revisions, the modern one first.",
    ),
    requirement(
        "DISC-5", page("2026-07-28/server/discover", "When to Call"), MODERN,
        "Discovery may be the very first request, and nothing requires it.",
    ),
    # --- response streams
    requirement(
        "SSE-1", RECEIVING, MODERN, "A request's stream carries its own notifications and its answer."
    ),
    requirement("SSE-2", RECEIVING, MODERN, "No modern stream carries a request."),
    requirement("SSE-3", RECEIVING, MODERN, "After the answer the stream ends."),
    requirement("SSE-4", RECEIVING, "BCDE", "Proxies are told not to buffer a stream."),
    requirement("SSE-5", RECEIVING, "BCDE", "A silent stream shows that it is alive."),
    requirement("SSE-6", RECEIVING, MODERN, "Modern events have no ids."),
    requirement("SSE-7", RECEIVING, "BCDE", "Requests at the same time have answers of their own."),
    requirement(
        "SSE-8", page("2026-07-28/basic/patterns/progress"), MODERN,
        "A call that reports before it is done is answered with a stream, any other with JSON.",
    ),
)  # fmt: skip
