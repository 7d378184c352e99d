"""The values that a context's questions are answered with."""

from __future__ import annotations

from mcp_transport.registry.context import Answer, Context, Sample, SyncContext


def test_only_an_accepted_answer_counts_as_agreement() -> None:
    assert Answer(action="accept").is_accepted
    assert not Answer(action="decline").is_accepted


def test_a_sample_joins_its_text_blocks() -> None:
    blocks = [
        {"type": "text", "text": "Hello, "},
        {"type": "image"},
        {"type": "text", "text": "you"},
    ]
    assert Sample(role="assistant", content=blocks, model="m").text == "Hello, you"
    assert Sample(role="assistant", content=blocks[0], model="m").text == "Hello, "


def test_a_synchronous_context_offers_what_an_asynchronous_one_does() -> None:
    only_async = {"close_stream"}  # a thread has no stream of its own to let go
    assert Context.__abstractmethods__ - SyncContext.__abstractmethods__ == only_async
