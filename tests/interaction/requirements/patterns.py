"""Cancellation, progress, logging, subscriptions, questions, caching and pages."""

from __future__ import annotations

from tests.interaction.requirements.record import ALL, MODERN, page, requirement

STREAMABLE = "2026-07-28/basic/transports/streamable-http"
CANCELLATION = "2026-07-28/basic/patterns/cancellation"
PROGRESS = page("2026-07-28/basic/patterns/progress", "Behavior Requirements")
LOGGING = "2026-07-28/server/utilities/logging"
SUBSCRIPTIONS = "2026-07-28/basic/patterns/subscriptions"
MRTR = "2026-07-28/basic/patterns/mrtr"
ASKING = page(MRTR, "Server Requirements (Basic Workflow)")
CACHING = "2026-07-28/server/utilities/caching"
PAGINATION = "2026-07-28/server/utilities/pagination"

ROWS = (
    # --- cancellation
    requirement(
        "CAN-1", page(STREAMABLE, "Cancellation"), MODERN,
        "A client that leaves has cancelled what it asked for.",
    ),
    requirement(
        "CAN-2", page(CANCELLATION, "Behavior Requirements"), MODERN,
        "Cancelled work stops soon and nothing more is sent for it.",
    ),
    requirement(
        "CAN-3", page(CANCELLATION, "Transport-Specific Cancellation"), MODERN,
        "The server never announces over HTTP that it cancelled a request.",
    ),
    requirement(
        "CAN-4", page(CANCELLATION, "Error Handling"), ALL,
        "A cancellation of what is unknown, finished or malformed is ignored.",
    ),
    requirement(
        "CAN-5", page(CANCELLATION, "Timeouts"), ALL,
        "Work that takes too long is ended, however much progress it reports.",
    ),
    # --- progress
    requirement(
        "PRG-1", PROGRESS, ALL,
        "Progress is told only to who asked, only upwards, and never after the end.",
    ),
    requirement("PRG-2", PROGRESS, ALL, "A progress token comes back as what it was."),
    requirement("PRG-3", PROGRESS, ALL, "A flood of progress is thinned out."),
    # --- logging
    requirement(
        "LOG-1", page(LOGGING), MODERN, "A request that names no level is sent no log messages."
    ),
    requirement(
        "LOG-2", page(LOGGING), ALL,
        "Messages below the level are kept back; the rest go where the request's answer goes.",
    ),
    requirement(
        "LOG-3", page(LOGGING, "Error Handling"), ALL,
        "Logging is declared, and a level that does not exist is refused.",
    ),
    requirement(
        "LOG-4", page(LOGGING, "Security"), ALL,
        "What goes wrong inside is not told to the client.",
    ),
    requirement(
        "LOG-5", page("2026-07-28/deprecated", "Deprecated"), MODERN,
        "Log messages are off until a request asks for them.",
    ),
    # --- subscriptions
    requirement(
        "SUB-1", page(SUBSCRIPTIONS, "Opening a Stream"), MODERN,
        "Listening names what it wants and opens a stream that stays.",
    ),
    requirement(
        "SUB-2", page(SUBSCRIPTIONS, "Acknowledgment"), MODERN,
        "The stream begins with what the server will tell.",
    ),
    requirement(
        "SUB-3", page(SUBSCRIPTIONS, "Acknowledgment"), MODERN,
        "What the server cannot tell is missing there, without an error.",
    ),
    requirement(
        "SUB-4", page(SUBSCRIPTIONS, "Receiving Notifications"), MODERN,
        "Every message names the subscription by the request's own id, a number as a number.",
    ),
    requirement(
        "SUB-5", page(SUBSCRIPTIONS, "Notification Filter"), MODERN,
        "Nothing arrives that was not asked for.",
    ),
    requirement(
        "SUB-6", page("2026-07-28/server/tools", "List Changed Notification"), MODERN,
        "A list that changes is told to who asked for it.",
    ),
    requirement(
        "SUB-7", page(SUBSCRIPTIONS, "Notification Filter"), MODERN,
        "A resource that changes is told to who named it, or something above it.",
    ),
    requirement(
        "SUB-8", page(STREAMABLE, "Receiving Messages"), MODERN,
        "Progress and log messages never go to a subscription.",
    ),
    requirement(
        "SUB-9", page(SUBSCRIPTIONS, "Multiple Concurrent Subscriptions"), MODERN,
        "Several subscriptions run side by side, even under one id.",
    ),
    requirement(
        "SUB-10", page(SUBSCRIPTIONS, "Graceful Closure"), MODERN,
        "A server that stops ends every subscription with a result.",
    ),
    requirement(
        "SUB-11", page(SUBSCRIPTIONS, "Cancellation"), MODERN,
        "A client that leaves is forgotten, and what it missed is not kept.",
    ),
    requirement(
        "SUB-12", page("/extensions/tasks/overview"), MODERN,
        "Tasks can be listened to by their ids.",
    ),
    requirement(
        "SUB-13", page(SUBSCRIPTIONS), MODERN,
        "Nobody holds more streams than allowed, and nobody hears of what they may not see.",
    ),
    requirement(
        "SUB-14", page(SUBSCRIPTIONS), MODERN,
        "A server with nothing to tell still answers a listener properly.",
    ),
    # --- questions
    requirement(
        "MRTR-1", page(MRTR, "Multi Round-Trip Requests"), MODERN,
        "A question to the client is a result, never a message of its own.",
    ),
    requirement(
        "MRTR-2", page(MRTR, "Supported Requests"), MODERN,
        "Only calls, prompts and reads may ask.",
    ),
    requirement(
        "MRTR-3", page(MRTR, "InputRequiredResult"), MODERN,
        "A result that asks says so and brings questions, state or both.",
    ),
    requirement(
        "MRTR-4", page(MRTR, "InputRequests"), MODERN,
        "Each question has a key, a method the client has, and no id.",
    ),
    requirement(
        "MRTR-5", ASKING, MODERN,
        "Nobody is asked what they did not declare; if nothing is left, the refusal says why.",
    ),
    requirement(
        "MRTR-6", page(MRTR, "Basic Workflow"), MODERN,
        "The repetition is a request of its own that any worker process can serve.",
    ),
    requirement("MRTR-7", ASKING, MODERN, "State that was tampered with is refused."),
    requirement(
        "MRTR-8", ASKING, MODERN,
        "State holds for one user, one request and a short time.",
    ),
    requirement(
        "MRTR-9", page(MRTR, "Security Considerations"), MODERN,
        "State can be made good for a single use.",
        absence="test_a_state_may_be_used_again_while_it_lasts",
    ),
    requirement(
        "MRTR-10", page(MRTR, "Error Handling"), MODERN, "What was not answered is asked again."
    ),
    requirement(
        "MRTR-11", page(MRTR, "Error Handling"), MODERN,
        "Answers nobody asked for are ignored, and malformed ones complete nothing.",
    ),
    requirement(
        "MRTR-12", ASKING, MODERN, "Nothing waits in the server for an answer that may not come."
    ),
    requirement(
        "MRTR-13", page(CACHING), MODERN,
        "A result that asks has no cache hints, and one that was asked for may not be kept.",
    ),
    requirement(
        "MRTR-14", page(MRTR, "InputRequiredResult"), MODERN,
        "State alone tells a client to come back later.",
        absence="test_every_question_comes_with_its_requests",
    ),
    requirement(
        "MRTR-15", page("2026-07-28/client/elicitation", "Response Actions"), MODERN,
        "A user who says no gets a sensible result.",
    ),
    requirement(
        "MRTR-16", page("/extensions/tasks/overview"), MODERN,
        "All questions are answered before a task begins.",
    ),
    # --- caching and pages
    requirement(
        "CACHE-1", page(CACHING), MODERN,
        "Lists, reads and discovery say how long and by whom they may be kept; nothing else does.",
    ),
    requirement(
        "CACHE-2", page(CACHING, "Interaction with Pagination"), MODERN,
        "All pages of a list may be kept by the same people.",
    ),
    requirement(
        "CACHE-3", page(CACHING, "Security Considerations"), MODERN,
        "What depends on the user is private.",
    ),
    requirement(
        "CACHE-4", page(CACHING, "Interaction with Notifications"), MODERN,
        "A list can be kept and its change told of, too.",
    ),
    requirement(
        "PAGE-1", page(PAGINATION, "Pagination Model"), ALL,
        "Pages follow one another without gap or repetition until there is no cursor.",
    ),
    requirement(
        "PAGE-2", page(PAGINATION, "Error Handling"), ALL, "A cursor from nowhere is refused."
    ),
    requirement(
        "PAGE-3", page(PAGINATION, "Implementation Guidelines"), MODERN,
        "An empty cursor is a cursor, and none of ours is empty.",
    ),
    requirement(
        "PAGE-4", page(PAGINATION, "Operations Supporting Pagination"), ALL,
        "All four lists come in pages.",
    ),
)  # fmt: skip
