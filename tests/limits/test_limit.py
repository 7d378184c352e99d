from __future__ import annotations

import pytest

from mcp_transport.limits.limit import Limit, ServerLimits, chosen


@pytest.mark.parametrize(
    ("own", "default", "result"),
    [(None, None, None), (None, 5, 5), (3, 5, 3), (3, None, 3), (0, 5, None), (0, None, None)],
)
def test_nothing_takes_the_default_and_zero_takes_the_limit_away(
    own: int | None, default: int | None, result: int | None
) -> None:
    assert chosen(own, default) == result


def test_limits_of_nothing_limit_nothing() -> None:
    assert not ServerLimits().are_limiting
    assert ServerLimits(anonymous=Limit(concurrency=1)).are_limiting
    assert ServerLimits(whole=Limit(rate=1)).are_limiting
