"""Whether the record is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mcp_transport.audit import chain as chain_module
from mcp_transport.audit import verification
from mcp_transport.audit.chain import Head
from mcp_transport.audit.retention import cut
from mcp_transport.audit.verification import FORGED, REPLACED, Break, verify, verify_all
from mcp_transport.models import AuditCheckpoint, Call
from tests.audit.chains import Chain, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain() -> Chain:
    """Five rows; checkpoints behind the second and the fourth."""
    chain = Chain().write(row("a"), row("b")).vouch()
    return chain.write(row("c"), row("d")).vouch().write(row("e"))


def broken(worker: str = "w1") -> tuple[int, str] | None:
    found = verify(worker).broken
    return (found.sequence, found.reason) if found else None


def forge_newest() -> None:
    """Change the newest rows, from the fourth on, so that every digest fits."""
    Call.objects.filter(sequence__gte=4).delete()
    forger = Chain()
    forger.insert._head = (3, Call.objects.get(sequence=3).digest)
    forger.insert._is_head_known = True
    forger.write(row("forged"), row("e"))


def test_a_whole_chain_is_described(chain: Chain) -> None:
    report = verify("w1")
    assert (report.rows, report.first, report.last) == (5, 1, 5)
    assert (report.checkpoints, report.vouched_for, report.broken) == (2, 4, None)


def test_a_chain_that_is_not_there_has_no_rows() -> None:
    report = verify("w9")
    assert (report.rows, report.first, report.last, report.broken) == (0, None, None, None)


CHANGES: list[tuple[Callable[[], object], tuple[int, str]]] = [
    (lambda: Call.objects.filter(sequence=2).update(entry="other"), (2, "it was changed")),
    (lambda: Call.objects.filter(sequence=3).update(user_id=0), (3, "it was changed")),
    (
        lambda: Call.objects.filter(sequence=1).update(previous_digest="0" * 64),
        (1, "it names another row before it"),
    ),
    (lambda: Call.objects.filter(sequence=3).delete(), (4, "row 3 is missing before it")),
    (
        lambda: Call.objects.filter(sequence__in=(2, 3)).delete(),
        (4, "rows 2 to 3 are missing before it"),
    ),
    (lambda: Call.objects.filter(sequence=2).update(digest="0" * 64), (2, "it was changed")),
    (
        lambda: Call.objects.filter(sequence__lt=3).delete(),
        (3, "rows 1 to 2 are missing before it"),
    ),
    (
        lambda: Call.objects.filter(sequence__gt=2).delete(),
        (3, "rows 3 to 4 are missing at the end"),
    ),
    (lambda: Call.objects.all().delete(), (1, "rows 1 to 4 are missing at the end")),
    (lambda: AuditCheckpoint.objects.filter(sequence=2).update(is_cut=True), (2, FORGED)),
    (forge_newest, (4, REPLACED)),
]


@pytest.mark.parametrize("read_at_once", [1, 2, 1000])
@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_a_change_is_found(
    chain: Chain,
    change: Callable[[], object],
    expected: tuple[int, str],
    read_at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chain_module, "READ_AT_ONCE", read_at_once)
    change()
    assert broken() == expected
    assert [report.broken for report in verify_all()] == [
        Break(sequence=expected[0], reason=expected[1])
    ]


def test_every_chain_is_verified_by_itself(chain: Chain) -> None:
    Chain("w2").write(row()).vouch()
    Chain("w0").write(row()).vouch()
    Call.objects.filter(worker="w0").delete()
    assert [(report.worker, report.broken is None) for report in verify_all()] == [
        ("w0", False),
        ("w1", True),
        ("w2", True),
    ]


def test_a_chain_begins_behind_what_the_site_has_deleted(chain: Chain) -> None:
    cut(AuditCheckpoint.objects.get(sequence=2))
    report = verify("w1")
    assert (report.rows, report.first, report.last, report.broken) == (3, 3, 5, None)
    Call.objects.filter(sequence=3).delete()
    assert broken() == (4, "row 3 is missing before it")


def test_rows_whose_deletion_has_begun_are_passed_over(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_transport.audit.retention._delete_rows", lambda *_: 0)
    cut(AuditCheckpoint.objects.get(sequence=4))
    Call.objects.filter(sequence=2).delete()
    report = verify("w1")
    assert (report.rows, report.first, report.broken) == (1, 5, None)


def test_a_deletion_meanwhile_is_no_break(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[Head] = []

    def cut_and_walk(worker: str, head: Head) -> Iterator[tuple[Head, str]]:
        if not walked:
            cut(AuditCheckpoint.objects.get(sequence=2))
        walked.append(head)
        return chain_module.walk(worker, head)

    monkeypatch.setattr(verification, "walk", cut_and_walk)
    assert verify("w1").broken is None
    assert [sequence for sequence, _digest in walked] == [0, 2]
