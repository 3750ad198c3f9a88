"""What differs between two versions of a proposal: object by object, and line by line."""

import difflib
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from jobs.proposals import places
from migrations_store.models import ProposalVersion

MOST_LINES = 5000
LINES = {"+": "add", "-": "del", "@": "at"}


@dataclass(frozen=True)
class Change:
    """An entry that came, went or is another now."""

    tone: str
    icon: str
    word: str
    entry: dict[str, Any]


@dataclass(frozen=True)
class Between:
    """From the older to the newer one. `lines` are (tone, text); `too_long` where they were not compared."""

    older: ProposalVersion
    newer: ProposalVersion
    changes: list[Change]
    lines: list[tuple[str, str]]
    too_long: bool


def between(older: ProposalVersion, newer: ProposalVersion) -> Between:
    first, second = _text(older), _text(newer)
    too_long = max(len(first), len(second)) > MOST_LINES
    return Between(older, newer, _changes(older, newer), [] if too_long else _lines(first, second), too_long)


def _changes(older: ProposalVersion, newer: ProposalVersion) -> list[Change]:
    before, after = places.digests(older), places.digests(newer)
    gone = [Change("del", "minus", _("no longer proposed"), entry) for entry in older.changes if entry["key"] not in after]
    come = [Change("add", "plus", _("proposed now"), entry) for entry in newer.changes if entry["key"] not in before]
    both = [entry for entry in newer.changes if entry["key"] in before and before[entry["key"]] != after[entry["key"]]]
    return gone + come + [Change("chg", "tilde", _("proposed differently"), entry) for entry in both]


def _lines(first: list[str], second: list[str]) -> list[tuple[str, str]]:
    told = list(difflib.unified_diff(first, second, lineterm="", n=3))[2:]
    return [(LINES.get(line[:1], ""), line) for line in told]


def _text(version: ProposalVersion) -> list[str]:
    return [line for file in places.lines(version) for line in file]
