"""The text of a revision's file: what it has to say, and changes of parts of it that leave every other character where it is."""

from __future__ import annotations

import ast

from .failures import Failure

EDITED = "edited_file"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Source:
    """A text whose parts are named by the nodes of its syntax tree. Raises SyntaxError."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode()
        self.tree = ast.parse(text)
        self.starts = [0]
        for line in self.data.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.changes = []

    def span(self, node) -> tuple:
        """Where it begins and ends, in bytes: that is how the tree counts columns."""
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def of(self, node) -> str:
        start, end = self.span(node)
        return self.data[start:end].decode()

    def replace(self, node, text: str) -> None:
        self.changes.append((*self.span(node), text))

    def remove_lines(self, node) -> None:
        """A statement with the lines that it stands on."""
        self.changes.append((self.starts[node.lineno - 1], self.starts[node.end_lineno], ""))

    def changed(self) -> str:
        data = self.data
        for start, end, text in sorted(self.changes, reverse=True):
            data = data[:start] + text.encode() + data[end:]
        return data.decode()


def require(file: dict) -> None:
    """Raises Failure unless the file is Python, and says of its place in the history what the version before said."""
    try:
        tree = ast.parse(file["python"])
    except SyntaxError as error:
        raise Failure(EDITED, "Line {} is no Python: {}.".format(error.lineno, error.msg)) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Failure(EDITED, "It cannot be parsed: {}.".format(error)) from None
    downs = names_of(assigned_once(tree, "down_revision"))
    revision = assigned_once(tree, "revision")
    if revision != file["revision"]:
        raise Failure(EDITED, "Its revision was {!r} and is {!r} now. An edit leaves it as it is.".format(file["revision"], revision))
    if downs != list(file["down_revisions"]):
        told = (", ".join(names) or "None" for names in (file["down_revisions"], downs))
        raise Failure(EDITED, "Its down_revision was {} and is {} now. An edit leaves it as it is.".format(*told))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if "upgrade" not in functions:
        raise Failure(EDITED, "It has no function upgrade() any more.")


def assigned_once(tree: ast.Module, name: str):
    """The literal that the module gives to the name. Raises Failure where it is given several times, or something that is computed."""
    node = assignment(tree, name)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise Failure(EDITED, "Line {}: {} has to be written out, not computed.".format(node.lineno, name)) from None


def assignment(tree: ast.Module, name: str):
    """The node of the one value."""
    stored = [node for node in _outside_functions(tree) if _stores(node, name)]
    values = [found for node in tree.body for found in _values(node, name)]
    if len(stored) != 1 or len(values) != 1:
        raise Failure(EDITED, "{} has to be assigned exactly once, at the top of the file.".format(name))
    return values[0]


def names_of(value) -> list:
    return [] if value is None else [value] if isinstance(value, str) else [str(one) for one in value]


def _outside_functions(tree: ast.Module):
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, FUNCTIONS):
            waiting += ast.iter_child_nodes(node)


def _stores(node, name: str) -> bool:
    if isinstance(node, ast.Name):
        return node.id == name and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.alias):
        return (node.asname or node.name) == name
    return isinstance(node, FUNCTIONS) and getattr(node, "name", "") == name


def _values(node, name: str):
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        pairs = [(node.target, node.value)]
    elif isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in node.targets]
    else:
        return
    for target, value in pairs:
        if isinstance(target, ast.Name) and target.id == name:
            yield value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            yield from (value.elts[at] for at, one in enumerate(target.elts) if isinstance(one, ast.Name) and one.id == name)
