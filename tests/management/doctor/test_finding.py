"""Tests of mcp_transport.management.doctor.finding."""

from __future__ import annotations

import pytest

from mcp_transport.management.doctor.finding import Verdict, failed, ok, skipped, warning


@pytest.mark.parametrize(
    ("verdict", "is_good"),
    [
        (ok("works"), True),
        (warning("works", "mend it"), True),
        (failed("broken", "mend it"), False),
        (skipped("not tried"), False),
    ],
)
def test_what_a_verdict_means_for_steps_that_need_it(verdict: Verdict, is_good: bool) -> None:
    assert verdict.is_good is is_good
