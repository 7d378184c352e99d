"""Tools, resources, prompts, completion, and what a server may ask its client."""

from __future__ import annotations

from tests.interaction.requirements.record import ALL, LEGACY, MODERN, page, requirement

TOOLS = "2026-07-28/server/tools"
RESOURCES = "2026-07-28/server/resources"
PROMPTS = "2026-07-28/server/prompts"
COMPLETION = "2026-07-28/server/utilities/completion"
ELICITATION = "2026-07-28/client/elicitation"
ELICITATION_D = "2025-11-25/client/elicitation"
SAMPLING = "2026-07-28/client/sampling"
INDEX = "2026-07-28/basic/index"
LIFECYCLE = "2025-11-25/basic/lifecycle"
SENDING_D = page("2025-11-25/basic/transports", "Sending Messages to the Server")

ROWS = (
    # --- tools
    requirement(
        "TOOL-1", page(TOOLS, "Capabilities"), ALL,
        "A server with tools declares them and lists them.",
    ),
    requirement("TOOL-2", page(TOOLS, "Capabilities"), ALL, "The order of a list does not change."),
    requirement(
        "TOOL-3", page(TOOLS, "Tool Names"), ALL,
        "A tool's name is short, plain and its own; another one cannot be registered.",
    ),
    requirement(
        "TOOL-4", page(TOOLS, "Tool"), ALL,
        "A tool's arguments are described as an object, even when there are none.",
    ),
    requirement(
        "TOOL-5", page(INDEX, "Schema Dialect"), ALL,
        "A schema is read in the dialect it names, else in 2020-12.",
    ),
    requirement(
        "TOOL-6", page(INDEX, "$ref Resolution"), ALL,
        "A schema that points into the network is refused, and nothing is fetched.",
    ),
    requirement(
        "TOOL-7", page(INDEX, "Composition-Keyword Resource Use"), ALL,
        "Arguments cannot make validation run away.",
    ),
    requirement(
        "TOOL-8", page(TOOLS, "Output Schema"), ALL,
        "A tool that returns what it did not declare has failed, and the client learns only that.",
    ),
    requirement(
        "TOOL-9", page(TOOLS, "Structured Content"), "CDE",
        "Older clients get a list or a number inside an object; the modern era gets it as it is.",
    ),
    requirement(
        "TOOL-10", page(TOOLS, "Structured Content"), "CDE",
        "Structured content is also there as text.",
    ),
    requirement(
        "TOOL-11", page(TOOLS, "Error Handling"), ALL,
        "A tool that does not exist, and arguments that are no object, are protocol errors.",
    ),
    requirement(
        "TOOL-12", page(TOOLS, "Error Handling"), ALL,
        "Wrong arguments and a tool's own failure are results that the model can read.",
    ),
    requirement(
        "TOOL-13", page(TOOLS, "Tool Result"), ALL,
        "A result always has content, in the kinds that the client's revision knows.",
    ),
    requirement(
        "TOOL-14", page(TOOLS, "Image Content"), ALL,
        "Bytes travel as base64 with their type, and embedded resources with their URI.",
    ),
    requirement(
        "TOOL-15", page(TOOLS, "Security Considerations"), ALL,
        "Arguments are validated at every call, and whether and how often one may call is asked.",
    ),
    requirement(
        "TOOL-16", page("2026-07-28/schema"), "BCDE",
        "Hints on what a tool does are sent as given; what was not given is left to the default.",
    ),
    requirement(
        "TOOL-17", page(INDEX, "icons"), "CDE",
        "A tool has a title and icons where the revision has them.",
    ),
    requirement(
        "TOOL-18", page(TOOLS, "Stateful Tools"), MODERN,
        "State handed to a client is opaque, expires, and is of no use to anybody else.",
    ),
    # --- resources
    requirement(
        "RES-1", page(RESOURCES, "Capabilities"), ALL, "A server with resources declares them."
    ),
    requirement(
        "RES-2", page(RESOURCES, "Error Handling"), ALL,
        "A missing resource is an error that names it.",
    ),
    requirement(
        "RES-3", page(RESOURCES, "Error Handling"), ALL,
        "A missing resource is never a result without contents.",
    ),
    requirement(
        "RES-4", page(RESOURCES, "Error Handling"), ALL,
        "A resource that cannot be produced is an internal error.",
    ),
    requirement(
        "RES-5", page(RESOURCES, "Reading Resources"), ALL,
        "A read brings text, bytes or several of them, each with its URI.",
    ),
    requirement(
        "RES-6", page(RESOURCES, "Common URI Schemes"), ALL, "A resource's URI has a scheme."
    ),
    requirement(
        "RES-7", page(RESOURCES, "Security Considerations"), ALL,
        "A URI does not climb out of where it belongs, and permissions come first.",
    ),
    requirement(
        "RES-8", page(RESOURCES, "Resource Templates"), ALL,
        "Templates are listed in their own pages and expand as URI templates do.",
    ),
    requirement(
        "RES-9", page("2025-11-25/server/resources", "Subscriptions"), LEGACY,
        "A session that subscribed, and only that one, hears when the resource changes.",
    ),
    requirement(
        "RES-10", page(RESOURCES, "List Changed Notification"), ALL,
        "A list of resources that changes is told of.",
    ),
    requirement(
        "RES-11", page(RESOURCES, "Annotations"), ALL,
        "Who a resource is for and how it matters are told.",
    ),
    # --- prompts
    requirement("PR-1", page(PROMPTS, "Capabilities"), ALL, "A server with prompts declares them."),
    requirement(
        "PR-2", page(PROMPTS, "Error Handling"), ALL,
        "An unknown prompt and a missing argument are errors; a broken prompt is an internal one.",
    ),
    requirement(
        "PR-3", page(PROMPTS, "Getting a Prompt"), ALL, "A prompt's arguments are texts."
    ),
    requirement(
        "PR-4", page(PROMPTS, "Security"), ALL,
        "A prompt takes only its own arguments, from who may use it.",
    ),
    requirement(
        "PR-5", page(PROMPTS, "PromptMessage"), ALL,
        "A prompt's messages hold what the revision knows.",
    ),
    # --- completion
    requirement(
        "CMP-1", page(COMPLETION, "Capabilities"), "BCDE", "Completion is declared."
    ),
    requirement(
        "CMP-2", page(COMPLETION, "Completion Results"), ALL,
        "At most a hundred values come, and whether there are more.",
    ),
    requirement(
        "CMP-3", page(COMPLETION, "Reference Types"), ALL,
        "Prompts and templates can be completed, with the other arguments at hand.",
    ),
    requirement(
        "CMP-4", page(COMPLETION, "Error Handling"), ALL,
        "Completing what does not exist is an error.",
    ),
    requirement(
        "CMP-5", page(COMPLETION, "Security"), ALL,
        "Nothing is suggested to who may not use the entry.",
    ),
    # --- elicitation
    requirement(
        "EL-1", page(ELICITATION, "Form Mode Security"), "CDE",
        "No form asks for a secret.",
    ),
    requirement(
        "EL-2", page(ELICITATION, "Capabilities"), "CDE",
        "The user is asked only in a way the client declared; an empty object means forms.",
    ),
    requirement(
        "EL-3", page(ELICITATION, "Requested Schema"), "CDE",
        "A form is flat and made of simple fields.",
    ),
    requirement(
        "EL-4", page(ELICITATION, "Safe URL Handling"), "DE",
        "A link that a user is sent to is a valid URL with a message.",
    ),
    requirement(
        "EL-5", page(ELICITATION_D, "URL Mode Elicitation Requests"), "DE",
        "In a session a link has an id of its own; in the modern era it has none.",
    ),
    requirement(
        "EL-6", page(ELICITATION, "Identifying the User"), "DE",
        "Who follows a link is the user that was sent to it.",
        absence="test_no_page_of_ours_completes_a_link",
    ),
    requirement(
        "EL-7", page(ELICITATION, "URL Mode Elicitation for OAuth Flows"), "DE",
        "Credentials for third parties do not pass through the client.",
        absence="test_nobody_elses_server_is_called",
    ),
    requirement(
        "EL-8", page(ELICITATION, "Response Actions"), "CDE",
        "Yes, no and silence are told apart, and what was filled in is checked.",
    ),
    requirement(
        "EL-9", page(ELICITATION_D, "Statefulness"), "CD",
        "An answer counts only if it comes from the session's owner.",
    ),
    # --- sampling and roots
    requirement(
        "SA-1", page(SAMPLING, "Capabilities"), "DE",
        "Tools are offered to the client's model only if it takes them.",
    ),
    requirement(
        "SA-2", page(SAMPLING, "Message Content Constraints"), "DE",
        "Messages for the client's model reach it as the tool wrote them, results and uses paired.",
    ),
    requirement(
        "SA-3", page(SAMPLING, "Sampling Parameters"), ALL,
        "A sample always has a limit of tokens.",
    ),
    requirement(
        "RT-1", page("2026-07-28/client/roots", "Listing Roots"), ALL,
        "Roots are asked for in the form of the era, and only of clients that have them.",
    ),
    # --- requests to a client
    requirement(
        "SRV-1", SENDING_D, "BCD",
        "A session's client is asked on the stream of its own call and answers with a POST.",
    ),
    requirement(
        "SRV-2", page(LIFECYCLE, "Capability Negotiation"), LEGACY,
        "A client is not asked for what it did not declare.",
    ),
    requirement(
        "SRV-3", page("2025-11-25/basic/transports", "Listening for Messages from the Server"), "BCD",
        "A stream that nobody called for carries no questions.",
    ),
)  # fmt: skip
