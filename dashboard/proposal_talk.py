"""What is said of a proposal, where it is said: at rows of the structure, at lines of the file, and in the order in which it was said."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from config.retelling import told
from dashboard import highlight
from dashboard.differences_view import ASPECTS, Group, Row, noun
from jobs.proposals import places
from migrations_store.models import ProposalVersion, Review, ReviewDecision, Thread, ThreadKind


@dataclass(frozen=True)
class Talk:
    """A thread with where it stands now: `where` in words, `url` of that place; `outdated` where the place is gone."""

    thread: Thread
    where: str
    url: str
    outdated: bool

    @property
    def quote(self) -> str:
        return self.thread.quote.strip()

    @property
    def at(self) -> datetime:
        return self.thread.at

    @property
    def is_review(self) -> bool:
        return False


@dataclass(frozen=True)
class Said:
    """A review in the discussion."""

    review: Review
    word: str

    @property
    def at(self) -> datetime:
        return self.review.at

    @property
    def is_review(self) -> bool:
        return True


@dataclass
class SourceLine:
    """One line of a file: `id` on the page, `anchor` for a thread."""

    id: str
    anchor: str
    line: highlight.Line
    talks: list[Talk]


@dataclass(frozen=True)
class Source:
    path: str
    revision: str
    lines: list[SourceLine]


def talks(threads: Iterable[Thread], version: ProposalVersion | None, groups: list[Group]) -> list[Talk]:
    """All threads, at their places of this version."""
    rows = _by_key(groups)
    return [_talk(thread, version, rows) for thread in threads]


def at_rows(found: list[Talk], groups: list[Group], viewed: set[str]) -> None:
    """Gives each row its threads and its tick; of several rows with one key the first has the threads."""
    rows = _by_key(groups)
    for group in groups:
        for row in group.rows:
            row.viewed = row.key in viewed
    for talk in found:
        if talk.thread.kind == ThreadKind.OBJECT and (at := _row_of(talk.thread, rows)):
            at.threads.append(talk)


def sources(found: list[Talk], version: ProposalVersion) -> list[Source]:
    """The files, line by line, with the threads at their lines."""
    at = defaultdict(list)
    for talk in found:
        if talk.thread.kind == ThreadKind.LINE and (place := places.line_of(talk.thread, version)):
            at[place].append(talk)
    return [
        Source(file["path"], file["revision"], [_line(number, line, at) for line in highlight.lines(file["python"], "python")])
        for number, file in enumerate(version.files)
    ]


def timeline(found: list[Talk], reviews: Iterable[Review]) -> list[Talk | Said]:
    """The oldest first."""
    said = [Said(review, told(ReviewDecision(review.decision).label).lower()) for review in reviews]
    return sorted([*found, *said], key=lambda one: one.at)


def line_id(file: int, line: int) -> str:
    return f"L{line}" if file == 0 else f"F{file}L{line}"


def _line(file: int, line: highlight.Line, at: dict[tuple[int, int], list[Talk]]) -> SourceLine:
    return SourceLine(line_id(file, line.number), f"{file}:{line.number}", line, at.get((file, line.number), []))


def _by_key(groups: list[Group]) -> dict[str, Row]:
    """Rows by their key, and those of columns by their name alone: what was said of one that goes is said of it when it is renamed, too."""
    found: dict[str, Row] = {}
    for row in (row for group in groups for row in group.rows):
        names = [row.key, row.key.partition(":")[2]] if row.thing == "column" else [row.key]
        if row.entry["kind"] == "name":
            names.append(f"{names[1].rpartition('.')[0]}.{row.entry['after']}")
        for name in names:
            found.setdefault(name, row)
    return found


def _row_of(thread: Thread, rows: dict[str, Row]) -> Row | None:
    kind, _, name = thread.anchor.partition(":")
    return rows.get(thread.anchor) or (rows.get(name) if kind in ("column", *ASPECTS) else None)


def _talk(thread: Thread, version: ProposalVersion | None, rows: dict[str, Row]) -> Talk:
    if thread.kind == ThreadKind.OBJECT:
        at, (kind, _colon, name) = _row_of(thread, rows), thread.anchor.partition(":")
        return Talk(thread, f"{noun(kind.replace('_', ' '))} {name}", at.link if at else "", at is None)
    if thread.kind == ThreadKind.LINE:
        found = places.line_of(thread, version)
        where = _("line %(number)s") % {"number": found[1] if found else thread.anchor.partition(":")[2]}
        return Talk(thread, where, f"?tab=python#{line_id(*found)}" if found else "", found is None)
    return Talk(thread, "", "", outdated=False)
