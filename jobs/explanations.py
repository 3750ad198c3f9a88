"""What an error means, in words: what happened, why, what is in the database now, and what to do next, the safest first."""

import re
from collections.abc import Mapping
from typing import Any

from environments.causes import WORDS
from jobs import watch
from jobs.catalogue import CATALOGUE, OTHER, OURS, OUTSIDE, Explanation
from jobs.supervisor import Exit

__all__ = ["CATALOGUE", "OTHER", "OURS", "Explanation", "explain"]

# Why a reading fails; a job that cannot read its database first ends before anything was run.
UNREAD = {*WORDS, "address_refused", "directory_missing", "secret_unreadable"} - {"database_missing"}

# Some signatures look for their next word from every letter on: in a text of megabytes, or a line of them, that would take hours.
LONGEST_TEXT, LONGEST_LINE = 20_000, 2_000

WAITED = {"AM-301", "AM-302", "lock_busy", "timed_out", "silent"}
# The last frame before the error, as Python names its own module os.
ENVIRON = re.compile(r"""File "(?:<frozen os>|[^"]*/os\.py)", line \d+, in __getitem__\n(?:(?! *File ).*\n)*? *KeyError: '""")
PARTIAL = (
    "Do not run it again as it is: what has stayed would fail, or be done twice.",
    "Compare the database with the revisions: the log has every statement that was sent.",
    "Finish the step by hand and stamp it, or undo by hand what has stayed. Then make a new plan.",
)
NOW = {
    "unchanged": "The database is as it was before.",
    "at_target": "The database is at the target all the same.",
    "partial": "The database stands between where it was and the target: some of it stayed.",
    "unknown": "What is in the database now could not be read.",
}
BEGUN = "Version and schema are as they were before; rows that a revision committed by itself are not looked at."


def explain(
    error: Mapping[str, Any] | None,
    end: Exit,
    tail: str,
    *,
    place: str,
    database_state: str = "",
    begun: bool = False,
    blocked: dict[str, Any] | None = None,
    first_of_all: bool = False,
) -> dict[str, Any]:
    """The job's `error`: {code, title, why, next, detail}. `tail` is the end of the log, for what only the output tells; `blocked`
    is who was in the way when the job gave up waiting; `begun`, whether a revision had begun to run, which may have committed rows;
    `first_of_all`, whether it broke in the first revision that does anything, on a database that had none."""
    message = str((error or {}).get("message") or "")
    found, groups = _match(error, end, _short(message[:LONGEST_TEXT]), _short(tail[-LONGEST_TEXT:]))
    in_their_words = found.signature is not None
    if first_of_all and found.code == "AM-304":
        found = OURS["needs_tables"]
    if found.code == "version_not_moved" and database_state == "unknown":
        found = OURS["unverified"]
    if found is OTHER and not begun and _is_outside(error):
        found = OUTSIDE
    parts = [_cause(found, error, message), found.why.format(*groups) if groups else found.why]
    why = " ".join(part for part in (parts if in_their_words else reversed(parts)) if part)
    blocked = blocked if found.code in WAITED else None
    if said := _said_more(message):
        why += f" {said}"
    if blocked:
        why += f" {watch.sentence(blocked, over=True)}"
    now = BEGUN if begun and database_state == "unchanged" else NOW.get(database_state, "")
    return {
        "code": found.code,
        "title": f"{place}: {_lowered(found.title)}",
        "why": f"{why} {now}".strip(),
        "next": _steps(found, database_state),
        "detail": _detail(error, end) | ({"blocked_by": dict(blocked)} if blocked else {}),
    }


def _short(text: str) -> str:
    return "\n".join(line[:LONGEST_LINE] for line in text.split("\n"))


def _lowered(title: str) -> str:
    return title if title.startswith(("env.py", "SQLite")) else title[0].lower() + title[1:]


def _steps(found: Explanation, database_state: str) -> list[str]:
    """What to do, the safest first. After a part has stayed, a second try fails in another way than the first,
    and comparing is among the steps already."""
    if database_state != "partial" or found.code == "version_elsewhere":  # there nothing has to be repaired
        return list(found.next)
    return [*PARTIAL, *(step for step in found.next if not re.search(r"\bagain\b|^Run it|^Compare the database with", step))]


def _said_more(message: str) -> str:
    """PostgreSQL's DETAIL and HINT; never its advice to drop what depends as well."""
    found = re.findall(r"^(?:DETAIL|HINT):\s+(.+)$", message, re.MULTILINE)
    return " ".join(words.strip() for words in found if "CASCADE" not in words)[:500]


def _match(error: Mapping[str, Any] | None, end: Exit, message: str, tail: str) -> tuple[Explanation, tuple[str, ...]]:
    code = str((error or {}).get("code") or "")
    if end.timed_out:
        return OURS["silent" if end.silent else "timed_out"], ()
    if end.stopped and error is None:
        return OURS["stopped"], ()
    if code in OURS or code in UNREAD:
        return OURS["database_not_read" if code in UNREAD else code], ()
    if error is None and end.returncode == 0 and end.closed:
        return OURS["version_not_moved"], ()
    if (error or {}).get("type") == "KeyError":
        message = _told_apart(message, tail)
    if (error or {}).get("type") == "AttributeError" and str((error or {}).get("file")).endswith("env.py"):
        message = f"{message} in env.py"
    for text in (message, tail if error is None else ""):
        for known in CATALOGUE:
            if text and known.signature and (match := known.signature.search(text)):
                groups = tuple(group or "" for group in match.groups())
                return known, groups or ("",)
    return (OURS["killed"] if error is None else OTHER), ()


def _told_apart(message: str, tail: str) -> str:
    """A KeyError's words are its key alone; the traceback in the log says which mapping lacked it."""
    if "alembic/script/revision.py" in tail:
        return f"KeyError: {message} in the map of revisions"
    return f"KeyError: {message} in os.environ" if ENVIRON.search(tail) else message


def _is_outside(error: Mapping[str, Any] | None) -> bool:
    """Whether the project raised it and no revision did; a server's words are not the project's, nor are our own."""
    return error is not None and error.get("code") == "project_error" and error.get("type") != "Failure" and not error.get("step")


def _cause(found: Explanation, error: Mapping[str, Any] | None, message: str) -> str:
    """The error's own words, where the catalogue's do not say it all."""
    if not error:
        return ""
    place = f" ({error['file']}, line {error['line']})" if error.get("file") else ""
    text = message.strip().split("\n")[0][:500]
    if found.signature is not None and not place:
        return ""
    if place:  # it stands within the sentence
        text = text.removesuffix(".")
    told_by_us = found.code in OURS or found.signature or error.get("type") == "Failure"
    kind = "" if told_by_us else f"{error.get('type')}: "
    return f"{kind}{text}{place}" + ("" if text.endswith((".", "!", "?")) and not place else ".")


def _detail(error: Mapping[str, Any] | None, end: Exit) -> dict[str, Any]:
    facts = {
        key: value for key, value in (error or {}).items() if key in ("type", "message", "pgcode", "errno", "file", "line", "statement")
    }
    return facts | {"exit_status": end.returncode, "signal": end.signal}
