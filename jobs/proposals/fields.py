"""What a proposal is asked for, checked before anything runs: its message ends up in a Python file."""

import re
from pathlib import PurePosixPath
from typing import Any

from config.errors import Invalid

LONGEST = 200
REVISION = re.compile(r"[A-Za-z0-9_]{1,32}", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,199}", re.ASCII)
LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", re.ASCII)


def message(text: str) -> str:
    """One printable line that cannot leave the docstring it is written into."""
    text = text.strip()
    if not text:
        raise Invalid.of("message", "Say in a few words what the revision does; this becomes its message.")
    if len(text) > LONGEST:
        raise Invalid.of("message", f"A message has at most {LONGEST} characters; this one has {len(text)}.")
    if not text.isprintable() or '"""' in text or "\\" in text:
        raise Invalid.of(
            "message",
            "A message is one line of printable characters, without a backslash or triple quotes: it is written into a Python file.",
        )
    return text


def revision_id(text: str) -> str:
    """Empty: Alembic makes one up."""
    if text and not REVISION.fullmatch(text):
        raise Invalid.of("revision_id", "A revision id has 1 to 32 letters, digits and underscores.")
    return text


def options(given: dict[str, Any]) -> dict[str, Any]:
    """Those of `alembic revision` that were given: head, splice, branch_label, version_path, depends_on."""
    found = {name: value for name, value in given.items() if value}
    for name in ("head", "depends_on"):
        values = found.get(name) or []
        for value in [values] if isinstance(values, str) else values:
            if not NAME.fullmatch(value):
                raise Invalid.of(name, f"{value[:60]!r} is no revision, branch label or label@head.")
    if "branch_label" in found and not LABEL.fullmatch(found["branch_label"]):
        raise Invalid.of("branch_label", "A branch label begins with a letter; letters, digits, _ . and - follow, 64 at most.")
    if "version_path" in found:
        _require_inside(found["version_path"])
    return found


def _require_inside(path: str) -> None:
    place = PurePosixPath(path)
    if place.is_absolute() or ".." in place.parts or not path.isprintable():
        raise Invalid.of("version_path", "The folder of the revisions is a path below the source's root, such as migrations/versions.")
