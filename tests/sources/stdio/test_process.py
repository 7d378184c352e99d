"""Tests of mcp_transport.sources.stdio.process: what a program may say, and to whom."""

from __future__ import annotations

import asyncio
import logging

import pytest
from django.contrib.auth.models import User

from mcp_transport.protocol.framing import LINE_LIMIT
from mcp_transport.sources.stdio.process import Output, TooLong
from mcp_transport.testing import ToolFailed
from tests.sources.stdio.conftest import Sited, children, said


def test_lines_are_cut_wherever_the_pieces_end() -> None:
    output = Output()
    assert output.feed(b'{"a"') == []
    assert output.feed(b": 1}\n\n{}") == [b'{"a": 1}', b""]
    assert output.feed(b"\n") == [b"{}"]


@pytest.mark.parametrize(
    ("before", "behind", "id_"),
    [
        (b'{"jsonrpc":"2.0","id":7,"result":{"a":"', b'"}}', 7),
        (b'{ "id" : 7 , "result":{"a":"', b'"}}', 7),
        (b'{"result":{"a":"', b'"},"jsonrpc":"2.0","id":7}', 7),
        (b'{"result":{"a":"', b'"}, "id": 7, "jsonrpc": "2.0"}  ', 7),
        (b'{"result":{"a":"', b'","b":{"id":7}}}', None),
        (b'{"result":{"a":"', b'","id":7}}', None),
        (b"[", b"]", None),
    ],
)
def test_a_line_that_is_too_long_tells_whose_answer_it_was(
    before: bytes, behind: bytes, id_: int | None
) -> None:
    output = Output()
    line = before + b"x" * LINE_LIMIT + behind + b"\n{}\n"
    found = [one for n in range(0, len(line), 65_536) for one in output.feed(line[n : n + 65_536])]
    assert isinstance(found[0], TooLong)
    assert found[0].id == id_
    assert found[1:] == [b"{}"]


async def test_an_answer_above_the_limit_of_streams_is_read(sited: Sited) -> None:
    async with sited(box={"per": "process"}) as site:
        client = site.client("open")
        for size in (100_000, 5_000_000):
            assert len((await client.call("box_large", size=size)).text) == size


async def test_an_answer_that_is_too_long_fails_its_own_call_alone(
    sited: Sited, users: list[User]
) -> None:
    async with sited(box={"per": "process"}) as site:
        client = site.client("open", user=users[0])
        process = said(await client.call("box_pid"))
        others = [asyncio.create_task(client.call("box_steps", count=50)) for _ in range(5)]
        with pytest.raises(ToolFailed, match="answered with more than can be taken"):
            await client.call("box_large", size=LINE_LIMIT + 1_000_000)
        assert [one.text for one in await asyncio.gather(*others)] == ["done"] * 5
        assert said(await client.call("box_pid")) == process


async def test_noise_goes_to_the_log_in_bounds_and_disturbs_nobody(
    sited: Sited, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mcp_transport.stdio")
    async with sited(box={"per": "process"}) as site:
        client = site.client("open")
        for _ in range(20):
            assert (await client.call("box_noise")).text == "noisy"
    lines = [r.getMessage() for r in caplog.records if r.name == "mcp_transport.stdio"]
    assert "MCP_STDIO['box']: and the last line" in lines
    assert "MCP_STDIO['box'] says what is no message: This is no message." in lines
    assert max(map(len, lines)) < 1200
    assert len(lines) < 80


async def test_a_program_that_floods_its_errors_keeps_little_of_them(
    sited: Sited, users: list[User]
) -> None:
    async with sited(box={"per": "process"}) as site:
        client = site.client("open", user=users[0])
        await asyncio.gather(*(client.call("box_noise") for _ in range(10)))
        (child,) = children()
        assert len(child._process._errors) <= 65_536
        assert child.last_words.endswith("and the last line")
