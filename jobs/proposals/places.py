"""Where in a proposal something was said, and where that is in a newer version of it. Pure functions of a version."""

import hashlib
import json
from typing import Any

from config.errors import Invalid
from migrations_store.models import ProposalVersion, Thread, ThreadKind

TOLD = ("kind", "what", "before", "after", "data_loss", "lock")


def checked(kind: str, anchor: str, version: ProposalVersion | None) -> tuple[str, str]:
    """The anchor as it is kept, and the line's text. Invalid for a place that the version does not have."""
    if kind == ThreadKind.GENERAL:
        return "", ""
    if kind == ThreadKind.OBJECT and version and any(entry["key"] == anchor for entry in version.changes):
        return anchor, ""
    if kind == ThreadKind.LINE and version:
        file, line = _pair(anchor)
        texts = lines(version)
        if file < len(texts) and 0 < line <= len(texts[file]):
            return f"{file}:{line}", texts[file][line - 1]
    if kind not in ThreadKind.values:
        raise Invalid("A thread is about an object, a line, or general.", {"kind": "Use object, line or general."})
    raise Invalid(f"There is no such {kind} in this version: {anchor[:100]!r}.", {"anchor": "Not in this version."})


def line_of(thread: Thread, version: ProposalVersion | None) -> tuple[int, int] | None:
    """File and line at which a thread stands in this version: where its line is the same text, the nearest to where it was. None if
    no line is: what was said is then outdated."""
    if version is None:
        return None
    file, line = _pair(thread.anchor)
    texts = lines(version)
    if file < len(texts) and thread.version_id == version.pk:
        return file, line
    wanted = thread.quote.strip()
    if file >= len(texts) or not wanted:
        return None
    same = [number for number, text in enumerate(texts[file], start=1) if text.strip() == wanted]
    return (file, min(same, key=lambda number: abs(number - line))) if same else None


def lines(version: ProposalVersion) -> list[list[str]]:
    """Of each file, as they are numbered on the page."""
    return [file["python"].replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n") for file in version.files]


def digests(version: ProposalVersion) -> dict[str, str]:
    """What each object is like, by its key: of several entries with one key, of all."""
    told: dict[str, list[Any]] = {}
    for entry in version.changes:
        told.setdefault(entry["key"], []).append([entry.get(name) for name in TOLD])
    return {key: hashlib.sha256(json.dumps(found).encode()).hexdigest() for key, found in told.items()}


def _pair(anchor: str) -> tuple[int, int]:
    file, _, line = anchor.partition(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 7 for part in (file, line)):
        raise Invalid("A line is named as FILE:LINE, such as 0:12.", {"anchor": "Such as 0:12."})
    return int(file), int(line)
