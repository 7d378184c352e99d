"""Tests of mcp_transport.management.doctor.streams."""

from __future__ import annotations

import pytest

from mcp_transport.management.doctor import streams
from mcp_transport.management.doctor.finding import Status
from mcp_transport.management.doctor.visit import Visit
from tests.management.doctor.conftest import HURRY, Ward
from tests.management.doctor.patient import (
    STREAM,
    Patient,
    Receive,
    Scope,
    Send,
    always,
    buffering,
    changed,
    cutting,
    part,
)


def test_an_event_that_comes_at_once_is_well(visit: Visit) -> None:
    verdict = streams.stream(visit)
    assert verdict.status is Status.OK
    assert "the first event came after" in verdict.says


def test_a_proxy_that_buffers_has_failed(visit: Visit, ward: Ward) -> None:
    ward.application = buffering(ward.application)
    visit.timeout = HURRY
    verdict = streams.stream(visit)
    assert verdict.status is Status.FAILED
    assert "buffered on the way" in verdict.says
    assert "proxy_buffering off" in verdict.remedy


def test_an_event_that_comes_late_is_pointed_out(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PROMPT", 0.0)
    assert streams.stream(visit).status is Status.WARNING


def test_an_answer_that_is_no_stream_has_failed(visit: Visit, ward: Ward) -> None:
    ward.application = always(406)
    assert "status 406" in streams.stream(visit).says


def test_a_stream_that_ends_before_it_began_has_failed(visit: Visit, ward: Ward) -> None:
    ward.application = cutting(ward.application, 0)
    assert streams.stream(visit).says == "the stream ends before its first event"


def test_a_stream_that_is_not_compressed_is_well(visit: Visit) -> None:
    assert streams.compression(visit).status is Status.OK


def test_a_stream_that_is_compressed_is_pointed_out(visit: Visit, ward: Ward) -> None:
    ward.application = changed(ward.application, add=(b"content-encoding", b"gzip"))
    verdict = streams.compression(visit)
    assert verdict.status is Status.WARNING
    assert "(gzip)" in verdict.says


def test_a_compressor_that_holds_events_back_has_failed(visit: Visit, ward: Ward) -> None:
    ward.application = buffering(ward.application)
    visit.timeout = HURRY
    assert streams.compression(visit).status is Status.FAILED


def test_a_silent_stream_that_lives_is_well(visit: Visit) -> None:
    assert "a sign of life" in streams.keep_alive(visit).says


def test_nobody_waits_without_patience(visit: Visit) -> None:
    visit.patience = 0
    assert streams.keep_alive(visit).status is Status.SKIPPED


def test_a_stream_without_a_sign_of_life_has_failed(visit: Visit, patient: Patient) -> None:
    patient.keep_alive = 5.0
    visit.patience = 0.1
    verdict = streams.keep_alive(visit)
    assert verdict.status is Status.FAILED
    assert "MCP_KEEP_ALIVE_INTERVAL" in verdict.remedy


def test_a_silent_stream_that_is_cut_has_failed(visit: Visit, ward: Ward) -> None:
    ward.application = cutting(ward.application, 1)
    verdict = streams.keep_alive(visit)
    assert verdict.status is Status.FAILED
    assert "proxy_read_timeout" in verdict.remedy


def test_a_silent_stream_that_is_torn_has_failed(visit: Visit, ward: Ward) -> None:
    async def torn(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [STREAM]})
        await part(send, b"data: {}\n\n")
        raise RuntimeError  # the server cuts the connection in the middle of the body

    ward.application = torn
    assert "is cut after " in streams.keep_alive(visit).says
