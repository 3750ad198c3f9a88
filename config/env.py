"""Typed reading of environment variables; each may also be given as NAME_FILE (a path that holds the value)."""

import ipaddress
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from redis.connection import parse_url

STORES = ("django.db.backends.postgresql", "django.db.backends.sqlite3")
# A server that has gone without a word is noticed within a minute, in seconds and, the last, in milliseconds.
PATIENCE = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30_000}


def text(name: str, default: str = "") -> str:
    """The variable, or the content of the file that NAME_FILE names; ImproperlyConfigured if both are set or the file is unreadable."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name, default)
    if name in os.environ:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; keep one.")
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read ({error.strerror}).") from error


def flag(name: str, *, default: bool = False) -> bool:
    """True for 1, true, yes, on; false for 0, false, no, off and the empty string."""
    value = text(name, "on" if default else "off").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; use on or off.")


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, without blanks."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def number(name: str, default: int) -> int:
    """A whole number."""
    value = text(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} is {value!r}; use a whole number.")
    return int(value)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of the words."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; use {', '.join(allowed[:-1])} or {allowed[-1]}.")
    return value


def store(name: str, default: Path) -> dict[str, Any]:
    """Django's description of the database that the URL names, or of a SQLite file; no sentence holds the URL, which holds a password.
    What the URL's query says of its patience with PostgreSQL counts."""
    url = text(name) or f"sqlite:///{quote(str(default))}"
    try:
        found: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    except ValueError:
        advice = "in which special characters of user and password are percent-encoded"
        raise ImproperlyConfigured(f"{name} cannot be read; use postgres://user:password@host:5432/name, {advice}.") from None
    if found["ENGINE"] not in STORES:
        raise ImproperlyConfigured(f"{name} names neither PostgreSQL nor SQLite; use postgres://user:password@host:5432/name.")
    if "postgresql" in found["ENGINE"]:
        found["OPTIONS"] = PATIENCE | found.get("OPTIONS", {})
    return found


def broker(name: str, default: str) -> str:
    """The address of a Redis server, checked for its form."""
    url = text(name, default)
    try:
        parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} cannot be read; use redis://:password@host:6379/0, rediss://… with TLS, or unix:///path."
        ) from None
    return url


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """A comma-separated list such as 10.0.0.0/8,fd12::/16; a single address is a network of its own."""
    try:
        return [ipaddress.ip_network(word, strict=False) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}. Use networks such as 10.0.0.0/8, comma-separated.") from None
