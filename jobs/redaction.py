"""Takes known secrets out of text, at the one place where bytes of a project enter ours."""

import base64
import html
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 4  # anything shorter would turn ordinary text into stars and hide nothing
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
T = TypeVar("T")


class Redactor:
    """Replaces secrets in every form in which a program is likely to print them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in written_forms(secret)}
        self.forms = sorted(forms, key=lambda form: (-len(form), form))
        self.pattern = re.compile("|".join(re.escape(form) for form in self.forms)) if self.forms else None
        self.starts = {form[:length] for form in self.forms for length in range(1, len(form))}
        self.longest = len(self.forms[0]) if self.forms else 0

    def __repr__(self) -> str:
        return f"<Redactor of {len(self.forms)} forms>"

    def text(self, text: str) -> str:
        # Looking for each form in turn is many times quicker than one pattern of them all, and nearly always finds nothing.
        if self.pattern is None or not any(form in text for form in self.forms):
            return text
        return self.pattern.sub(MASK, text)

    def clean(self, value: T) -> T:
        """A JSON value with every string in it cleaned, keys included."""
        if isinstance(value, str):
            return self.text(value)  # type: ignore[return-value]
        if isinstance(value, list):
            return [self.clean(item) for item in value]  # type: ignore[return-value]
        if isinstance(value, dict):
            return {self.text(str(key)): self.clean(item) for key, item in value.items()}  # type: ignore[return-value]
        return value

    def held_back(self, text: str) -> int:
        """How many characters at the end may be the beginning of a secret that goes on in the next piece."""
        for length in range(min(self.longest - 1, len(text)), 0, -1):
            if text[-length:] in self.starts:
                return length
        return 0


class Stream:
    """Redacts text that comes in pieces: what might be the beginning of a secret waits for the next piece."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor, self.waiting = redactor, ""

    def feed(self, piece: str) -> str:
        # Complete secrets are masked first: what is left at the end may still be a beginning.
        text = self.redactor.text(self.waiting + piece)
        held = self.redactor.held_back(text)
        self.waiting = text[len(text) - held :]
        return text[: len(text) - held]

    def finish(self) -> str:
        text, self.waiting = self.waiting, ""
        return text


@lru_cache(maxsize=64)
def written_forms(secret: str) -> frozenset[str]:
    """The secret as it is, and as URLs, ini files, SQL, libpq, JSON, Python, HTML, a shell, base64 and hexadecimal digits write it; some of
    them of a URL that holds it, where it stands encoded already."""
    plain = {secret, CONTROL.sub("", secret)}
    quoted = {encode(form) for form in plain for encode in (quote, quote_plus, lambda text: quote(text, safe=""))}
    quoted |= {re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in quoted}
    literals = {form.replace("'", "''") for form in plain} | {re.sub(r"([\\'])", r"\\\1", form) for form in plain}
    quoted |= {quote(form) for form in quoted}
    doubled = {form.replace("%", times) for form in plain | quoted | literals for times in ("%%", "%%%%")}
    escaped = {json.dumps(form)[1:-1] for form in plain} | {json.dumps(form, ensure_ascii=False)[1:-1] for form in plain}
    escaped |= {repr(form)[1:-1] for form in plain} | {form.replace("'", "'\"'\"'") for form in plain}
    escaped |= {html.escape(form) for form in plain} | {html.escape(form).replace("&#x27;", "&#39;") for form in plain}
    packed = {form for text in {secret, quote_plus(secret), quote(secret, safe="")} for form in encoded(text)}
    return frozenset(form for form in plain | quoted | literals | doubled | escaped | packed if len(form) >= SHORTEST)


def encoded(secret: str) -> set[str]:
    """Hexadecimal digits; base64 of the secret alone, and what stays the same of it wherever it stands within a longer text."""
    data = secret.encode()
    whole = {encode(data).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)}
    found = whole | {form.rstrip("=") for form in whole} | {data.hex(), data.hex().upper()}
    for shift in range(3):
        padded = bytes(shift) + data
        first, last = (shift * 8 + 5) // 6, len(padded) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            inner = encode(padded).decode()[first:last]
            if len(inner) >= 2 * SHORTEST:
                found.add(inner)
    return found
