"""The one form of an entry that is hashed. docs/audit.md describes it for whoever writes a checker of their own."""

import hashlib
import json
import unicodedata
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

GENESIS = "0" * 64
ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """What JSON holds in only one way: text in NFC, no floats (as text), times in UTC. Refuses (TypeError) what has no such form."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, datetime):
        return time(value)
    if isinstance(value, float | UUID | date):
        return str(value)
    if isinstance(value, dict):
        return {text(str(name)): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in (sorted(value) if isinstance(value, set | frozenset) else value)]
    raise TypeError(f"An entry cannot hold {type(value).__name__}.")


def text(value: str) -> str:
    """NFC, without what a store cannot keep: NUL, and halves of surrogate pairs."""
    if not value.isascii():
        value = unicodedata.normalize("NFC", value).encode("utf-8", "backslashreplace").decode()
    return str(value).replace("\0", "\\0")


def time(at: datetime) -> str:
    """UTC with microseconds: 2026-11-20T14:02:11.000000+00:00."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")


def digest(previous: str, content: list[Any]) -> str:
    """SHA-256 over the hash before, a line feed, and the content as JSON: sorted keys, no blanks, UTF-8."""
    return hashlib.sha256(f"{previous}\n{ENCODER.encode(content)}".encode("utf-8", "surrogatepass")).hexdigest()


def content(seq: int, at: str, actor: str, action: str, object: str, detail: Any, via: Any) -> list[Any]:
    """What is hashed of an entry. Entries from before the way was kept have none, and keep the hash that they have."""
    told = [seq, at, actor, action, object, detail]
    return told if via is None else [*told, via]
