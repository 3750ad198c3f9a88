"""The rooms below the faces speak English: so do the API, the log and the record. For a reader of another language their sentences are
told again, when they are shown.

`locale/<language>/LC_MESSAGES/sentences.mo` has each sentence that these rooms can say (config/sentences.py finds them), with {0}, {1}, …
where something is put in. What is put in is told again in its turn: it may be a sentence, a label or a list. What nobody knows stays.
"""

import gettext
import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import get_language

LONGEST = 2000
DEEPEST = 5
MOST_PARTS = 40
FEW_LETTERS = 8  # a pattern with fewer fits too much, so that it takes single words alone

_HOLE = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"(?<![\w}])[A-Za-z]{2,}(?![\w{])")
_NEXT_SENTENCE = re.compile(r"(?<=[.!?…]) (?=[A-Z“])")
_SEPARATOR = re.compile(r"(; |: |, | \(|\)| and )")


def told(sentence: str) -> str:
    """The sentence in the active language; as it is where that is English or nothing is known of it."""
    language = (get_language() or "en").partition("-")[0]
    if language == "en" or not sentence or len(sentence) > LONGEST:
        return sentence
    return _told(language, str(sentence))


@lru_cache(maxsize=4096)
def _told(language: str, sentence: str) -> str:
    book = _book(language)
    return book.tell(sentence) if book else sentence


@lru_cache(maxsize=8)
def _book(language: str) -> "Book | None":
    files = (Path(place) / language / "LC_MESSAGES" / "sentences.mo" for place in settings.LOCALE_PATHS)
    return next((Book(file) for file in files if file.is_file()), None)


@dataclass(frozen=True)
class Pattern:
    """The words of a sentence between what is put in; `one` and `many` are its entry of the catalogue."""

    text: str
    one: str
    many: str

    @cached_property
    def words(self) -> list[str]:
        return _HOLE.split(self.text)[::2]

    @cached_property
    def holes(self) -> list[str]:
        return _HOLE.split(self.text)[1::2]

    @cached_property
    def weight(self) -> int:
        return sum(len(words) for words in self.words)

    @cached_property
    def short(self) -> bool:
        return sum(letter.isalpha() for words in self.words for letter in words) < FEW_LETTERS

    def parts(self, text: str) -> dict[str, str] | None:
        """What the text puts in, if it is this sentence. No search goes back, so that no text can make it slow."""
        first, *middle = self.words[:-1]
        end = len(text) - len(self.words[-1])
        if end < len(first) or not text.startswith(first) or not text.endswith(self.words[-1]):
            return None
        found, at = [], len(first)
        for words in middle:
            next_at = text.find(words, at, end)
            if next_at < 0:
                return None
            found.append(text[at:next_at])
            at = next_at + len(words)
        found.append(text[at:end])
        return dict(zip(self.holes, found, strict=True)) if self._takes(found) else None

    def _takes(self, found: list[str]) -> bool:
        if self.short and any(not part or " " in part for part in found):
            return False
        return all(name != "n" or part.replace(",", "").isdecimal() for name, part in zip(self.holes, found, strict=True))


class Book:
    """One language's catalogue."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as opened:
            self.catalogue = gettext.GNUTranslations(opened)
        self.known: set[str] = set()
        patterns: list[Pattern] = []
        for one, many in messages(file):
            self.known.update({one} - {""} if "{" not in one and not many else ())
            patterns += [Pattern(text, one, many) for text in (one, many) if text and (many or _HOLE.search(text))]
        self.index = _indexed(patterns)

    def tell(self, text: str, depth: int = 0) -> str:
        """All of it, or as much of it as is known."""
        if depth > DEEPEST or not text.strip():
            return text
        told = self._whole(text, depth, strict=True)
        if told is not None:
            return told
        if text != text.strip():
            core = text.strip()
            return text.replace(core, self.tell(core, depth), 1)
        return self._by_sentence(text, depth) or self._whole(text, depth) or self._by_part(text, depth) or text

    def _whole(self, text: str, depth: int, *, strict: bool = False) -> str | None:
        """As one entry; `strict` is without sentences in what is put in."""
        if text in self.known:
            return self.catalogue.gettext(text)
        for pattern in self._fitting(text):
            parts = pattern.parts(text)
            if parts is not None and not (strict and any(_NEXT_SENTENCE.search(part) for part in parts.values())):
                return self._filled(pattern, parts, depth)
        other = text[:1].swapcase() + text[1:]
        if other in self.known and other != text:
            told = self.catalogue.gettext(other)
            return (told[:1].upper() if text[:1].isupper() else told[:1].lower()) + told[1:]
        return None

    def _fitting(self, text: str) -> list[Pattern]:
        """Those that have a word in common with it, the longest first."""
        found = [pattern for word in {"", *_WORD.findall(text)} for pattern in self.index.get(word, ())]
        return sorted(found, key=lambda pattern: -pattern.weight)

    def _filled(self, pattern: Pattern, parts: dict[str, str], depth: int) -> str:
        number = int(parts.get("n", "1").replace(",", ""))
        told = self.catalogue.ngettext(pattern.one, pattern.many, number) if pattern.many else self.catalogue.gettext(pattern.one)
        parts = {name: part if name == "n" else self.tell(part, depth + 1) for name, part in parts.items()}
        parts.setdefault("n", str(number))
        return _HOLE.sub(lambda hole: parts.get(hole[1], hole[0]), told)

    def _by_sentence(self, text: str, depth: int) -> str | None:
        """One after the other, as many at once as are one entry."""
        left = _NEXT_SENTENCE.split(text, maxsplit=MOST_PARTS)
        if len(left) == 1:
            return None
        told = []
        while left:
            many = next((n for n in range(min(len(left), 6), 1, -1) if self._whole(" ".join(left[:n]), depth, strict=True)), 1)
            told.append(self.tell(" ".join(left[:many]), depth + 1))
            left = left[many:]
        return " ".join(told)

    def _by_part(self, text: str, depth: int) -> str | None:
        """A list, or words with something added behind them."""
        pieces = _SEPARATOR.split(text, maxsplit=MOST_PARTS)
        names = all(" " not in piece for piece in pieces[::2])
        found = [pieces[0] if " " not in pieces[0] else self._whole(pieces[0], depth) or pieces[0]]
        for separator, piece in zip(pieces[1::2], pieces[2::2], strict=True):
            with_it = self._whole(separator + piece, depth)
            alone = self._whole(piece, depth) if " " in piece else None
            joined = self.catalogue.gettext(" and ") if separator == " and " and (names or alone) else separator
            found.append(with_it or joined + (alone or piece))
        return "".join(found)


def messages(file: Path) -> Iterator[tuple[str, str]]:
    """The entries of a compiled catalogue: text and plural."""
    data = file.read_bytes()
    count, place = struct.unpack_from("<II", data, 8)
    for number in range(count):
        length, at = struct.unpack_from("<II", data, place + 8 * number)
        one, _, many = data[at : at + length].decode().partition("\0")
        yield one, many


def _indexed(patterns: list[Pattern]) -> dict[str, list[Pattern]]:
    """Each under its rarest word, or "" if it has none."""
    words = [set(_WORD.findall(pattern.text)) for pattern in patterns]
    often = Counter(word for found in words for word in found)
    index: dict[str, list[Pattern]] = {}
    for pattern, found in zip(patterns, words, strict=True):
        index.setdefault(min(found, key=lambda word: (often[word], word), default=""), []).append(pattern)
    return index
