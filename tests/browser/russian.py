"""What of a page is still English to a Russian reader: its words against the texts of both catalogues, and against English itself.

Identifiers, code, SQL, log lines, what databases and people said stay as they are: those stand in elements of their own.
"""

import gettext
import re
from functools import lru_cache
from pathlib import Path

from playwright.sync_api import Page

from config.patterns import messages

CATALOGUES = Path(__file__).resolve().parents[2] / "locale" / "ru" / "LC_MESSAGES"
SHOWN = """() => {
  const apart = "code, pre, kbd, samp, .rev, .code, .log, .tag, [translate=no], [lang]:not(html), script, style, template";
  const found = [["title", document.title]], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(apart)) found.push(["text", walker.currentNode.data]);
  for (const name of ["aria-label", "title", "placeholder", "alt"])
    for (const element of document.querySelectorAll(`[${name}]`))
      if (!element.closest(apart)) found.push([name, element.getAttribute(name)]);
  return found.map(([where, text]) => [where, text.replace(/\\s+/g, " ").trim()]).filter(([, text]) => /[A-Za-z]{2}/.test(text));
}"""
LIKE_ENGLISH = re.compile(
    r"\b(?:the|an?|of|is|are|was|were|be|been|has|have|to|and|or|not|no|it|its|this|that|with|from|for|on|at|by|in|as|you|your|what|how|"
    r"who|when|where|nothing|only|all|may|can|will|does)\b"
)
CYRILLIC = re.compile("[А-Яа-яЁё]")


def english_left(page: Page, names: set[str]) -> list[str]:
    """`names` are what people and their code have called things."""
    return [f"{where}: {text}" for where, text in page.evaluate(SHOWN) if text not in names and _is_english(text)]


def _is_english(text: str) -> bool:
    if text in texts():
        return True
    return not CYRILLIC.search(text) and len(re.findall(r"\b[A-Za-z]+\b", text)) > 1 and bool(LIKE_ENGLISH.search(text))


@lru_cache
def texts() -> frozenset[str]:
    """Every text that has a Russian one, and whose Russian is another."""
    return frozenset(
        one.strip() for name in ("django", "sentences") for one, told in translated(CATALOGUES / f"{name}.mo") if one and told != one
    )


def translated(file: Path) -> list[tuple[str, str]]:
    with file.open("rb") as opened:
        catalogue = gettext.GNUTranslations(opened)
    return [(one, catalogue.ngettext(one, many, 5) if many else catalogue.gettext(one)) for one, many in messages(file)]
