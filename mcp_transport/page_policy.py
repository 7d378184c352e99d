"""
What a browser may load for operators' pages: one policy for the admin and the API's document.

Stands outside both, which know nothing of each other.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.templatetags.static import static

A_FILE_OF_OURS = "mcp_transport/admin.css"


def page_policy() -> str:
    """Nothing inline, no frame around it, and files only from the site and its static files."""
    files = " ".join(("'self'", *_other_host()))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {files}",
            f"style-src {files}",
            f"img-src {files} data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _other_host() -> tuple[str, ...]:
    """Where static files are, if that is not the site itself: STATIC_URL, or what a storage says."""
    parts = urlsplit(static(A_FILE_OF_OURS))
    if not parts.netloc:
        return ()
    return (f"{parts.scheme}://{parts.netloc}" if parts.scheme else parts.netloc,)
