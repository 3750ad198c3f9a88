"""Entries of what differs, as pages show them: grouped by table, with signs, words and what of a value has changed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import urlencode

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from config.retelling import told as retold

SIGNS = {
    "added": ("add", "plus", gettext_noop("added")),
    "removed": ("del", "minus", gettext_noop("removed")),
    "changed": ("chg", "tilde", gettext_noop("changed")),
    "run": ("chg", "play", gettext_noop("run")),
}
ICONS = {"table": "table", "column": "column", "index": "index", "foreign key": "link", "primary key": "key", "comment": "comment"}
# What an entry is about, as Alembic names it; what is not here is shown as it is named.
NOUNS = {
    "table": gettext_noop("table"), "column": gettext_noop("column"), "index": gettext_noop("index"), "unique": gettext_noop("unique"),
    "foreign key": gettext_noop("foreign key"), "check": gettext_noop("check"), "primary key": gettext_noop("primary key"),
    "comment": gettext_noop("comment"), "exclude": gettext_noop("exclude"), "statement": gettext_noop("statement"),
    "type": gettext_noop("type"), "nullable": gettext_noop("nullable"), "default": gettext_noop("default"), "name": gettext_noop("name"),
    "autoincrement": gettext_noop("autoincrement"),
}  # fmt: skip
ASPECTS = ("type", "nullable", "default", "autoincrement", "name")
LOCKS = {"long": ("warn", "lock", gettext_noop("Long lock")), "short": ("idle", "clock", gettext_noop("Short lock"))}
ENDS = ("and the database has not.", "and the models have not.", "in the models.")  # of what the columns say already
PARTS = re.compile(r"\w+|\s+|[^\w\s]")
LARGEST = 2000  # characters in which single words are marked

Parts = tuple[tuple[str, bool], ...]


@dataclass
class Row:
    """One entry. `before` and `after` are pieces of text, each with whether it differs; `threads`, `viewed` and `link` are a proposal's."""

    id: str
    entry: dict[str, Any]
    before: Parts
    after: Parts
    threads: list[Any] = field(default_factory=list)
    viewed: bool = False
    link: str = ""

    @property
    def tone(self) -> str:
        return SIGNS[self.entry["what"]][0]

    @property
    def icon(self) -> str:
        return SIGNS[self.entry["what"]][1]

    @property
    def word(self) -> str:
        return _(SIGNS[self.entry["what"]][2])

    @property
    def key(self) -> str:
        return str(self.entry["key"])

    @property
    def thing(self) -> str:
        """What it is: a column's property is of the column."""
        kind = self.entry["kind"]
        return "column" if kind in ASPECTS or (kind == "comment" and self.entry["name"]) else str(kind)

    @property
    def noun(self) -> str:
        """What it is, in the reader's language."""
        return noun(self.thing)

    @property
    def quality(self) -> str:
        """Its property, in the reader's language."""
        return noun(self.aspect)

    @property
    def thing_icon(self) -> str:
        return ICONS.get(self.thing, "shield")

    @property
    def aspect(self) -> str:
        kind = str(self.entry["kind"])
        return kind if kind != self.thing else ""

    @property
    def name(self) -> str:
        return str(self.entry["name"] or ("" if self.thing == "table" else _("without a name") if self.entry["table"] else _("of env.py")))

    @property
    def short(self) -> str:
        """For the list of objects."""
        return self.name or str(self.entry["table"] or "")

    @property
    def lock(self) -> tuple[str, str, str] | None:
        found = LOCKS.get(self.entry["lock"])
        return (*found[:2], _(found[2])) if found else None

    @property
    def query(self) -> str:
        """Which difference it is, for an address."""
        return urlencode({name: self.entry[name] or "" for name in ("kind", "what", "schema", "table", "name")})

    @property
    def further(self) -> str:
        """What the entry's sentence says beyond what stands before and after."""
        text = str(self.entry["text"])
        return retold(next((text.partition(end)[2].strip() for end in ENDS if end in text), text))


@dataclass
class Group:
    """What differs about one table, or outside of any. `rows_held` says how many rows it has, if that is known."""

    id: str
    name: str
    rows: list[Row]
    rows_held: str = ""
    link: str = ""
    is_here: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether the table itself comes or goes."""
        return self._whole is not None

    @property
    def tone(self) -> str:
        return self._whole.tone if self._whole else "chg"

    @property
    def icon(self) -> str:
        return self._whole.icon if self._whole else "tilde"

    @property
    def word(self) -> str:
        return self._whole.word if self._whole else _("changed")

    @property
    def count(self) -> str:
        return ngettext("%(count)d change", "%(count)d changes", len(self.rows)) % {"count": len(self.rows)}

    @property
    def loses(self) -> bool:
        return any(row.entry["data_loss"] for row in self.rows)

    @property
    def is_viewed(self) -> bool:
        return all(row.viewed for row in self.rows)

    @property
    def keys(self) -> list[str]:
        return list(dict.fromkeys(row.key for row in self.rows))

    @property
    def renames(self) -> list[Row]:
        """What goes and may come back under another name: one for each pair."""
        return [row for row in self.rows if row.entry["rename_guess"] and row.entry["what"] == "removed"]

    @property
    def _whole(self) -> Row | None:
        """The entry of the table itself, when it comes or goes."""
        return next((row for row in self.rows if row.entry["kind"] == "table" and row.entry["what"] in ("added", "removed")), None)


def groups(entries: Iterable[dict[str, Any]], rows_held: dict[str, Any] | None = None) -> list[Group]:
    """In the order in which the tables come up."""
    found: dict[str, Group] = {}
    for place, entry in enumerate(entries, start=1):
        name = ".".join(part for part in (entry["schema"], entry["table"]) if part)
        group = found.setdefault(name, Group(f"t{len(found) + 1}", name, [], _held((rows_held or {}).get(name))))
        group.rows.append(Row(f"o{place}", entry, *_marked(entry["before"], entry["after"])))
    return list(found.values())


def counts(entries: Iterable[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Tone, icon and words of what is added, removed and changed; without what there is none of."""
    told = [entry["what"] for entry in entries]
    return [(tone, icon, tally(what, told.count(what))) for what, (tone, icon, _word) in SIGNS.items() if what in told]


def tally(what: str, count: int) -> str:
    """Such as `3 added`."""
    words = {
        "added": ngettext("%(count)d added", "%(count)d added", count),
        "removed": ngettext("%(count)d removed", "%(count)d removed", count),
        "changed": ngettext("%(count)d changed", "%(count)d changed", count),
        "run": ngettext("%(count)d run", "%(count)d run", count),
    }
    return words[what] % {"count": count}


def noun(name: str) -> str:
    return _(NOUNS[name]) if name in NOUNS else name


def _held(counted: dict[str, Any] | None) -> str:
    if not counted or counted.get("count") is None:
        return ""
    number = int(counted["count"])
    if counted.get("exact"):
        words = ngettext("%(count)s row", "%(count)s rows", number)
    elif counted.get("more"):
        words = ngettext("more than %(count)s row", "more than %(count)s rows", number)
    else:
        words = ngettext("about %(count)s row", "about %(count)s rows", number)
    return words % {"count": formats.number_format(number, force_grouping=True)}


def _marked(before: str | None, after: str | None) -> tuple[Parts, Parts]:
    """Of a value that changes, which words differ."""
    old, new = before or "", after or ""
    if not old or not new or max(len(old), len(new)) > LARGEST:
        return _plain(old), _plain(new)
    first, second = PARTS.findall(old), PARTS.findall(new)
    steps = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
    left = tuple(("".join(first[a:b]), what != "equal") for what, a, b, _, _ in steps if a < b)
    right = tuple(("".join(second[c:d]), what != "equal") for what, _, _, c, d in steps if c < d)
    return left, right


def _plain(text: str) -> Parts:
    return ((text, False),) if text else ()
