"""The static reading of one revision file: nothing is executed, so code that cannot be imported here can still be shown."""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
GENERATED = re.compile(r"^\s*Revision ID:", re.MULTILINE)
LONGEST_DOC = 20_000
LONGEST_MESSAGE = 500
MISSING = object()
SEQUENCES = {"tuple", "list", "set", "frozenset"}


@dataclass(frozen=True)
class ScriptFacts:
    """What a file says of itself. `revision` is None where it declares none, or none that can be read.

    `lines` has the line of each name that the file declares, `computed` the names whose values a reading cannot be sure of;
    `problem` is (sentence, line) for a file that cannot be read at all.
    """

    path: str
    revision: Any = None
    down_revisions: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    branch_labels: tuple[str, ...] = ()
    doc: str = ""
    downgrade: str = "absent"
    lines: dict[str, int] = field(default_factory=dict)
    computed: tuple[str, ...] = ()
    problem: tuple[str, int] | None = None

    @property
    def message(self) -> str:
        """The first line of the docstring; "" where Alembic generated the whole of it."""
        text = GENERATED.split(self.doc)[0].strip()
        return text.split("\n")[0].strip()[:LONGEST_MESSAGE]


def decode(data: bytes) -> str:
    """The text in the encoding that the file declares (PEP 263). SyntaxError, UnicodeDecodeError or LookupError if it cannot be."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def read_script(path: Path, text: str) -> ScriptFacts:
    """The facts of one file; a file that cannot be parsed is a fact too, never an exception."""
    try:
        tree = parsed(text)
    except SyntaxError as error:
        return ScriptFacts(str(path), problem=(f"It is not valid Python: {error.msg}.", error.lineno or 1))
    except (ValueError, RecursionError, MemoryError) as error:
        return ScriptFacts(str(path), problem=(f"It cannot be parsed: {error}.", 1))
    found = Assignments(tree)
    return ScriptFacts(
        path=str(path),
        revision=clean(found.value("revision")),
        down_revisions=_names(found.value("down_revision")),
        depends_on=_names(found.value("depends_on")),
        branch_labels=_names(found.value("branch_labels")),
        doc=clean(ast.get_docstring(tree) or "")[:LONGEST_DOC],
        downgrade=_downgrade(tree),
        lines=found.lines,
        computed=tuple(name for name in NAMES if found.is_computed(name)),
    )


def parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape is the project's affair
        return ast.parse(text)


class Assignments:
    """What each name may hold once the file has been imported, as far as literals tell.

    The last assignment counts. One within a branch (if, try, loop) leaves the value before it possible as well, so a name with
    several possible values is called computed, and its last literal is shown.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.lines: dict[str, int] = {}
        self.possible: dict[str, list[Any]] = {}
        for node, is_sure in _statements(tree.body, is_sure=True):
            for target, value in self._bound(node):
                self._keep(target, value, node.lineno, is_sure=is_sure)

    def value(self, name: str) -> Any:
        """None where it is not declared, or no literal."""
        return next((value for value in reversed(self.possible.get(name, [])) if value is not MISSING), None)

    def is_computed(self, name: str) -> bool:
        possible = self.possible.get(name, [])
        return MISSING in possible or any(value != possible[0] for value in possible)

    def _keep(self, name: str, value: Any, line: int, *, is_sure: bool) -> None:
        before = [] if is_sure else self.possible.get(name, [None])
        self.possible[name] = [*before, value]
        if name in NAMES:
            self.lines[name] = line

    def _bound(self, node: ast.stmt) -> Iterator[tuple[str, Any]]:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from self._unpacked(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from self._unpacked(node.target, node.value)
        elif isinstance(node, ast.AugAssign):
            yield from ((name.id, MISSING) for name in [node.target] if isinstance(name, ast.Name))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name, MISSING) for alias in node.names)

    def _unpacked(self, target: ast.expr, value: ast.expr) -> Iterator[tuple[str, Any]]:
        if isinstance(target, ast.Name):
            yield target.id, self._literal(value)
        elif isinstance(target, ast.Tuple | ast.List):
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts) else None
            for position, part in enumerate(target.elts):
                if parts is not None:
                    yield from self._unpacked(part, parts[position])
                elif isinstance(part, ast.Name):
                    yield part.id, MISSING

    def _literal(self, node: ast.expr) -> Any:
        """The value, or MISSING where it is computed. Names that hold literals are followed."""
        if isinstance(node, ast.Name):
            possible = self.possible.get(node.id, [MISSING])
            return possible[0] if len(possible) == 1 else MISSING
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            parts = [self._literal(part) for part in node.elts]
            return MISSING if MISSING in parts else tuple(parts)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SEQUENCES and not node.keywords:
            found = self._literal(node.args[0]) if len(node.args) == 1 else MISSING
            return () if not node.args else found if isinstance(found, tuple) else MISSING
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return MISSING


def _statements(body: list[ast.stmt], *, is_sure: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Every statement that importing the file may run, and whether it surely does."""
    for node in body:
        yield node, is_sure
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for part in ("body", "orelse", "finalbody"):
            inner = getattr(node, part, None) or []
            yield from _statements(inner, is_sure=is_sure and (isinstance(node, ast.With) or part == "finalbody"))
        for handler in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
            yield from _statements(handler.body, is_sure=False)


def _names(value: Any) -> tuple[str, ...]:
    """One name or several; None is none. What is no text is shown as it stands, so that nothing is taken for it."""
    parts = value if isinstance(value, tuple) else (value,)
    return tuple(clean(part) if isinstance(part, str) else f"{part!r} ({type(part).__name__})" for part in parts if part is not None)


def clean(value: Any) -> Any:
    """A text without what no database keeps and no page shows: NUL, and halves of characters."""
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _downgrade(tree: ast.Module) -> str:
    """present, empty, raises or absent."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    statements = [node for node, _ in _statements(tree.body, is_sure=True)]
    defined = [node for node in statements if isinstance(node, functions) and node.name == "downgrade"]
    if not defined:
        return "present" if any("downgrade" in _given(node) for node in statements) else "absent"
    body = [node for node in defined[-1].body if not _is_nothing(node)]
    if not body:
        return "empty"
    return "raises" if isinstance(body[0], ast.Raise) else "present"


def _given(node: ast.stmt) -> set[str]:
    """The names that an import or an assignment gives."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    return {target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)}


def _is_nothing(node: ast.stmt) -> bool:
    """pass, a docstring, an ellipsis, a return without value."""
    if isinstance(node, ast.Pass) or (isinstance(node, ast.Return) and (node.value is None or isinstance(node.value, ast.Constant))):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
