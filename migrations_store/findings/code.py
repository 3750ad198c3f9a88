"""The changes that a revision's functions make, by the operations of Alembic and the SQL that they call: the walk of effects_code, kept in
full. Nothing is executed."""

import ast
from collections.abc import Iterator
from dataclasses import replace

from migrations_store.effects_code import Walk
from migrations_store.effects_values import Bound, called
from migrations_store.findings import guards, sql
from migrations_store.findings.change import DIALECTS, Change
from migrations_store.findings.names import bare
from migrations_store.findings.operations import Call, changes

LOST = {"drops table": "drop_table", "drops column": "drop_column", "may shorten values of": "narrow", "deletes rows of": "delete_rows"}
PICKS = {"where", "filter", "filter_by"}


class Reading(Walk):
    """Also keeps where each change stands: inside an autocommit block, under `if dialect.name == …`."""

    def __init__(self, tree: ast.Module) -> None:
        super().__init__(tree)
        self.changes: list[Change] = []
        self.autocommit = 0
        self.is_savepoint = False  # what is called belongs to a savepoint, and ends that alone
        self.is_free = False  # after a COMMIT or under AUTOCOMMIT, no transaction is around what follows
        self.dialects = DIALECTS
        self.picking = _picking(tree)

    def _function(self, function: ast.FunctionDef | ast.AsyncFunctionDef, bound: Bound) -> None:
        before = self.dialects
        super()._function(function, bound)
        self.dialects = before

    def _visit(self, node: ast.AST, bound: Bound) -> None:
        if isinstance(node, ast.With | ast.AsyncWith) and any(_is_autocommit(item.context_expr) for item in node.items):
            self.autocommit += 1
            self._keep(Change("autocommit_block", line=node.lineno))
            super()._visit(node, bound)
            self.autocommit -= 1
        elif isinstance(node, ast.If) and (only := guards.dialects(node.test, self.values)) is not None:
            self._visit(node.test, bound)
            self._guarded(node, only, bound)
        else:
            super()._visit(node, bound)

    def _guarded(self, node: ast.If, only: frozenset[str], bound: Bound) -> None:
        """Each branch for its databases; behind a branch that leaves, the others go on."""
        before = self.dialects
        self.dialects = before & only
        for statement in node.body:
            self._visit(statement, bound)
        self.dialects = before - only
        for statement in node.orelse:
            self._visit(statement, bound)
        self.dialects = before - only if isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue) else before

    def _operation(self, node: ast.Call, name: str, table: str, bound: Bound) -> None:
        super()._operation(node, name, table, bound)
        call = Call(node, bare(table), lambda place, key: self._argument(node, place, key, bound), lambda value: self._value(value, bound))
        for change in changes(name, call):
            self._keep(change)

    def _argument(self, node: ast.Call, place: int, key: str, bound: Bound) -> str:
        return bare(self._named(node, place, key, bound)) if self._has(node, place, key) else ""

    def _has(self, node: ast.Call, place: int, key: str) -> bool:
        value = next((word.value for word in node.keywords if word.arg == key), node.args[place] if len(node.args) > place else None)
        return value is not None and not (isinstance(value, ast.Constant) and value.value is None)

    def _value(self, node: ast.expr, bound: Bound) -> ast.expr | None:
        values = self.values.follow(node, bound)
        return values[0] if len(values) == 1 else None

    def _sql(self, value: ast.expr, line: int, bound: Bound) -> None:
        """Told by `sql`, which tells more than the walk that this one is made from."""
        for text, _ in self.values.texts(value, bound):
            for change in sql.read(text, sql.Place(line)):
                self._keep(change)
                self.is_free |= change.kind == "transaction" and change.detail in ("COMMIT", "ROLLBACK")
                self.is_free &= not (change.kind == "transaction" and change.detail == "BEGIN")

    def _expression(self, value: ast.expr, bound: Bound) -> bool:
        for call in ast.walk(value):
            if isinstance(call, ast.Call) and called(call) == "update":
                receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
                of = receiver if receiver is not None and not call.args else call.args[0] if call.args else None
                self._keep(Change("update", bare(self._table(of, bound)), line=call.lineno, flags=self._picked(call)))
        return super()._expression(value, bound)

    def _picked(self, call: ast.Call) -> frozenset[str]:
        return frozenset({"where"} if id(call) in self.picking else ())

    def _lose(self, what: str, object: str, line: int) -> None:
        super()._lose(what, object, line)
        table, _, name = object.rpartition(".") if what in ("drops column", "may shorten values of") else (object, "", "")
        picked = frozenset({"where"} if what == "deletes rows of" and line in self.picking else ())
        self._keep(Change(LOST.get(what, "drop_much"), bare(table), bare(name), line, picked, what.partition(" ")[2]))

    def _by_attribute(self, node: ast.Call, func: ast.Attribute, bound: Bound) -> None:
        receiver = self._value(func.value, bound)
        self.is_savepoint = isinstance(receiver, ast.Call) and called(receiver) == "begin_nested"
        super()._by_attribute(node, func, bound)

    def _break(self, why: str, line: int) -> None:
        super()._break(why, line)
        if self.is_savepoint and why.startswith(("commit()", "rollback()")):
            return
        if "commit() " in f"{why} " or why.startswith("rollback()"):
            self._keep(Change("transaction", line=line, detail=why.partition("(")[0].upper()))
        self.is_free |= why.startswith(("the isolation level", "commit()"))

    def _keep(self, change: Change) -> None:
        """The databases are those that the code around it lets pass."""
        placed = replace(change, autocommit=bool(self.autocommit) or self.is_free, dialects=self.dialects)
        if self.dialects and placed not in self.changes:
            self.changes.append(placed)


def _is_autocommit(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and called(node) == "autocommit_block"


def _picking(tree: ast.Module) -> set[int]:
    """The calls (by identity) and lines that a WHERE belongs to."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in PICKS:
            found.update(part for call in _chain(node) for part in (id(call), call.lineno))
        elif isinstance(node, ast.Call) and called(node) in ("update", "delete") and any(called(call) in PICKS for call in _chain(node)):
            found.update((id(node), node.lineno))
    return found


def _chain(node: ast.Call) -> Iterator[ast.Call]:
    """The call, and those that its receiver is made of."""
    at: ast.expr = node
    while isinstance(at, ast.Call | ast.Attribute):
        if isinstance(at, ast.Call):
            yield at
            at = at.func
        else:
            at = at.value
