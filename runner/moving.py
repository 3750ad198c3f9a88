"""A revision on another parent: one assignment of its file, and what its docstring says of it."""

from __future__ import annotations

import ast
import re
import tokenize
from pathlib import Path

from .failures import Failure
from .texts import Source, assignment, names_of

MOVED = "not_moved"
REVISES = re.compile(r"^([ \t]*Revises:[ \t]*)([^\r\n]*)", re.MULTILINE)


def moved(script, revision: str, onto: str) -> dict:
    """The file as it is and as it would be. Nothing is written."""
    found = script.get_revision(revision)
    parents = {one.revision: names_of(one.down_revision) for one in script.walk_revisions()}
    if onto in _line(revision, parents):
        raise Failure(MOVED, "{} comes before {} already.".format(onto, revision))
    if revision in _line(onto, parents):
        raise Failure(MOVED, "{} comes after {}: on top of it the history would be a circle.".format(onto, revision))
    path = Path(found.path).absolute()
    before = _read(path)
    after = rewritten(before, onto)
    return {
        "revision": revision,
        "down_revisions": [onto],
        "message": found.doc or "",
        "path": str(path),
        "python": after,
        "replaces": before,
        "operations": [],
        "sql": {},
    }


def _line(revision: str, parents: dict) -> set:
    """The revision and what it stands on."""
    found, waiting = set(), [revision]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += parents.get(one, [])
    return found


def rewritten(text: str, onto: str) -> str:
    """Raises Failure where it cannot be said for certain which characters those are."""
    try:
        source = Source(text)
        node = assignment(source.tree, "down_revision")
        old = names_of(ast.literal_eval(node))
    except (SyntaxError, ValueError) as error:
        raise Failure(MOVED, "The file's down_revision cannot be read ({}); change it by hand.".format(error)) from None
    if len(old) > 1:
        raise Failure(MOVED, "This revision is a merge of {}; change it by hand.".format(", ".join(old)))
    quote = source.of(node)[:1]
    source.replace(node, "'{}'".format(onto) if quote == "'" else '"{}"'.format(onto))
    _tell(source, onto)
    return source.changed()


def _tell(source: Source, onto: str) -> None:
    first = source.tree.body[0] if source.tree.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        text = source.of(first.value)
        if REVISES.search(text):
            source.replace(first.value, REVISES.sub(lambda match: match[1] + onto, text, count=1))


def _read(path: Path) -> str:
    with path.open("rb") as file:
        encoding, _ = tokenize.detect_encoding(file.readline)
    data = path.read_bytes()
    if encoding != "utf-8" or b"\r" in data.replace(b"\r\n", b"\n"):
        raise Failure(MOVED, "The file is no plain UTF-8 with ordinary line ends; change it by hand.")
    return data.decode()
