"""Tests of the doctor, against endpoints that are well and endpoints that are not."""

from __future__ import annotations
