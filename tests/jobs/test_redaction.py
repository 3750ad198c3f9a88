"""Secrets in every form, wherever reads happen to end."""

import base64
import html
import json
import re
import shlex
from urllib.parse import quote, quote_plus

import pytest

from jobs.redaction import Redactor, Stream

SECRET = "p@ss/wörd %7 \"'\\x+"
FORMS = {
    "raw": SECRET,
    "quoted": quote(SECRET),
    "quoted with slash": quote(SECRET, safe=""),
    "as a form": quote_plus(SECRET),
    "lower case": re.sub("%..", lambda match: match[0].lower(), quote(SECRET, safe="")),
    "percent doubled": SECRET.replace("%", "%%"),
    "in an ini file": quote(SECRET, safe="").replace("%", "%%"),
    "JSON": json.dumps(SECRET),
    "JSON, not ASCII": json.dumps(SECRET, ensure_ascii=False),
    "repr": repr(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 of its URL": base64.b64encode(f"postgresql://ada:{quote_plus(SECRET)}@host".encode()).decode(),
    "hexadecimal": SECRET.encode().hex(),
    "HTML": html.escape(SECRET),
    "HTML of a template": html.escape(SECRET).replace("&#x27;", "&#39;"),
    "quoted twice": quote(quote(SECRET, safe=""), safe=""),
    "percent doubled twice": SECRET.replace("%", "%%%%"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_is_masked(form: str) -> None:
    shown = Redactor([SECRET]).text(f"url=postgresql://ada:{form}@host")
    assert "***" in shown
    assert form.strip("\"'") not in shown


@pytest.mark.parametrize(
    "text",
    [
        "ALTER ROLE app PASSWORD 'o''hara\\50%'",
        "ALTER ROLE app PASSWORD 'o''hara\\50%%'",
        r"host=db password='o\'hara\\50%'",
        "psql --set password=" + shlex.quote("o'hara\\50%"),
    ],
    ids=["SQL", "SQL with parameters", "libpq", "shell"],
)
def test_a_quote_within_it_hides_nothing(text: str) -> None:
    shown = Redactor(["o'hara\\50%"]).text(text)
    assert (shown.count("***"), "hara" in shown) == (1, False)


@pytest.mark.parametrize("before", ["", "a", "ab", "ada:", "user:"])
def test_base64_of_a_longer_text_is_masked(before: str) -> None:
    shown = Redactor(["correct horse"]).text(base64.b64encode(f"{before}correct horse@host".encode()).decode())
    left, masked, right = shown.partition("***")
    assert masked
    assert len(left) <= len(before) * 4 // 3 + 2
    assert len(right) <= 10


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_pieces_of_any_size_hide_it(size: int) -> None:
    text = f"before {SECRET} between {quote(SECRET)} after"
    stream = Stream(Redactor([SECRET]))
    shown = "".join(stream.feed(text[at : at + size]) for at in range(0, len(text), size)) + stream.finish()
    assert shown == "before *** between *** after"


def test_only_a_possible_beginning_is_held_back() -> None:
    stream = Stream(Redactor(["correct horse"]))
    assert stream.feed("a line\nthe corr") == "a line\nthe "
    assert stream.feed("idor\n") == "corridor\n"


def test_short_secrets_are_left() -> None:
    assert Redactor(["abc", ""]).text("abc") == "abc"


def test_json_is_cleaned_throughout() -> None:
    event = {"a": ["correct horse", 1, None], "correct horse": {"b": "x correct horse"}}
    assert Redactor(["correct horse"]).clean(event) == {"a": ["***", 1, None], "***": {"b": "x ***"}}


def test_repr_shows_nothing() -> None:
    assert "horse" not in repr(Redactor(["correct horse"]))
