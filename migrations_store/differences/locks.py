"""What an operation holds up while it is done, on each kind of server: nothing, all for a moment, or some for as long as it takes."""

from typing import Any

from migrations_store.differences import types

Said = tuple[str, str]  # "", "short" or "long", and the sentence
NONE: Said = ("", "")
BRIEF: Said = ("short", "Needs the table to itself for a moment; behind a long transaction everybody waits.")
PG_INDEX: Said = ("long", "Not concurrently: blocks writes to the table while the index is built.")
PG_UNIQUE: Said = ("long", "Blocks reads and writes of the table while its index is built.")
PG_SCAN: Said = ("long", "Blocks writes while every row is checked; NOT VALID first, VALIDATE later, does not.")
PG_NOT_NULL: Said = ("long", "Blocks reads and writes while every row is checked.")
PG_REWRITE: Said = ("long", "Rewrites the table, and blocks reads and writes meanwhile.")
MYSQL_COPY: Said = ("long", "Copies the table, and blocks writes meanwhile.")
MYSQL_INDEX: Said = ("long", "Reads the whole table; writes go on with InnoDB, and wait at the beginning and the end.")
SQLITE_COPY: Said = ("long", "SQLite cannot do this in place: in batch mode the table is copied, and nobody writes meanwhile.")
KINDS = {"unique": PG_UNIQUE, "foreign_key": PG_SCAN, "check": PG_SCAN, "primary_key": PG_UNIQUE, "exclude": PG_UNIQUE}


def of(operation: dict[str, Any], dialect: str) -> Said:
    """Of one operation but alter_column, whose properties `of_property` knows."""
    op = operation["op"]
    if op in ("create_table", "create_table_comment", "drop_table_comment", "execute", "other"):
        return NONE
    return {"postgresql": _postgresql, "sqlite": _sqlite}.get(dialect, _mysql)(op, operation)


def of_property(name: str, before: Any, after: Any, dialect: str) -> Said:
    """Of type, nullable, default, comment or autoincrement of a column."""
    if dialect == "sqlite":
        return SQLITE_COPY
    if name == "type":
        return _of_type(before, after, dialect)
    if name == "nullable" and after is False:
        return PG_NOT_NULL if dialect == "postgresql" else MYSQL_COPY
    if dialect == "postgresql":
        return NONE if name == "comment" else BRIEF
    return MYSQL_COPY if name in ("nullable", "autoincrement") else BRIEF


def _of_type(before: Any, after: Any, dialect: str) -> Said:
    if dialect == "postgresql":
        return PG_REWRITE if types.rewrites(before, after) else BRIEF
    return MYSQL_COPY


def _postgresql(op: str, operation: dict[str, Any]) -> Said:
    if op == "create_index":
        return NONE if operation.get("concurrently") else PG_INDEX
    if op == "add_constraint":
        return KINDS.get(operation.get("kind", ""), BRIEF)
    if op == "drop_index" and operation.get("concurrently"):
        return NONE
    default = str((operation.get("column") or {}).get("default") or "").upper()
    if op == "add_column" and (default.startswith("GENERATED") or any(word in default for word in ("RANDOM", "UUID", "CLOCK_", "NEXTVAL"))):
        return PG_REWRITE
    return BRIEF


def _mysql(op: str, operation: dict[str, Any]) -> Said:
    if op == "create_index" or (op == "add_constraint" and operation.get("kind") == "unique"):
        return MYSQL_INDEX
    return MYSQL_COPY if op == "add_constraint" else BRIEF


def _sqlite(op: str, operation: dict[str, Any]) -> Said:
    return SQLITE_COPY if op in ("add_constraint", "drop_constraint") else NONE
