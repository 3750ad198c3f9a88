"""Someone else's statement, shown without the data in it."""

import re

# In this order: a quote within a comment opens nothing, and what is cut off in the middle is data to its end.
TOKENS = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*(?:(?!/\*|\*/).)*\*/ | /\*.*\Z )
  | (?P<escaped> \b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z) )
  | (?P<dollar> \$(?P<tag>[^\W\d]\w*|)\$.*?(?:\$(?P=tag)\$|\Z) )
  | (?P<string> '(?:[^']|'')*(?:'|\Z) )
  | (?P<name> "(?:[^"]|"")*(?:"|\Z) | `[^`]*(?:`|\Z) )
  | (?P<number> (?<![\w$])(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?!\w) )
    """,
    re.VERBOSE | re.DOTALL,
)
# MySQL: a backslash escapes in both kinds of quotes, and double quotes are no names.
MYSQL = re.compile(
    r"""
    (?P<comment> \#[^\n]* | --\s[^\n]* | /\*.*?(?:\*/|\Z) )
  | (?P<string> '(?:[^'\\]|\\.|'')*(?:'|\\?\Z) | "(?:[^"\\]|\\.|"")*(?:"|\\?\Z) )
  | (?P<name> `[^`]*(?:`|\Z) )
    """,
    re.VERBOSE | re.DOTALL,
)
SHOWN = 500


def masked(statement: str, *, mysql: bool = False) -> str:
    """Every string and number becomes `?`, comments go, blanks are joined; at most 500 characters.

    What cannot be told apart is masked rather than shown: statements come cut off, and their end decides what is data.
    """
    if mysql:
        statement = MYSQL.sub(_shown, statement)
    text = " ".join(TOKENS.sub(_shown, statement).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _shown(found: re.Match[str]) -> str:
    if found["name"]:
        return found["name"]
    return " " if found["comment"] else "?"
