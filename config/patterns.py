"""A compiled catalogue of sentences as patterns: what `config/retelling.py` looks sentences up in."""

import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FEW_LETTERS = 7

HOLE = re.compile(r"\{(\w+)\}")
WORD = re.compile(r"(?<![\w}])[A-Za-z]{2,}(?![\w{])")
NEXT_SENTENCE = re.compile(r"(?<=[.!?…]) (?=[A-ZА-ЯЁ“])")


@dataclass(frozen=True, slots=True)
class Pattern:
    """The words of a sentence, and the names of what is put in between; `told` is its translation, or `entry` has one for each number.

    A `short` one fits too much, so that it takes single words alone.
    """

    words: tuple[str, ...]
    holes: tuple[str, ...]
    told: str
    entry: tuple[str, str] | None
    weight: int
    short: bool

    def parts(self, text: str) -> list[str] | None:
        """What the text puts in, if it is this sentence. No search goes back, so that no text can make it slow."""
        if not self.holes:
            return [] if text == self.words[0] else None
        last = self.words[-1]
        if not text.startswith(self.words[0]) or not text.endswith(last):
            return None
        at, end = len(self.words[0]), len(text) - len(last)
        found = []
        for words in self.words[1:-1]:
            next_at = text.find(words, at, end)
            if next_at < 0:
                return None
            found.append(text[at:next_at])
            at = next_at + len(words)
        found.append(text[at:end])
        return found if at <= end and self._takes(found) else None

    def _takes(self, found: list[str]) -> bool:
        if self.short and any(not part or " " in part for part in found):
            return False
        return "n" not in self.holes or found[self.holes.index("n")].replace(",", "").isdecimal()


def pattern_of(text: str, told: str, entry: tuple[str, str] | None = None) -> Pattern:
    pieces = HOLE.split(text)
    letters = sum(letter.isalpha() for words in pieces[::2] for letter in words)
    short = letters < FEW_LETTERS and text[0] not in " ,;"
    return Pattern(tuple(pieces[::2]), tuple(pieces[1::2]), told, entry, sum(map(len, pieces[::2])), short)


def messages(file: Path) -> Iterator[tuple[str, str]]:
    """The entries of a compiled catalogue: text and plural."""
    data = file.read_bytes()
    count, place = struct.unpack_from("<II", data, 8)
    for number in range(count):
        length, at = struct.unpack_from("<II", data, place + 8 * number)
        one, _, many = data[at : at + length].decode().partition("\0")
        yield one, many


def sentences_of(plain: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Those of an entry of several, as one of them may be shown alone."""
    for text, told in plain.items():
        pieces, parts = NEXT_SENTENCE.split(text), NEXT_SENTENCE.split(told)
        if len(pieces) == len(parts) > 1 and all(HOLE.findall(a) == HOLE.findall(b) for a, b in zip(pieces, parts, strict=True)):
            yield from ((a, b) for a, b in zip(pieces, parts, strict=True) if HOLE.sub("", a).strip(" ."))


def indexed(patterns: list[Pattern]) -> dict[str, list[Pattern]]:
    """Each under its rarest word, or "" if it has none; the longest first."""
    words = [set(WORD.findall("{0}".join(pattern.words))) for pattern in patterns]
    often = Counter(word for found in words for word in found)
    index: dict[str, list[Pattern]] = {}
    for pattern, found in sorted(zip(patterns, words, strict=True), key=lambda pair: -pair[0].weight):
        index.setdefault(min(found, key=lambda word: (often[word], word), default=""), []).append(pattern)
    return index
