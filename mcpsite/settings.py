"""
The site's settings, each adjustable by an environment variable.

Safe as they stand: DEBUG is off, only loopback hosts are answered, the secret
key is made on first use. docs/reference/environment.md lists the variables.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from mcp_transport.api.document import DOCUMENT
from mcp_transport.rules import is_safe_address
from mcpsite import environment

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", BASE_DIR / "var"))

SECRET_KEY = environment.secret_key(VAR_DIR / "secret_key")
DEBUG = environment.flag("DEBUG")

# Where clients reach the site when something stands in front of it.
PUBLIC_URL = os.environ.get("PUBLIC_URL", "").rstrip("/")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS: list[str] = []
if PUBLIC_URL:
    ALLOWED_HOSTS.append(urlsplit(PUBLIC_URL).hostname or "")
    CSRF_TRUSTED_ORIGINS.append(PUBLIC_URL)

IS_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
IS_BEHIND_PROXY = environment.flag("TRUST_PROXY")  # only when every request comes through it
if IS_BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = IS_HTTPS  # without the header, every request would look like plain HTTP

INSTALLED_APPS = [
    "daphne",  # first: it makes runserver speak ASGI
    "mcpsite.site_admin.SiteAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oauth2_provider",
    "mcpsite",
    "mcp_transport",
    "mcp_transport.oauth",
    "tools.demo",
    *environment.words("MCP_EXTRA_APPS"),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "mcpsite.urls"
ASGI_APPLICATION = "mcpsite.asgi.application"

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

DATABASES = {
    "default": environment.database(
        os.environ.get("DATABASE_URL", ""),
        default=VAR_DIR / "db.sqlite3",
        pool=environment.number("DATABASE_POOL"),
    ),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = os.environ.get("REDIS_URL", "")
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        },
    }

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # the admin's files come from the packages: no collectstatic

SPECTACULAR_SETTINGS = DOCUMENT

# Where clients sign in; `runsite` says it again when it serves on another port.
MCP_PUBLIC_URL: str | None = PUBLIC_URL or "http://127.0.0.1:8000"
LOGIN_URL = "login"
# Of oauth2_provider's own endpoints, which the site does not have.
SILENCED_SYSTEM_CHECKS = [f"oauth2_provider.W00{number}" for number in range(1, 9)]
if not is_safe_address(PUBLIC_URL or "https://"):  # nobody signs in where it can be read
    MCP_PUBLIC_URL = None
    SILENCED_SYSTEM_CHECKS.append("mcp.E051")

MCP_BUS = {"default": environment.bus(REDIS_URL)}
MCP_NCHAN_PUBLISHERS = environment.publishers(environment.words("NCHAN_PUBLISHERS"))
MCP_NCHAN_SECRET = os.environ.get("NCHAN_SECRET", "")

LOG_FORMAT = environment.choice("LOG_FORMAT", ("line", "json"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "mcp_transport.monitoring.json_lines.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO").upper()},
}

MCP_LOG_CONTEXT = LOG_FORMAT == "json"
MCP_METRICS_PATH = os.environ.get("MCP_METRICS_PATH") or None
MCP_METRICS_ACCESS = os.environ.get("MCP_METRICS_ACCESS", "loopback")
MCP_TRACING = environment.flag("MCP_TRACING")
MCP_DRAIN_TIMEOUT = environment.number("MCP_DRAIN_TIMEOUT", default=30)
MCP_ALLOWED_ORIGINS = environment.words("MCP_ALLOWED_ORIGINS")
MCP_WEBSOCKET_QUERY_TICKETS = environment.flag("MCP_WEBSOCKET_QUERY_TICKETS")
MCP_ISSUERS = environment.mapping("MCP_ISSUERS")
MCP_OPENAPI = environment.mapping("MCP_OPENAPI")
MCP_REMOTE = environment.mapping("MCP_REMOTE")
MCP_REST = environment.flag("MCP_REST", default=True)
MCP_REST_ROOT = os.environ.get("MCP_REST_ROOT", "/") or None
