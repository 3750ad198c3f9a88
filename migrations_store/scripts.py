"""The static reading of one revision file: nothing is executed, so code that cannot be imported here can still be shown.

Most files hold their four names as one-line literals, which a regular expression reads several times quicker than the
parser; whatever looks different goes through `ast`.
"""

import ast
import io
import re
import tokenize
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
ASSIGNMENT = re.compile(r"^(revision|down_revision|branch_labels|depends_on)\b([^=\n]*)=(.*)$", re.MULTILINE)
SIMPLE = re.compile(r"""\s*(?:None|'([^'"\\\n]*)'|"([^'"\\\n]*)")\s*(?:\#.*)?""")
DOWNGRADE = re.compile(r"^(?:async )?def downgrade\b", re.MULTILINE)
GENERATED = re.compile(r"^\s*Revision ID:", re.MULTILINE)
MISSING = object()


@dataclass(frozen=True)
class ScriptFacts:
    """What a file says of itself. `revision` is None where it declares none, or none that can be read.

    `computed` names the values that are no literals; `problem` is (sentence, line) for a file that cannot be parsed.
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
        """The first line of the docstring, as Alembic shows it."""
        text = GENERATED.split(self.doc)[0].strip()
        return text.split("\n")[0].strip() if text else ""


def decode(data: bytes) -> str:
    """The text in the encoding that the file declares (PEP 263). SyntaxError, UnicodeDecodeError or LookupError if it cannot be."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def read_script(path: Path, text: str) -> ScriptFacts:
    """The facts of one file; a file that cannot be parsed is a fact too, never an exception."""
    return _read_quickly(str(path), text) or _read_thoroughly(str(path), text)


# --- the quick way


def _read_quickly(path: str, text: str) -> ScriptFacts | None:
    """None where anything is unusual."""
    head, body = _split(text)
    found: dict[str, str | None] = {}
    lines: dict[str, int] = {}
    for match in ASSIGNMENT.finditer(head):
        name, simple = match.group(1), SIMPLE.fullmatch(match.group(3))
        if simple is None or name in found:
            return None
        found[name] = simple.group(1) if simple.group(1) is not None else simple.group(2)
        lines[name] = head.count("\n", 0, match.start()) + 1
    doc = _plain_docstring(head)
    if not found.get("revision") or doc is None or "\0" in text:
        return None
    downgrade = _quick_downgrade(body)
    if downgrade is None:
        return None
    values = {name: _names(found.get(name)) for name in NAMES[1:]}
    return ScriptFacts(
        path, found["revision"], values["down_revision"], values["depends_on"], values["branch_labels"], doc, downgrade, lines
    )


def _split(text: str) -> tuple[str, str]:
    """Before and from the first definition: the four names stand above it in everything that Alembic generated."""
    match = re.search(r"^(?:async )?(?:def|class) ", text, re.MULTILINE)
    return (text[: match.start()], text[match.start() :]) if match else (text, "")


def _plain_docstring(head: str) -> str | None:
    """ "" without one; None where it is not plain to see."""
    stripped = head.lstrip()
    if stripped.startswith(('"""', "'''")):
        end = stripped.find(stripped[:3], 3)
        doc = stripped[3:end]
        return doc if end > 0 and "\\" not in doc else None
    return None if re.match(r"[rRuUbBfF]*['\"]", stripped) or stripped.startswith("#") else ""


def _quick_downgrade(body: str) -> str | None:
    """Only the common case; the parser decides the rest."""
    match = DOWNGRADE.search(body)
    if match is None:
        return None
    lines = [line for line in body[match.end() :].split("\n")[1:8] if line.strip()]
    return "present" if lines and re.match(r"\s+(?:op\.|with op\.)\w", lines[0]) else None


# --- the thorough way


def _read_thoroughly(path: str, text: str) -> ScriptFacts:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        return ScriptFacts(path, problem=(f"It is not valid Python: {error.msg}.", error.lineno or 1))
    except (ValueError, RecursionError, MemoryError) as error:
        return ScriptFacts(path, problem=(f"It cannot be parsed: {error}.", 1))
    values, lines, computed = _assignments(tree)
    return ScriptFacts(
        path=path,
        revision=values.get("revision"),
        down_revisions=_names(values.get("down_revision")),
        depends_on=_names(values.get("depends_on")),
        branch_labels=_names(values.get("branch_labels")),
        doc=ast.get_docstring(tree) or "",
        downgrade=_downgrade(tree),
        lines=lines,
        computed=computed,
    )


def _assignments(tree: ast.Module) -> tuple[dict[str, Any], dict[str, int], tuple[str, ...]]:
    """The last assignment of each name at the top of the file, also within if and try; names that hold literals are followed."""
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    constants: dict[str, Any] = {}
    computed: list[str] = []
    for node in _statements(tree.body):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if not targets or getattr(node, "value", None) is None:
            continue
        value = _literal(node.value, constants)  # type: ignore[attr-defined]
        for target in targets:
            if isinstance(target, ast.Name):
                constants[target.id] = value
                if target.id in NAMES:
                    lines[target.id] = node.lineno
                    values[target.id] = None if value is MISSING else value
                    computed = [name for name in computed if name != target.id] + ([target.id] if value is MISSING else [])
    return values, lines, tuple(computed)


def _statements(body: list[ast.stmt]) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for node in body:
        found.append(node)
        for part in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                found += _statements(getattr(node, part, []))
    return found


def _literal(node: ast.expr, constants: dict[str, Any]) -> Any:
    """The value, or MISSING where it is computed."""
    if isinstance(node, ast.Name):
        return constants.get(node.id, MISSING)
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        parts = [_literal(part, constants) for part in node.elts]
        return MISSING if any(part is MISSING for part in parts) else tuple(parts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tuple", "list", "set", "frozenset", "str"):
        return () if not node.args else _literal(node.args[0], constants)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return MISSING


def _names(value: Any) -> tuple[str, ...]:
    """One name or several; None, an empty string and an empty tuple are none. What is no text is shown as it stands."""
    if value is None or value == "" or value is MISSING:
        return ()
    parts = value if isinstance(value, tuple | list | set | frozenset) else (value,)
    return tuple(str(part) for part in parts if part not in (None, ""))


def _downgrade(tree: ast.Module) -> str:
    """present, empty, raises or absent."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    defined = [node for node in _statements(tree.body) if isinstance(node, functions) and node.name == "downgrade"]
    if not defined:
        return "present" if _imports(tree, "downgrade") else "absent"
    body = [node for node in defined[-1].body if not _is_nothing(node)]
    if not body:
        return "empty"
    return "raises" if isinstance(body[0], ast.Raise) else "present"


def _imports(tree: ast.Module, name: str) -> bool:
    given = (ast.ImportFrom, ast.Assign)
    names = [alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    names += [
        target.id
        for node in tree.body
        if isinstance(node, given)
        for target in getattr(node, "targets", [])
        if isinstance(target, ast.Name)
    ]
    return name in names


def _is_nothing(node: ast.stmt) -> bool:
    """pass, a docstring, an ellipsis, a return without value."""
    if isinstance(node, ast.Pass) or (isinstance(node, ast.Return) and (node.value is None or isinstance(node.value, ast.Constant))):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
