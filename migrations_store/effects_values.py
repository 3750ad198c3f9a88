"""The texts that an expression may stand for, as far as literals of the same file tell."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from itertools import product

MOST = 40
Bound = dict[str, ast.expr]
# Calls whose first argument is the text, and methods that leave it as it is.
WRAPPERS = {"text", "DDL", "dedent", "cleandoc", "str", "literal_column", "quoted_name", "f", "SQL"}
SAME = {"strip", "lstrip", "rstrip", "bindparams", "execution_options", "lower", "upper", "columns"}
Text = tuple[str, bool]  # with {name} for what is not known, and whether all of it is


class Values:
    """What names hold. One that is assigned several times may hold each; a loop over literals gives each of them."""

    def __init__(self, tree: ast.Module) -> None:
        self.known: dict[str, list[ast.expr | None]] = defaultdict(list)
        loops = []
        for node in ast.walk(tree):
            if isinstance(node, ast.For | ast.comprehension):
                loops.append(node)
            for name, value in _assigned(node):
                self.known[name].append(value)
        for loop in loops:
            for element in self._elements(loop.iter):
                for name, value in _unpacked(loop.target, element):
                    self.known[name].append(value)

    def texts(self, node: ast.expr, bound: Bound, depth: int = 0) -> list[Text]:
        """At most so many; when there are more, the rest counts as not known."""
        found = list(self._texts(node, bound, depth))[: MOST + 1] if depth < 12 else [_hole(node)]
        return found if len(found) <= MOST else [*found[:MOST], _hole(node)]

    def follow(self, node: ast.expr, bound: Bound) -> list[ast.expr | None]:
        """The expressions that a name was given; any other expression is itself."""
        for _ in range(12):
            if not isinstance(node, ast.Name):
                return [node]
            if node.id in bound:
                node = bound[node.id]
                continue
            values = self.known.get(node.id, [None])
            if len(values) != 1 or values[0] is None:
                return list(values)
            node = values[0]
        return [None]

    def _elements(self, iterated: ast.expr) -> list[ast.expr | None]:
        """What a loop goes through: one None where that is not in the text."""
        values = self.follow(iterated, {})
        value = values[0] if len(values) == 1 else None
        return list(value.elts) if isinstance(value, ast.List | ast.Tuple | ast.Set) else [None]

    def _texts(self, node: ast.expr, bound: Bound, depth: int) -> Iterator[Text]:
        if isinstance(node, ast.Constant):
            yield str(node.value), True
        elif isinstance(node, ast.Name):
            for value in self.follow(node, bound):
                yield from self.texts(value, bound, depth + 1) if value is not None and value is not node else [_hole(node)]
        elif isinstance(node, ast.JoinedStr):
            yield from self._joined(node.values, bound, depth)
        elif isinstance(node, ast.FormattedValue):
            yield from self.texts(node.value, bound, depth + 1)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield from self._joined([node.left, node.right], bound, depth)
        elif isinstance(node, ast.IfExp):
            yield from (*self.texts(node.body, bound, depth + 1), *self.texts(node.orelse, bound, depth + 1))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            yield from ((text, False) for text, _ in self.texts(node.left, bound, depth + 1))
        elif isinstance(node, ast.Call):
            yield from self._called(node, bound, depth)
        else:
            yield _hole(node)

    def _joined(self, parts: list[ast.expr], bound: Bound, depth: int) -> Iterator[Text]:
        for chosen in product(*(self.texts(part, bound, depth + 1) for part in parts)):
            yield "".join(text for text, _ in chosen), all(sure for _, sure in chosen)

    def _called(self, node: ast.Call, bound: Bound, depth: int) -> Iterator[Text]:
        name = called(node)
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name in WRAPPERS and node.args:
            yield from self.texts(node.args[0], bound, depth + 1)
        elif name in SAME and receiver is not None:
            yield from self.texts(receiver, bound, depth + 1)
        elif name in ("format", "replace") and receiver is not None:
            yield from ((text, False) for text, _ in self.texts(receiver, bound, depth + 1))
        elif name == "join" and node.args and isinstance(node.args[0], ast.List | ast.Tuple):
            between = [part for element in node.args[0].elts for part in (receiver, element) if part is not None]
            yield from self._joined(between[1:] if receiver is not None else between, bound, depth)
        else:
            yield _hole(node)


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""


def _hole(node: ast.expr) -> Text:
    return "{" + (node.id if isinstance(node, ast.Name) else "…") + "}", False


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Names that a statement gives values; None where they are not in the text."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _unpacked(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, None
    elif isinstance(node, ast.With):
        yield from ((item.optional_vars.id, item.context_expr) for item in node.items if isinstance(item.optional_vars, ast.Name))


def _unpacked(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        parts = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts) else [None] * len(target.elts)
        for part, given in zip(target.elts, parts, strict=True):
            yield from _unpacked(part, given)
