"""The history of the tables; knows the models only as they were."""

from __future__ import annotations
