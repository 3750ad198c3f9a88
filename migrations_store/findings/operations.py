"""What each operation of Alembic changes."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from migrations_store.effects_types import TEXTS, UNBOUND, holds, made
from migrations_store.effects_values import called
from migrations_store.findings.change import Change
from migrations_store.findings.sql_tables import VOLATILE


@dataclass(frozen=True)
class Call:
    """One call. `table` is that of its batch, if it stands in one; `named` gives the text of an argument by place or name."""

    node: ast.Call
    table: str
    named: Callable[[int, str], str]
    value: Callable[[ast.expr], ast.expr | None]

    @property
    def words(self) -> dict[str, ast.expr]:
        return {word.arg: word.value for word in self.node.keywords if word.arg}

    def argument(self, place: int, key: str) -> str:
        """`place` is that outside of a batch, where the table comes first or second."""
        return self.named(place, key)

    def is_true(self, key: str) -> bool:
        return self._constant(key) is True

    def is_false(self, key: str) -> bool:
        return self._constant(key) is False

    def _constant(self, key: str) -> object:
        value = self.value(self.words[key]) if key in self.words else None
        return value.value if isinstance(value, ast.Constant) else None

    def change(self, kind: str, table: str, name: str = "", detail: str = "", **flags: bool) -> Change:
        on = frozenset(flag for flag, is_on in (flags | {"if_not_exists": self.is_true("if_not_exists")}).items() if is_on)
        return Change(kind, self.table or table, name, self.node.lineno, on, detail, batch=bool(self.table))

    def column(self) -> ast.Call | None:
        """The Column of add_column."""
        place = 0 if self.table else 1
        given = self.words.get("column") or (self.node.args[place] if len(self.node.args) > place else None)
        value = self.value(given) if given is not None else None
        return value if isinstance(value, ast.Call) and called(value) == "Column" else None


def changes(name: str, call: Call) -> Iterator[Change]:
    """Of an operation; one that is not known changes nothing."""
    if reader := READERS.get(name):
        yield from reader(call)


def _create_table(call: Call) -> Iterator[Change]:
    yield call.change("create_table", call.argument(0, "table_name"))


def _rename_table(call: Call) -> Iterator[Change]:
    yield call.change("rename_table", call.argument(0, "old_table_name"), detail=call.argument(1, "new_table_name"))


def _create_index(call: Call) -> Iterator[Change]:
    concurrently = call.is_true("postgresql_concurrently")
    yield call.change("create_index", call.argument(1, "table_name"), call.argument(0, "index_name"), concurrently=concurrently)


def _drop_index(call: Call) -> Iterator[Change]:
    concurrently = call.is_true("postgresql_concurrently")
    yield call.change("drop_index", call.argument(1, "table_name"), call.argument(0, "index_name"), concurrently=concurrently)


def _constraint(kind: str, table: str) -> Callable[[Call], Iterator[Change]]:
    def read(call: Call) -> Iterator[Change]:
        not_valid, using = call.is_true("postgresql_not_valid"), "postgresql_using_index" in call.words
        name = call.argument(0, "constraint_name")
        text = ast.unparse(call.node).upper()
        detail = "not_null" if kind == "add_check" and "IS NOT NULL" in text else ""
        yield call.change(kind, call.argument(1, table), name, detail, not_valid=not_valid, using_index=using)

    return read


def _drop_constraint(call: Call) -> Iterator[Change]:
    yield call.change("drop_constraint", call.argument(1, "table_name"), call.argument(0, "constraint_name"))


def _add_column(call: Call) -> Iterator[Change]:
    column, table = call.column(), call.argument(0, "table_name")
    if column is None:
        return
    inner = Call(column, "", call.named, call.value)
    made_of = {called(part) for part in column.args if isinstance(part, ast.Call)}
    name = column.args[0].value if column.args and isinstance(column.args[0], ast.Constant) else ""
    base = replace(call.change("add_column", table, str(name or inner.words.get("name", ""))), line=call.node.lineno)
    yield replace(base, flags=base.flags | _column_flags(inner, made_of))
    if made_of & {"ForeignKey"}:
        yield replace(base, kind="add_foreign_key")
    if inner.is_true("unique") or inner.is_true("primary_key"):
        yield replace(base, kind="add_unique")
    if inner.is_true("index"):
        yield replace(base, kind="create_index")


def _column_flags(column: Call, made_of: set[str]) -> set[str]:
    default = column.words.get("server_default")
    value = column.value(default) if default is not None else None
    has_default = default is not None and not (isinstance(value, ast.Constant) and value.value is None)
    flags = {"default"} if has_default or made_of & {"Identity", "Computed", "Sequence", "FetchedValue"} else set()
    if made_of & {"Identity", "Computed", "Sequence"} or (value is not None and VOLATILE.search(_text(value))):
        flags.add("volatile")
    if column.is_false("nullable") or column.is_true("primary_key"):
        flags.add("not_null")
    return flags


def _text(value: ast.expr) -> str:
    """A default as SQL: func.random() is written as its text would be."""
    return ast.unparse(value)


def _alter_column(call: Call) -> Iterator[Change]:
    table, words = call.argument(0, "table_name"), call.words
    name = call.argument(0 if call.table else 1, "column_name")
    if "new_column_name" in words and (new := call.argument(99, "new_column_name")) != name:
        yield call.change("rename_column", table, name, new)
    if "type_" in words:
        yield call.change("retype", table, name)
        if _rewrites(call, words):
            yield call.change("rewrite", table, name, ast.unparse(words["type_"])[:60])
    if call.is_false("nullable") and not call.is_false("existing_nullable"):
        yield call.change("set_not_null", table, name)
    yield call.change("alter_column", table, name, only_rename=not set(words) & ALTERING)


ALTERING = {"type_", "nullable", "server_default", "comment", "autoincrement"}


def _rewrites(call: Call, words: dict[str, ast.expr]) -> bool:
    """Whether PostgreSQL writes every row anew: not for a text that may become longer, nor for more digits before the point."""
    new, old = words["type_"], words.get("existing_type")
    if old is not None and ast.dump(new) == ast.dump(old):
        return False
    (to, sizes), (was, old_sizes) = [made(node, lambda value: [call.value(value)]) or ("", []) if node else ("", []) for node in (new, old)]
    if to in UNBOUND or (to in TEXTS and not sizes):
        return bool(was) and was not in TEXTS | UNBOUND
    if to in TEXTS and was in TEXTS:
        return not holds((was, old_sizes), (to, sizes))
    if was == to in ("Numeric", "NUMERIC", "DECIMAL"):
        return not (holds((was, old_sizes), (to, sizes)) and [*sizes, 0][1:2] == [*old_sizes, 0][1:2])
    return True


READERS: dict[str, Callable[[Call], Iterator[Change]]] = {
    "create_table": _create_table,
    "rename_table": _rename_table,
    "create_index": _create_index,
    "drop_index": _drop_index,
    "create_foreign_key": _constraint("add_foreign_key", "source_table"),
    "create_check_constraint": _constraint("add_check", "table_name"),
    "create_unique_constraint": _constraint("add_unique", "table_name"),
    "create_primary_key": _constraint("add_unique", "table_name"),
    "create_exclude_constraint": _constraint("add_unique", "table_name"),
    "create_exclusion_constraint": _constraint("add_unique", "table_name"),
    "drop_constraint": _drop_constraint,
    "add_column": _add_column,
    "alter_column": _alter_column,
}
