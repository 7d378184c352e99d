"""
What later work brings, or is tested where it is: tasks, OAuth, interfaces.

Each row names the test which shows that nobody is promised it yet: of OAuth,
by a site that has no authorization server. What sites with one promise is
tested in tests/oauth and tests/auth/issuers.
"""

from __future__ import annotations

from tests.interaction.requirements.record import page, requirement

TASKS_D = "2025-11-25/basic/utilities/tasks"
TASKS = page("/extensions/tasks/overview")
AUTHORIZATION = "2026-07-28/basic/authorization/index"
DISCOVERY = "2026-07-28/basic/authorization/authorization-server-discovery"
OAUTH_SECURITY = "2026-07-28/basic/authorization/security-considerations"
CLIENTS = "2026-07-28/basic/authorization/client-registration"
PRACTICES = "/docs/2026-07-28/tutorials/security/security_best_practices"
APPS = page("/extensions/apps/overview")

NO_TASKS = "test_nothing_of_the_older_tasks_is_advertised"
NO_OAUTH = "test_no_authorization_server_is_named"
NO_REMOTE = "test_nobody_elses_server_is_called"
NO_APPS = "test_no_interface_extension_is_advertised"

ROWS = (
    # --- tasks of 2025-11-25
    requirement("T1-1", page(TASKS_D, "Capabilities"), "D", "Tasks are declared.", absence=NO_TASKS),
    requirement(
        "T1-2", page(TASKS_D, "Tool-Level Negotiation"), "D",
        "A tool says whether it can be, or has to be, a task.", absence=NO_TASKS,
    ),
    requirement(
        "T1-3", page(TASKS_D, "Task Support and Handling"), "D",
        "Without the capability a call that asks for a task just runs.",
    ),
    requirement(
        "T1-4", page(TASKS_D, "Creating Tasks"), "D", "A task is answered at once.", absence=NO_TASKS
    ),
    requirement(
        "T1-5", page(TASKS_D, "Task Status Lifecycle"), "D", "A task that ended stays as it is.",
        absence=NO_TASKS,
    ),
    requirement(
        "T1-6", page(TASKS_D, "TTL and Resource Management"), "D", "A task tells how long it is kept.",
        absence=NO_TASKS,
    ),
    requirement(
        "T1-7", page(TASKS_D, "Result Retrieval"), "D", "Asking for a task's result waits for it.",
        absence=NO_TASKS,
    ),
    requirement(
        "T1-8", page(TASKS_D, "Task Execution Errors"), "D", "A tool that fails fails its task.",
        absence=NO_TASKS,
    ),
    requirement(
        "T1-9", page(TASKS_D, "Task Cancellation"), "D", "A task can be cancelled, once.",
        absence=NO_TASKS,
    ),
    requirement(
        "T1-10", page(TASKS_D, "Task Listing"), "D", "A caller lists the tasks that are theirs.",
        absence=NO_TASKS,
    ),
    requirement(
        "T1-11", page(TASKS_D, "Protocol Errors"), "D", "An unknown task is an error.",
        absence=NO_TASKS,
    ),
    requirement(
        "T1-12", page(TASKS_D, "Associating Task-Related Messages"), "D",
        "What belongs to a task names it.", absence=NO_TASKS,
    ),
    requirement(
        "T1-13", page(TASKS_D, "Task Isolation and Access Control"), "D", "A task has an owner.",
        absence=NO_TASKS,
    ),
    requirement(
        "T1-14", page(TASKS_D, "Task Progress Notifications"), "D",
        "Progress goes on until the task ends.", absence=NO_TASKS,
    ),
    requirement(
        "T1-15", page(TASKS_D, "Input Required Status"), "D",
        "A task's questions come with its result.", absence=NO_TASKS,
    ),
    requirement(
        "T1-16", page(TASKS_D, "Resource Management"), "D", "Tasks are limited and cleaned up.",
        absence=NO_TASKS,
    ),
    # --- tasks of both kinds at once
    requirement("T2-19", TASKS, "DE", "A task stays reachable in its own era.", absence=NO_TASKS),
    # --- authorization
    requirement(
        "AUTH-1", page(AUTHORIZATION, "Protocol Requirements"), "BCDE",
        "OAuth can be switched on.", absence=NO_OAUTH,
    ),
    requirement(
        "AUTH-2", page(AUTHORIZATION, "Token Handling"), "BCDE",
        "A token that is missing, wrong, expired or revoked gets 401 and nothing runs.",
    ),
    requirement(
        "AUTH-3", page(DISCOVERY, "Authorization Server Location"), "CDE",
        "The server tells who issues its tokens.", absence=NO_OAUTH,
    ),
    requirement(
        "AUTH-4", page(DISCOVERY, "Protected Resource Metadata Discovery Requirements"), "CDE",
        "A refusal leads to that information.", absence=NO_OAUTH,
    ),
    requirement(
        "AUTH-5", page(AUTHORIZATION, "Scope Selection Strategy"), "DE",
        "A refusal names the scopes to ask for.", absence=NO_OAUTH,
    ),
    requirement(
        "AUTH-6", page(AUTHORIZATION, "Runtime Insufficient Scope Errors"), "DE",
        "A token that is not enough is told what would be.",
    ),
    requirement(
        "AUTH-7", page(AUTHORIZATION, "Step-Up Authorization Flow"), "E",
        "A larger scope holds the smaller ones.", absence=NO_OAUTH,
    ),
    requirement(
        "AUTH-8", page(AUTHORIZATION, "Error Handling"), "BCDE",
        "A malformed authorization is told apart.", absence=NO_OAUTH,
    ),
    requirement(
        "AUTH-9", page(AUTHORIZATION, "Token Handling"), "CDE",
        "A token for another server is refused.",
    ),
    requirement(
        "AUTH-10", page(AUTHORIZATION, "Token Requirements"), "BCDE",
        "A token counts only in its header, and with every request.",
    ),
    requirement(
        "AUTH-11", page(AUTHORIZATION, "Refresh Tokens"), "E",
        "Refreshing is not among the scopes that are asked for.", absence=NO_OAUTH,
    ),
    requirement(
        "AUTH-12", page(PRACTICES, "Scope Minimization"), "DE", "Few scopes are offered.",
        absence=NO_OAUTH,
    ),
    requirement(
        "AUTH-13", page(AUTHORIZATION, "Canonical Server URI"), "CDE",
        "A server has one address as a resource.", absence=NO_OAUTH,
    ),
    requirement(
        "AUTH-14", page("2025-03-26/basic/authorization"), "B",
        "The oldest clients find the old paths.", absence=NO_OAUTH,
    ),
    requirement(
        "AUTH-15", page(AUTHORIZATION, "Protocol Requirements"), "BCDE",
        "Other transports are as safe as this one.",
    ),
    requirement(
        "AUTH-16", page("/docs/2025-11-25/tutorials/security/security_best_practices", "Session Hijacking"), "BCDE",
        "Nobody is let in for knowing an id.",
    ),
    requirement(
        "AUTH-17", page("/extensions/auth/oauth-client-credentials"), "E",
        "Programs can have tokens of their own.", absence=NO_OAUTH,
    ),
    requirement(
        "AUTH-18", page("/extensions/auth/enterprise-managed-authorization"), "E",
        "A company's identity provider can grant access.", absence=NO_OAUTH,
    ),
    # --- authorization server
    requirement(
        "AS-1", page(OAUTH_SECURITY, "Authorization Code Protection"), "DE",
        "Codes are proven by whoever asked.", absence=NO_OAUTH,
    ),
    requirement(
        "AS-2", page(OAUTH_SECURITY, "Communication Security"), "DE",
        "Redirects are exact and encrypted.", absence=NO_OAUTH,
    ),
    requirement(
        "AS-3", page(CLIENTS, "Client ID Metadata Documents"), "DE",
        "A client's own document describes it.", absence=NO_OAUTH,
    ),
    requirement(
        "AS-4", page(AUTHORIZATION, "Authorization Response Validation"), "E",
        "An answer says who issued it.", absence=NO_OAUTH,
    ),
    requirement(
        "AS-5", page(CLIENTS, "Dynamic Client Registration"), "BCDE",
        "Older clients can register.", absence=NO_OAUTH,
    ),
    requirement(
        "AS-6", page(PRACTICES, "Confused Deputy Problem"), "DE",
        "Consent is given to each client by itself.", absence=NO_OAUTH,
    ),
    # --- security
    requirement(
        "SEC-1", page(PRACTICES, "Server-Side Request Forgery (SSRF)"), "BCDE",
        "Addresses from outside are fetched with care.", absence=NO_REMOTE,
    ),
    requirement(
        "SEC-2", page(PRACTICES, "State Handle Hijacking"), "BCDE",
        "Ids are random, expire, and are looked up with their owner.",
    ),
    requirement(
        "SEC-3", page("/docs/2025-11-25/tutorials/security/security_best_practices", "Session Hijacking"), "BCD",
        "Nobody can put events on another user's stream or read them off it.",
    ),
    requirement(
        "SEC-4", page(PRACTICES), "BCDE", "Child servers are kept apart.", absence=NO_REMOTE
    ),
    requirement(
        "SEC-5", page("2026-07-28/basic/index", "icons"), "DE",
        "An icon is fetched from the web or carries its data.",
    ),
    requirement(
        "SEC-6", page("2026-07-28/basic/transports/streamable-http", "Server Validation"), "E",
        "What runs is what the body says, or nothing.",
    ),
    # --- interfaces
    requirement("UI-1", APPS, "DE", "The extension is negotiated.", absence=NO_APPS),
    requirement("UI-2", APPS, "DE", "A tool names its interface.", absence=NO_APPS),
    requirement("UI-3", APPS, "DE", "An interface is a resource.", absence=NO_APPS),
    requirement("UI-4", APPS, "DE", "A tool makes sense without it.", absence=NO_APPS),
    requirement("UI-5", APPS, "DE", "It may stay out of the list.", absence=NO_APPS),
    requirement("UI-6", APPS, "DE", "It is off until asked for.", absence=NO_APPS),
)  # fmt: skip
