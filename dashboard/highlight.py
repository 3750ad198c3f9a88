"""Source text as highlighted lines. The HTML is what Pygments made of the text, and it escapes everything."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import MySqlLexer, PostgresLexer, PythonLexer, SqlLexer

LARGEST = 200_000  # characters; longer text is shown plain, because a lexer takes seconds for it
PLAIN_SPAN = re.compile(r'<span class="(?:n|p|o|w|nn|nb|na|Whitespace)">([^<]*)</span>')

LEXERS: dict[str, Callable[..., Lexer]] = {
    "python": PythonLexer,
    "sql": SqlLexer,
    "postgresql": PostgresLexer,
    "mysql": MySqlLexer,
    "sqlite": SqlLexer,
}


@dataclass(frozen=True)
class Line:
    number: int
    html: SafeString


@lru_cache(maxsize=64)
def lines(text: str, language: str = "python") -> tuple[Line, ...]:
    """One entry per line, numbered from 1; spans of one token over many lines are closed and opened again at each."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    rendered = _render(text, language) if len(text) <= LARGEST else str(escape(text))
    return tuple(Line(number, mark_safe(line)) for number, line in enumerate(rendered.split("\n"), start=1))  # noqa: S308 escaped by Pygments or above


def _render(text: str, language: str) -> str:
    """Spans of names and punctuation are dropped: the style sheet gives them no colour, and they are half of all nodes."""
    lexer = LEXERS.get(language, SqlLexer)(stripnl=False, ensurenl=False)
    marked: str = highlight(text, lexer, HtmlFormatter(nowrap=True))
    return PLAIN_SPAN.sub(r"\1", marked).removesuffix("\n")
