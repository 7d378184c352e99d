"""What errors say, and to whom."""

from __future__ import annotations

from mcp_transport.protocol.content import Text
from mcp_transport.registry.errors import ArgumentError, OutputError, Problem, ToolError


def test_a_tool_error_carries_its_message_and_content() -> None:
    error = ToolError("No such order.", [Text(text="There are 3 orders.")])
    assert str(error) == error.message == "No such order."
    assert error.content == (Text(text="There are 3 orders."),)


def test_an_argument_error_lists_every_argument() -> None:
    error = ArgumentError([Problem("a", "is required"), Problem("b.0", "is too long")])
    assert error.message == "The arguments do not fit:\n- a: is required\n- b.0: is too long"
    assert [problem.argument for problem in error.problems] == ["a", "b.0"]


def test_a_flood_of_arguments_is_counted_and_not_repeated() -> None:
    error = ArgumentError([Problem("x" * 10_000, "is unknown")] * 5000)
    assert error.message.endswith("- and 4980 more")
    assert len(error.message) < 5000
    assert len(error.problems) == 5000


def test_a_wrong_output_is_not_shown_to_the_model() -> None:
    assert not issubclass(OutputError, ToolError)
