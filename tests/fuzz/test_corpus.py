"""Inputs that have broken servers, at every revision."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.fuzz.corpus import CASES, REVISIONS, Case
from tests.fuzz.judging import GROWTH, Answer, held_bytes, judge
from tests.fuzz.site import PATIENCE, Site

SECONDS = 1.0  # of a processor that any of them may take


def said(answer: Answer) -> tuple[int, Any]:
    """The status, and the code of the error or that a tool has failed."""
    message = answer.messages()[-1]
    if "error" in message:
        return answer.status, message["error"]["code"]
    return answer.status, "isError" if message["result"].get("isError") else None


def answer_to(case: Case, revision: str, site: Site) -> Any:
    return site.send(replace(case.attempt(revision), patience=PATIENCE))


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_input_is_answered_as_its_revision_says(
    site: Site, loop: asyncio.AbstractEventLoop, faults: list[str], revision: str
) -> None:
    wrong = []
    for case in CASES:
        begun = time.process_time()  # what hangs, hangs for longer than its exchange may
        answer = loop.run_until_complete(answer_to(case, revision, site))
        assert time.process_time() - begun < SECONDS, case.name
        judge(answer)
        if said(answer) != case.expected_at(revision):
            wrong.append((case.name, said(answer), case.expected_at(revision), answer.body[:150]))
    assert not wrong, "\n".join(map(str, wrong))
    assert faults == []
    loop.run_until_complete(site.check_good_call())


def test_no_input_leaves_anything_behind(site: Site, loop: asyncio.AbstractEventLoop) -> None:
    def everything() -> None:
        for case in CASES:
            for revision in REVISIONS:
                loop.run_until_complete(answer_to(case, revision, site))

    everything()
    before = held_bytes()
    for _ in range(2):
        everything()
    assert held_bytes() - before <= GROWTH


def test_every_input_has_a_name_of_its_own() -> None:
    groups = [(case.name, case.arguments is None, bool(case.headers)) for case in CASES]
    assert len(set(groups)) == len(groups)
