"""Replaces known secret values, in every form in which a program may print them, at the one place where output enters."""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

SHORTEST = 4
MASK = b"***"


class Redactor:
    """Masks the given secrets in bytes. Shorter ones than four characters are left: masking them would garble every line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in forms_of(secret)}
        self.longest = max((len(form) for form in forms), default=0)
        # The longest first, so that a form that holds another one is masked as a whole.
        ordered = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(re.escape(form) for form in ordered)) if ordered else None

    def __repr__(self) -> str:
        return "<Redactor>"

    def __call__(self, data: bytes) -> bytes:
        return self._pattern.sub(MASK, data) if self._pattern else data


def forms_of(secret: str) -> set[bytes]:
    """The value itself, URL-encoded, percent-doubled, JSON- and Python-escaped, and in base64 at each of the three offsets."""
    texts = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), secret.replace("%", "%%")}
    texts |= {quote(secret, safe="").replace("%", "%%"), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    raw = secret.encode()
    return {text.encode() for text in texts} | {part for offset in range(3) if len(part := _base64_part(raw, offset)) >= SHORTEST * 2}


def _base64_part(raw: bytes, offset: int) -> bytes:
    """What base64 shows of the bytes when `offset` others stand before them: without the characters that neighbours share."""
    encoded = base64.b64encode(b"\0" * offset + raw)
    first = -(-offset * 4 // 3) if offset else 0
    last = (offset + len(raw)) // 3 * 4
    return encoded[first:last]
