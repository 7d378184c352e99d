"""Handshakes, sessions, resumable streams and batches."""

from __future__ import annotations

from tests.interaction.requirements.record import LEGACY, page, requirement

LIFECYCLE = "2025-11-25/basic/lifecycle"
TRANSPORTS = "2025-11-25/basic/transports"
SENDING = page(TRANSPORTS, "Sending Messages to the Server")
LISTENING = page(TRANSPORTS, "Listening for Messages from the Server")
RESUMING = page(TRANSPORTS, "Resumability and Redelivery")
SESSIONS = page(TRANSPORTS, "Session Management")
VERSION_HEADER = page(TRANSPORTS, "Protocol Version Header")
BATCHING = page("2025-03-26/basic/index", "Batching")
BATCHES = page("2025-03-26/basic/transports", "Sending Messages to the Server")

ROWS = (
    # --- lifecycle
    requirement(
        "LC-1", page(LIFECYCLE, "Initialization"), LEGACY,
        "A session begins with a handshake that tells what the server is and can do.",
    ),
    requirement(
        "LC-2", page(LIFECYCLE, "Version Negotiation"), LEGACY,
        "A revision that is served is agreed on; any other is answered with the newest.",
    ),
    requirement(
        "LC-3", page(LIFECYCLE, "Error Handling"), LEGACY,
        "A handshake never fails over its revision while there is one to offer.",
    ),
    requirement(
        "LC-4", page(LIFECYCLE, "Operation"), LEGACY,
        "A session keeps to the revision and the capabilities that it agreed on.",
    ),
    requirement(
        "LC-5", page(LIFECYCLE, "Initialization"), "BCD", "The end of the handshake is accepted."
    ),
    requirement(
        "LC-6", page("2025-11-25/basic/utilities/cancellation", "Behavior Requirements"), LEGACY,
        "A handshake stands alone: not in a batch.",
    ),
    requirement("LC-7", page(LIFECYCLE, "Shutdown"), LEGACY, "A session can be ended."),
    requirement(
        "LC-8", page(LIFECYCLE, "Timeouts"), "BCD",
        "Work in a session has a limit that progress does not move.",
    ),
    requirement(
        "LC-9", page("2025-11-25/basic/utilities/ping"), LEGACY,
        "A ping is answered with nothing in it, however early.",
    ),
    requirement(
        "LC-10", page("2025-11-25/server/utilities/logging", "Setting Log Level"), LEGACY,
        "A session sets its log level; one that does not exist is refused.",
    ),
    requirement(
        "LC-11", page("2025-11-25/basic/utilities/cancellation", "Behavior Requirements"), LEGACY,
        "A cancelled call ends without an answer; a lost connection cancels nothing.",
    ),
    # --- streamable HTTP with sessions
    requirement("LH-1", LISTENING, "BCD", "A GET opens a stream."),
    requirement(
        "LH-2", LISTENING, "BCD", "That stream carries no answers, unless it resumes one that would."
    ),
    requirement(
        "LH-3", page(TRANSPORTS, "Multiple Connections"), "BCD",
        "A message goes to one stream; a second standalone stream is refused.",
    ),
    requirement(
        "LH-4", SENDING, "BCD",
        "A call's stream carries what belongs to the call, then its answer, and ends.",
    ),
    requirement(
        "LH-5", SENDING, "BCD",
        "Before 2025-11-25 a call's stream stays open until its answer.",
    ),
    requirement(
        "LH-6", SENDING, "BCD",
        "From 2025-11-25 on a stream begins with an empty event to resume from; before, never.",
    ),
    requirement(
        "LH-7", SENDING, "D", "A stream that is closed early says when to come back."
    ),
    requirement("LH-8", RESUMING, "BCD", "No two events of a session share an id."),
    requirement(
        "LH-9", RESUMING, "BCD",
        "Who comes back gets what that one stream still owes, and nothing of any other.",
    ),
    requirement(
        "LH-10", SESSIONS, "BCD", "A session's id is long, random and made of visible characters."
    ),
    requirement("LH-11", SESSIONS, "BCD", "Without its session's id a request is refused with 400."),
    requirement(
        "LH-12", SESSIONS, "BCD",
        "An id that is unknown, ended or somebody else's gets one and the same 404.",
    ),
    requirement("LH-13", SESSIONS, "BCD", "A client ends its session, and it stays ended."),
    requirement(
        "LH-14", page("/docs/2025-11-25/tutorials/security/security_best_practices", "Session Hijacking"),
        "BCD", "Knowing a session's id is no proof of being its owner.",
    ),
    requirement(
        "LH-15", VERSION_HEADER, "BCD",
        "A version header that means nothing is refused, without claiming to be modern only.",
    ),
    requirement(
        "LH-16", VERSION_HEADER, "BCD", "A session goes on without a version header."
    ),
    requirement(
        "LH-17", SESSIONS, "BCD", "The session header may be spelled in any case."
    ),
    requirement(
        "LH-18", VERSION_HEADER, "BCD", "A handshake may carry a version header, or not."
    ),
    # --- batches
    requirement("BAT-1", BATCHING, "B", "Several messages may come in one array."),
    requirement("BAT-2", BATCHES, "B", "Every request of an array is answered, once."),
    requirement("BAT-3", BATCHES, "B", "An array without requests is accepted, with no body."),
    requirement("BAT-4", BATCHING, "B", "The server sends arrays only to answer one."),
    requirement("BAT-5", BATCHING, "B", "An empty array is no message."),
    requirement(
        "BAT-6", page("2025-06-18/changelog", "Major changes"), "CDE",
        "Other revisions take no arrays.",
    ),
    requirement(
        "BAT-7", BATCHING, "B", "An array has a limit, and its ids are distinct."
    ),
)  # fmt: skip
