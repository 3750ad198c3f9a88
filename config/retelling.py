"""The rooms below the faces speak English: so do the API, the log and the record. For a reader of another language their sentences are
told again, when they are shown.

`locale/<language>/LC_MESSAGES/sentences.mo` has each sentence that these rooms can say (config/sentences.py finds them), with {0}, {1}, …
where something is put in. What is put in is told again in its turn: it may be a sentence, a label or a list. What nobody knows stays.
"""

import gettext
import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils import formats
from django.utils.translation import get_language

from config.patterns import HOLE, NEXT_SENTENCE, WORD, Pattern, indexed, messages, pattern_of, sentences_of

LONGEST = 2000
DEEPEST = 5
MOST_PARTS = 40

_SEPARATOR = re.compile(r"(; |: |, | \(|\)| and | or )")
BETWEEN = (" and ", " or ")
_MOMENT_WORD = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|at)\b")
_MOMENT = re.compile(r"^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b|\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b")


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


class Book:
    """One language's catalogue."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as opened:
            self.catalogue = gettext.GNUTranslations(opened)
        numbered = [entry for entry in messages(file) if entry[1]]
        plain = {one: self.catalogue.gettext(one) for one, many in messages(file) if one and not many}
        plain = dict(sentences_of(plain)) | plain
        self.known = {text: told for text, told in plain.items() if not HOLE.search(text)}
        patterns = [pattern_of(text, told) for text, told in plain.items() if HOLE.search(text)]
        self.index = indexed(patterns + [pattern_of(text, "", entry) for entry in numbered for text in entry])

    def tell(self, text: str, depth: int = 0) -> str:
        """All of it, or as much of it as is known."""
        if depth > DEEPEST or not text.strip():
            return text
        told = self._behind_name(text) or self._whole(text, depth, strict=True)
        if told is None and " " in text:
            told = self._without_end(text, depth)
            if told is None and NEXT_SENTENCE.search(text):
                told = self._by_sentence(text, depth) or self._whole(text, depth)
            told = told or self._by_part(text, depth) or self._by_word(text)
        return told or text

    def _whole(self, text: str, depth: int, *, strict: bool = False) -> str | None:
        """As one entry; `strict` is without sentences in what is put in. The first letter may be large or small."""
        told = self._entry(text, depth, strict=strict)
        if told is None and text[:1].isalpha():
            told = self._entry(text[:1].swapcase() + text[1:], depth, strict=strict)
            return told and (told[0].upper() if text[0].isupper() else told[0].lower()) + told[1:]
        return told

    def _behind_name(self, text: str) -> str | None:
        """An entry behind a name with a colon, which would be put into another entry that ends alike."""
        name, _, rest = text.partition(": ")
        return f"{name}: {self.known[rest]}" if rest in self.known and " " not in name and text not in self.known else None

    def _entry(self, text: str, depth: int, *, strict: bool) -> str | None:
        if text in self.known:
            return self.known[text]
        best: tuple[Pattern, list[str]] | None = None
        for word in {"", *WORD.findall(text)}:
            for pattern in self.index.get(word, ()):
                if best and best[0].weight >= pattern.weight:
                    break
                parts = pattern.parts(text)
                if parts is not None and not (strict and any(NEXT_SENTENCE.search(part) for part in parts)):
                    best = pattern, parts
        return self._filled(*best, depth) if best else None

    def _filled(self, pattern: Pattern, found: list[str], depth: int) -> str:
        parts = dict(zip(pattern.holes, found, strict=True))
        number = int(parts.get("n", "1").replace(",", ""))
        told = self.catalogue.ngettext(*pattern.entry, number) if pattern.entry else pattern.told
        parts = {name: _number(part) if name == "n" else self._put_in(pattern, told, name, part, depth) for name, part in parts.items()}
        parts.setdefault("n", str(number))
        return HOLE.sub(lambda hole: parts.get(hole[1], hole[0]), told)

    def _put_in(self, pattern: Pattern, sentence: str, name: str, part: str, depth: int) -> str:
        """Large or small at its beginning as its new place wants it, if it is told at all: names stay as they are."""
        told = self.tell(part, depth + 1)
        was_first, is_first = not pattern.words[0] and pattern.holes[0] == name, sentence.startswith(f"{{{name}}}")
        if told == part or was_first == is_first:
            return told
        return (told[:1].upper() if is_first else told[:1].lower()) + told[1:]

    def _without_end(self, text: str, depth: int) -> str | None:
        """Spaces around it, or a full stop that was added or left out."""
        core = text.strip()
        if core != text:
            return text.replace(core, self.tell(core, depth), 1)
        if text.endswith("."):
            told = self._whole(text[:-1], depth, strict=True)
            return told and told + "."
        told = self._whole(text + ".", depth, strict=True)
        return told and told.removesuffix(".")

    def _by_sentence(self, text: str, depth: int) -> str:
        """One after the other, as many at once as are one entry; one may have been added to another with a space before it."""
        left, told = NEXT_SENTENCE.split(text, maxsplit=MOST_PARTS), ""
        while left:
            many = next((n for n in range(min(len(left), 5), 1, -1) if self._whole(" ".join(left[:n]), depth, strict=True)), 1)
            next_ones = " ".join(left[:many])
            added = self._entry(" " + next_ones, depth, strict=False) if told else None
            told += added or (" " if told else "") + self.tell(next_ones, depth + 1)
            left = left[many:]
        return told

    def _by_part(self, text: str, depth: int) -> str | None:
        """A list, or words with something added behind them."""
        pieces = _SEPARATOR.split(text, maxsplit=MOST_PARTS)
        known = [bool(self._whole(piece, depth)) for piece in pieces[::2]]
        names = 2 * sum(known) > len(known) or all(" " not in piece for piece in pieces[::2])
        told, at = self._piece(pieces[0], depth, alone=names), 1
        while at < len(pieces):
            for end in range(at + 2, min(len(pieces), at + 6) + 1, 2):
                whole = self._added(pieces[at], "".join(pieces[at + 1 : end]), depth)
                if whole is not None:
                    break
            else:
                end = at + 2
                between = self.catalogue.gettext(pieces[at]) if names and pieces[at] in BETWEEN else pieces[at]
                whole = between + self._piece(pieces[at + 1], depth, alone=names)
            told, at = told + whole, end
        return told

    def _added(self, separator: str, text: str, depth: int) -> str | None:
        """Words behind others: an entry with what separates them, or one that holds separators itself."""
        told = self._entry(separator + text, depth, strict=False)
        if told is None and _SEPARATOR.search(text):
            told = self._whole(text, depth, strict=True)
            return told and separator + told
        return told

    def _piece(self, piece: str, depth: int, *, alone: bool) -> str:
        """Single words are told in a list alone: in a sentence that nobody knows they may mean anything."""
        if not alone and " " not in piece:
            return piece
        return self._whole(piece, depth) or self._by_word(piece) or piece

    def _by_word(self, text: str) -> str | None:
        """A moment such as "Sat 21 Nov 22:00", or words that are known with a name behind them."""
        if _MOMENT.search(text):
            return _MOMENT_WORD.sub(lambda word: self.catalogue.gettext(word[0]), text)
        words, _, name = text.rpartition(" ")
        return f"{self.known[words]} {name}" if " " in words and words in self.known else None


def _number(digits: str) -> str:
    """English sets its thousands apart by commas; the active language has its own way."""
    return formats.number_format(int(digits.replace(",", "")), use_l10n=True, force_grouping=True) if "," in digits else digits
