"""Tests of mcp_transport.models.identity."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError

from mcp_transport.models import Identity


def test_a_subject_is_one_user_at_each_issuer(owner: User) -> None:
    other = User.objects.create_user("bob")
    Identity.objects.create(issuer="https://a.example", subject="1", user=owner)
    Identity.objects.create(issuer="https://b.example", subject="1", user=other)
    found = Identity.objects.presented("https://b.example", "1")
    assert found is not None and found.user == other
    assert str(found) == "1 of https://b.example"
    assert Identity.objects.presented("https://a.example", "ONE") is None
    with pytest.raises(IntegrityError):
        Identity.objects.create(issuer="https://a.example", subject="1", user=other)
