"""What drawings that stand alone share: their texts, and the policy under which their own styles hold."""

import base64
import hashlib
import re

from django.http import HttpResponse
from django.utils.html import escape

# What XML cannot hold, and what makes text read in another order than it is written in.
UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def fit(text: str) -> str:
    """As it may stand in XML: not a template's work, for it would take ten times as long for thousands of rows."""
    return escape(UNFIT.sub("\N{REPLACEMENT CHARACTER}", text))


def policy(style: str) -> str:
    """Nothing in a drawing runs, loads or is styled but by `style`, which stands in it."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"


def answer(drawing: str, style: str, filename: str) -> HttpResponse:
    found = HttpResponse(drawing, content_type="image/svg+xml; charset=utf-8")
    found["Content-Security-Policy"] = policy(style)
    found["Content-Disposition"] = f'inline; filename="{filename}"'
    return found
