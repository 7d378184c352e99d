"""Calls that outlive their connection: the extension io.modelcontextprotocol/tasks."""

from __future__ import annotations

from tests.interaction.requirements.record import MODERN, page, requirement

TASKS = page("/extensions/tasks/overview")

ROWS = (
    requirement("T2-1", TASKS, MODERN, "The extension is declared."),
    requirement("T2-2", TASKS, MODERN, "Who did not declare it gets results."),
    requirement("T2-3", TASKS, MODERN, "Who has to declare it is told."),
    requirement("T2-4", TASKS, MODERN, "Only calls become tasks."),
    requirement("T2-5", TASKS, MODERN, "A created task is flat."),
    requirement("T2-6", TASKS, MODERN, "It exists before it is answered."),
    requirement("T2-7", TASKS, MODERN, "A task shows where it stands."),
    requirement("T2-8", TASKS, MODERN, "A tool's failure completes its task."),
    requirement("T2-9", TASKS, MODERN, "Answers reach a task in parts."),
    requirement("T2-10", TASKS, MODERN, "A question's key is never used twice."),
    requirement("T2-11", TASKS, MODERN, "Cancelling is always acknowledged."),
    requirement("T2-12", TASKS, MODERN, "An unknown task is an error."),
    requirement("T2-13", TASKS, MODERN, "Asking for a task needs the extension."),
    requirement("T2-14", TASKS, MODERN, "The older methods are gone."),
    requirement("T2-15", TASKS, MODERN, "A task's state can be listened to."),
    requirement("T2-16", TASKS, MODERN, "A task has an owner."),
    requirement("T2-17", TASKS, MODERN, "A task is kept as long as it says."),
    requirement("T2-18", TASKS, MODERN, "Impatient polling is slowed down."),
)
