"""Which sentences the rooms below the faces can say: read from their source, for the catalogue that tells them in other languages.

What counts: a text of the code with a lower-case word and a space in it, or the label of a choice. An f-string becomes a pattern with {0},
{1}, … in place of what is put in. Where a piece of it is chosen (`'s' if n != 1 else ''`), each choice is a pattern; one chosen by a
number is the singular and plural of one entry, with {n} for the number. A text kept in a local name is followed to where it is used.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from config.sentence_rules import BY_HAND, counts, is_text, quiet

ROOMS = ("accounts", "audit", "config", "environments", "jobs", "migrations_store", "notices", "runner")
OF_CONFIG = {"errors.py", "networks.py", "outgoing.py", "rows.py", "sealing.py"}  # the others speak to whoever starts the server
NOT_FOR_PAGES = ("/migrations/0", "/management/", "audit/offline/", "audit/protection.py", "runner/operations.py", "proposals/patches.py")
MOST_CHOICES = 12


class Chosen(NamedTuple):
    """One way in which a text can come out; `choices` are the questions that lead there, each with its answer."""

    pieces: tuple[str, ...]
    choices: tuple[tuple[str, bool], ...] = ()


@dataclass
class Entry:
    """One of the catalogue; `places` say where it is said."""

    msgid: str
    plural: str = ""
    places: list[str] = field(default_factory=list)


def sources(root: Path) -> list[Path]:
    found = sorted(path for room in ROOMS for path in (root / room).rglob("*.py"))
    told = [path for path in found if not any(part in path.as_posix() for part in NOT_FOR_PAGES)]
    return [path for path in told if path.parent.name != "config" or path.name in OF_CONFIG]


def read(root: Path) -> dict[str, Entry]:
    """All entries, in the order of their places."""
    entries = {words: Entry(words, places=["config/retelling.py"]) for words in BY_HAND}
    for path in sources(root):
        for entry in _Reader(ast.parse(path.read_text())).entries():
            kept = entries.setdefault(entry.msgid, entry)
            kept.plural = kept.plural or entry.plural
            kept.places.append(path.relative_to(root).as_posix())
    return entries


class _Reader:
    """One module: `silent` are the nodes whose texts are for no person, `scope` the texts that local names hold."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.silent: set[ast.AST] = set()
        self.scope: dict[str, ast.expr] = {}

    def entries(self) -> Iterator[Entry]:
        yield from self._of(self.tree)

    def _of(self, node: ast.AST) -> Iterator[Entry]:
        if node in self.silent or isinstance(node, ast.Compare):
            return
        self.silent.update(quiet(node))
        before = self.scope
        if isinstance(node, ast.FunctionDef):
            self.scope = _held(node)
        if isinstance(node, ast.ClassDef) and _is_choices(node):
            yield from _labels(node)
            return
        if is_text(node) and isinstance(node, ast.expr):
            yield from self._told(node)
        for child in _inside(node) if is_text(node) else ast.iter_child_nodes(node):
            yield from self._of(child)
        self.scope = before

    def _told(self, node: ast.expr) -> Iterator[Entry]:
        ways = self._ways(node, follow=True)
        if len(ways) > MOST_CHOICES:
            ways = self._ways(node, follow=False)
        pairs: dict[tuple[tuple[str, bool], ...], dict[bool, str]] = {}
        for way in ways:
            of_number = [one for key, one in way.choices if key.startswith("#")]
            rest = tuple(choice for choice in way.choices if not choice[0].startswith("#"))
            numbers = {key[1:] for key, _ in way.choices if key.startswith("#")}
            pairs.setdefault(rest, {})[bool(of_number and of_number[0])] = _pattern(way, numbers)
        for pair in pairs.values():
            one, many = pair.get(True, ""), pair.get(False, "")
            if counts(one) or counts(many):
                yield Entry(one or many, many if one and one != many else "")

    def _ways(self, node: ast.expr, *, follow: bool) -> list[Chosen]:
        """Each way in which this text can come out."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [Chosen(tuple(_fields(node.value)))]
        if isinstance(node, ast.JoinedStr):
            return _together([self._ways(part, follow=follow) for part in node.values])
        if isinstance(node, ast.FormattedValue):
            inner = node.value
            if isinstance(inner, ast.Name) and follow and inner.id in self.scope:
                return self._ways(self.scope[inner.id], follow=False)
            if isinstance(inner, (ast.IfExp, ast.JoinedStr)):
                return self._ways(inner, follow=follow)
            return [Chosen((_Put(ast.unparse(inner)),))]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return _together([self._ways(side, follow=follow) for side in (node.left, node.right)])
        if isinstance(node, ast.IfExp):
            return self._chosen(node, follow=follow)
        return [Chosen((_Put(ast.unparse(node)),))]

    def _chosen(self, node: ast.IfExp, *, follow: bool) -> list[Chosen]:
        key, is_one = _question(node.test)
        ways = [(is_one, self._ways(node.body, follow=follow)), (not is_one, self._ways(node.orelse, follow=follow))]
        return [Chosen(way.pieces, (*way.choices, (key, answer))) for answer, found in ways for way in found]


class _Put(str):
    """What is put in, as the code says it."""

    __slots__ = ()


def _held(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """Names that are given one text, or one of two."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).extend([node.value] * 2)
    return {name: values[0] for name, values in found.items() if len(values) == 1 and is_text(values[0])}


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """What may hold further texts in what is put into this one: arguments of calls, values of a join."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Call, ast.BoolOp, ast.GeneratorExp, ast.ListComp, ast.Dict, ast.Subscript)):
            yield child
        elif not isinstance(child, ast.Compare):
            yield from _inside(child)


def _is_choices(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).endswith("Choices") for base in node.bases)


def _labels(node: ast.ClassDef) -> Iterator[Entry]:
    for value in (statement.value for statement in node.body if isinstance(statement, ast.Assign)):
        if isinstance(value, ast.Tuple) and isinstance(value.elts[-1], ast.Constant):
            yield Entry(str(value.elts[-1].value))


def _question(test: ast.expr) -> tuple[str, bool]:
    """What a choice depends on, and whether its first branch is for one thing (or for yes)."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and ast.unparse(test.comparators[0]) == "1":
        subject = ast.unparse(test.left)
        if isinstance(test.ops[0], (ast.Eq, ast.NotEq, ast.Gt)):
            return f"#{subject}", isinstance(test.ops[0], ast.Eq)
    return ast.unparse(test), True


def _together(parts: list[list[Chosen]]) -> list[Chosen]:
    """Every combination in which the same question has one answer."""
    found = []
    for ways in product(*parts):
        choices: dict[str, bool] = {}
        if all(choices.setdefault(key, answer) == answer for way in ways for key, answer in way.choices):
            found.append(Chosen(tuple(piece for way in ways for piece in way.pieces), tuple(sorted(choices.items()))))
    return found


def _fields(text: str) -> Iterator[str]:
    """A text's own {0} or {name}, for those that are filled in by format()."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        parts = []
    if not any(name is not None and re.fullmatch(r"\w*", name) for _, name, _, _ in parts):
        yield text
        return
    for words, name, _, _ in parts:
        yield words
        if name is not None:
            yield _Put(name)


def _pattern(way: Chosen, numbers: set[str]) -> str:
    """With {0}, {1}, … in order; what stands side by side is one; the number that is asked about is {n}."""
    text, count = "", 0
    for piece in way.pieces:
        if not isinstance(piece, _Put):
            text += str(piece)
        elif piece in numbers and "{n}" not in text:
            text += "{n}"
        elif not re.search(r"\{\d+\}$", text):
            text += f"{{{count}}}"
            count += 1
    return text


def template(root: Path) -> str:
    """The catalogue without translations, as gettext's tools read it."""
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
    return "\n".join([head, *(_po(entry) for entry in sorted(read(root).values(), key=lambda entry: entry.places[0]))])


def _po(entry: Entry) -> str:
    lines = [f"#. {place}" for place in dict.fromkeys(entry.places)]
    lines.append(f"msgid {_quoted(entry.msgid)}")
    lines += [f"msgid_plural {_quoted(entry.plural)}", 'msgstr[0] ""', 'msgstr[1] ""'] if entry.plural else ['msgstr ""']
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    sys.stdout.write(template(Path(__file__).resolve().parent.parent))
