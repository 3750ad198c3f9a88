"""The Russian catalogues, without gettext's tools: complete, with four forms of each plural, and compiled from what is written."""

import ast
import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po"))
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
PUT_IN = re.compile(r"%\(\w+\)[a-z0-9.]*[a-z]|\{\w+\}")
LINE = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?)? ?"(.*)"$')
ESCAPED = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


@dataclass
class Entry:
    """`texts` are by their keyword, such as msgstr[2]."""

    texts: dict[str, str] = field(default_factory=dict)
    fuzzy: bool = False

    @property
    def sources(self) -> list[str]:
        return [self.texts[name] for name in ("msgid", "msgid_plural") if name in self.texts]

    @property
    def told(self) -> list[str]:
        return [text for name, text in self.texts.items() if name.startswith("msgstr")]


def entries(file: Path) -> Iterator[Entry]:
    """All but the head."""
    for block in file.read_text().split("\n\n")[1:]:
        entry, name = Entry(), ""
        for line in block.splitlines():
            entry.fuzzy |= line.startswith("#,") and "fuzzy" in line
            if found := LINE.match(line):
                name = found[1] or name
                entry.texts[name] = entry.texts.get(name, "") + re.sub(r"\\(.)", lambda part: ESCAPED[part[1]], found[2])
        if entry.texts:
            yield entry


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def file(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_both_catalogues_are_there() -> None:
    assert [file.name for file in FILES] == ["django.po", "sentences.po"]


def test_nothing_is_missing_or_fuzzy(file: Path) -> None:
    found = list(entries(file))

    assert len(found) > 1000
    assert [entry.sources[0] for entry in found if entry.fuzzy or not all(entry.told)] == []


def test_plurals_have_four_forms(file: Path) -> None:
    told = {entry.texts["msgid"]: len(entry.told) for entry in entries(file)}
    plurals = {entry.texts["msgid"] for entry in entries(file) if "msgid_plural" in entry.texts}

    assert plurals
    assert {text: count for text, count in told.items() if count != (4 if text in plurals else 1)} == {}


def test_what_is_put_in_is_the_same_on_both_sides(file: Path) -> None:
    """A form of a plural may leave out the number, and nothing else."""
    wrong = []
    for entry in entries(file):
        needed = [set(PUT_IN.findall(text)) for text in entry.sources]
        for told in entry.told:
            found = set(PUT_IN.findall(told))
            if not (found <= set.union(*needed) and found >= set.intersection(*needed)):
                wrong.append(told)
    assert wrong == []


def test_it_is_compiled(file: Path) -> None:
    with file.with_suffix(".mo").open("rb") as opened:
        compiled = gettext.GNUTranslations(opened)
    kept = [entry for entry in entries(file) if "msgid_plural" not in entry.texts and "msgctxt" not in entry.texts]

    assert [entry.texts["msgid"] for entry in kept if compiled.gettext(entry.texts["msgid"]) != entry.told[0]] == []


def test_every_text_of_the_face_is_in_it() -> None:
    """Also those inside of an f-string, which gettext's tools pass over."""
    known = {entry.texts["msgid"] for entry in entries(FILES[0])}
    calls = (
        node for file in (ROOT / "dashboard").rglob("*.py") for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)
    )
    marked = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id in MARKS and call.args]
    texts = {text.value for text in marked if isinstance(text, ast.Constant)}

    assert len(texts) > 500
    assert texts - known == set()
