"""Texts that are marked for translation are found by gettext, and marking works where it stands."""

import ast
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

MARKS = {"_", "gettext", "ngettext", "pgettext", "npgettext", "gettext_lazy", "pgettext_lazy"}


def is_marked(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS


def unfound(nodes: list[ast.AST]) -> Iterator[str]:
    """xgettext does not look into f-strings."""
    return (ast.unparse(node) for node in nodes if isinstance(node, ast.JoinedStr) and any(map(is_marked, ast.walk(node))))


def hidden(nodes: list[ast.AST]) -> Iterator[str]:
    """A function that throws something away as `_` has no other `_`."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            parts = list(ast.walk(node))
            own = {id(name) for part in parts if isinstance(part, ast.comprehension) for name in ast.walk(part.target)}
            names = [part for part in parts if isinstance(part, ast.Name) and part.id == "_" and id(part) not in own]
            if len({type(name.ctx) for name in names}) > 1:
                yield node.name


def test_marks_are_found_and_not_hidden() -> None:
    files = sorted((Path(settings.BASE_DIR) / "dashboard").rglob("*.py"))
    read = {file.name: list(ast.walk(ast.parse(file.read_text()))) for file in files}
    wrong = {name: [*unfound(nodes), *hidden(nodes)] for name, nodes in read.items()}
    assert len(read) > 50
    assert not {name: words for name, words in wrong.items() if words}


def test_what_is_looked_for_is_seen() -> None:
    text = "def one():\n    a, _, b = two\n    return _('x')\ndef three():\n    return f\"{_('y')}\"\n"
    nodes = list(ast.walk(ast.parse(text)))
    assert (list(unfound(nodes)), list(hidden(nodes))) == (["f\"{_('y')}\""], ["one"])
