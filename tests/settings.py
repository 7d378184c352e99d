"""The site that the tests run."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mcp_transport.api.document import DOCUMENT

SCRATCH = Path(tempfile.mkdtemp(prefix="mcp-transport-tests-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)


def sqlite() -> dict[str, Any]:
    """A file, not memory: the writer and the pools have connections of their own."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": SCRATCH / "site.sqlite3",
        "TEST": {"NAME": SCRATCH / "test.sqlite3"},
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL",
            "timeout": 20,
        },
    }


def postgresql(url: str) -> dict[str, Any]:
    """``postgresql://user:password@host:port/name``."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


DATABASE_URL = os.environ.get("MCP_TEST_DATABASE_URL", "")
DATABASES = {"default": postgresql(DATABASE_URL) if DATABASE_URL else sqlite()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = "a key for tests, which sign nothing that matters"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
USE_TZ = True
# Its names are those of the suite, which uses common ones.
MCP_NAME_PREFIXES = {"tools.conformance": "conformance_"}
MCP_DRAIN_TIMEOUT = 8.0  # a test that leaves work behind waits for it
TIME_ZONE = "UTC"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ROOT_URLCONF = "tests.urls"
STATIC_URL = "/static/"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oauth2_provider",
    "mcp_transport",
    "mcp_transport.oauth",
    "tests.apps.emptying",
    "tests.apps.good",
    "tests.apps.long",
    *(app for app in ("tools.demo", "tools.conformance") if find_spec(app)),
]
SILENCED_SYSTEM_CHECKS = ["mcp.E056"]  # tests of signing in have addresses of their own
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
SPECTACULAR_SETTINGS = DOCUMENT
