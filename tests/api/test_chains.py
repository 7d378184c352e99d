"""Tests of mcp_transport.api.chains."""

from __future__ import annotations

from rest_framework.test import APIClient

from mcp_transport.models import Call
from tests.audit.chains import Chain, row

CHAINS = "/api/chains/"


def test_the_newest_checkpoint_of_each_chain_is_listed(root: APIClient) -> None:
    Chain("w1").write(row()).vouch().write(row()).vouch()
    Chain("w2").write(row()).vouch()
    found = root.get(CHAINS).json()["results"]
    assert {(one["worker"], one["sequence"]) for one in found} == {("w1", 2), ("w2", 1)}


def test_a_chain_is_followed(root: APIClient) -> None:
    Chain("w1").write(row(), row()).vouch()
    report = root.post(f"{CHAINS}w1/verify/").json()
    assert (report["rows"], report["vouched_for"], report["broken"]) == (2, 2, None)
    Call.objects.filter(sequence=1).update(entry="other")
    assert root.post(f"{CHAINS}w1/verify/").json()["broken"]["reason"] == "it was changed"
    assert root.post(f"{CHAINS}none/verify/").status_code == 404


def test_every_chain_is_followed(root: APIClient, server: object) -> None:
    Chain("w1").write(row())
    root.patch("/api/servers/main/", {"title": "x"}, format="json")
    reports = root.post(f"{CHAINS}verify/").json()
    assert [(one["worker"], one["broken"]) for one in reports] == [
        ("operators", None),
        ("w1", None),
    ]
