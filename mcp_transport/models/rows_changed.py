"""A signal for changes of many rows at once, of which Django's own say nothing."""

from __future__ import annotations

from django.dispatch import Signal

#: Sent with the model as sender, and ``using``, after rows were changed by one UPDATE.
rows_changed = Signal()
