"""What is said of a proposal, where it is said: at rows of the structure, at lines of the file, and in the order in which it was said."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dashboard import highlight
from dashboard.differences_view import Group
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
    rows = {row.key: row.link for group in groups for row in reversed(group.rows)}
    return [_talk(thread, version, rows) for thread in threads]


def at_rows(found: list[Talk], groups: list[Group], viewed: set[str]) -> None:
    """Gives each row its threads and its tick; of several rows with one key the first has the threads."""
    by_key = defaultdict(list)
    for talk in found:
        if talk.thread.kind == ThreadKind.OBJECT:
            by_key[talk.thread.anchor].append(talk)
    for group in groups:
        for row in group.rows:
            row.threads, row.viewed = by_key.pop(row.key, []), row.key in viewed


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
    said = [Said(review, ReviewDecision(review.decision).label.lower()) for review in reviews]
    return sorted([*found, *said], key=lambda one: one.at)


def line_id(file: int, line: int) -> str:
    return f"L{line}" if file == 0 else f"F{file}L{line}"


def _line(file: int, line: highlight.Line, at: dict[tuple[int, int], list[Talk]]) -> SourceLine:
    return SourceLine(line_id(file, line.number), f"{file}:{line.number}", line, at.get((file, line.number), []))


def _talk(thread: Thread, version: ProposalVersion | None, rows: dict[str, str]) -> Talk:
    if thread.kind == ThreadKind.OBJECT:
        name = thread.anchor.replace(":", " ", 1).replace("_", " ", 1) if ":" in thread.anchor else thread.anchor
        place = rows.get(thread.anchor)
        return Talk(thread, name, place or "", place is None)
    if thread.kind == ThreadKind.LINE:
        found = places.line_of(thread, version)
        where = f"line {found[1] if found else thread.anchor.partition(':')[2]}"
        return Talk(thread, where, f"?tab=python#{line_id(*found)}" if found else "", found is None)
    return Talk(thread, "", "", outdated=False)
