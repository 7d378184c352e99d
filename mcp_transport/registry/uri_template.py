"""URI templates (RFC 6570, levels 1 to 3): matching and expansion."""

from __future__ import annotations


class UriTemplate:
    """A parsed template."""

    def match(self, uri: str) -> dict[str, str] | None:
        """The variables of a URI."""
        raise NotImplementedError
