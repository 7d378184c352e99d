"""Tests of mcp_transport.management.doctor.examination."""

from __future__ import annotations

from mcp_transport.management.doctor.examination import STEPS, examine
from mcp_transport.management.doctor.finding import Finding, Status, Step, Verdict, ok
from mcp_transport.management.doctor.visit import Visit
from tests.management.doctor.conftest import HURRY, Ward
from tests.management.doctor.patient import always, buffering


def ended(findings: list[Finding], status: Status) -> list[str]:
    """The steps that ended so."""
    return [finding.step for finding in findings if finding.verdict.status is status]


def test_an_endpoint_that_is_well_passes_every_step(visit: Visit) -> None:
    findings = list(examine(visit))
    assert [finding.step for finding in findings] == [step.name for step in STEPS]
    assert ended(findings, Status.OK) == [step.name for step in STEPS]
    assert all(finding.seconds >= 0 for finding in findings)


def test_a_step_needs_only_steps_before_it() -> None:
    names = [step.name for step in STEPS]
    for index, step in enumerate(STEPS):
        assert set(step.needs) <= set(names[:index]), step.name


def test_what_needs_a_step_that_failed_is_not_tried(visit: Visit, ward: Ward) -> None:
    ward.application = always(307, b"", (b"location", b"/login"))
    findings = list(examine(visit))
    assert ended(findings, Status.FAILED) == ["path"]
    assert ended(findings, Status.OK) == ["address", "name", "connection", "certificate"]
    assert findings[-1].verdict.says == "needs stream"


def test_a_proxy_that_buffers_fails_the_streams_alone(visit: Visit, ward: Ward) -> None:
    ward.application = buffering(ward.application)
    visit.timeout = 3 * HURRY
    findings = list(examine(visit))
    assert ended(findings, Status.FAILED) == ["stream"]
    assert ended(findings, Status.SKIPPED) == ["compression", "keep-alive"]


def test_a_failure_has_a_remedy(visit: Visit, ward: Ward) -> None:
    ward.application = always(500)
    failed = [f.verdict for f in examine(visit) if f.verdict.status is Status.FAILED]
    assert all(verdict.remedy for verdict in failed)


def test_silence_fails_the_step_and_not_the_examination(visit: Visit, ward: Ward) -> None:
    ward.application = buffering(ward.application)
    visit.timeout = HURRY

    def wait(visit: Visit) -> Verdict:
        with visit.listen():
            return ok("never")

    (finding,) = examine(visit, (Step("wait", wait),))
    assert finding.verdict.says == "no answer within 1 s"


def test_a_connection_that_breaks_fails_the_step(visit: Visit) -> None:
    visit.url = "http://127.0.0.1:9/mcp"  # the discard port, where nobody listens
    (finding,) = examine(visit, (Step("path", STEPS[4].run),))
    assert "the connection broke" in finding.verdict.says
