"""Alembic's operations as plain values: one dictionary each, with types and defaults in the words of the target's dialect."""

from __future__ import annotations

import contextlib

CONSTRAINTS = {
    "primary_key_constraint": "primary_key",
    "unique_constraint": "unique",
    "foreign_key_constraint": "foreign_key",
    "check_constraint": "check",
    "table_or_column_check_constraint": "check",
    "column_check_constraint": "check",
    "exclude_constraint": "exclude",
}


def described(item, dialect) -> dict:
    """`op` is the name by which migrations call it; what is not known is kept as its class."""
    return _Description(dialect).of(item)


def described_column(column, dialect) -> dict:
    """The same for one column of the models."""
    return _Description(dialect).column(column)


def target(key) -> str:
    """The column that a foreign key leads to, with its table and schema; as it was written where that is not known."""
    from sqlalchemy.exc import InvalidRequestError

    try:
        return "{}.{}".format(key.column.table.fullname, key.column.name)
    except InvalidRequestError:
        return key.target_fullname


def flat(found) -> list:
    """Without the containers that hold what happens to one table."""
    every = []
    for item in found:
        every += flat(item.ops) if hasattr(item, "ops") else [item]
    return every


def no_facts() -> dict:
    """What `count` fills in."""
    return {"metadata_tables": 0, "database_tables": []}


def count(context, facts: dict) -> None:
    """How much there is on either side: what is told of an empty MetaData, or of a file that drops most tables, rests on it."""
    from sqlalchemy import inspect

    options = context.opts
    facts["metadata_tables"] += sum(len(one.tables) for one in metadatas(context))
    inspector = inspect(context.connection)
    schemas = inspector.get_schema_names() if options.get("include_schemas") else [None]
    names = [name for schema in schemas if schema != "information_schema" for name in inspector.get_table_names(schema=schema)]
    facts["database_tables"] += [name for name in names if name != context.version_table]
    facts.update(dialect=context.dialect.name, compare_type=bool(options.get("compare_type")))
    facts["compare_server_default"] = bool(options.get("compare_server_default"))
    facts["batch"] = bool(options.get("render_as_batch"))
    facts["filters"] = [name for name in ("include_object", "include_name") if options.get(name)]


def metadatas(context) -> list:
    """env.py may give none, one or several."""
    given = context.opts.get("target_metadata")
    return list(given) if isinstance(given, (list, tuple)) else [given] if given is not None else []


METHODS = {
    "CreateTableOp": "create_table",
    "DropTableOp": "drop_table",
    "RenameTableOp": "rename_table",
    "CreateTableCommentOp": "create_table_comment",
    "DropTableCommentOp": "drop_table_comment",
    "AddColumnOp": "add_column",
    "DropColumnOp": "drop_column",
    "AlterColumnOp": "alter_column",
    "CreateIndexOp": "create_index",
    "DropIndexOp": "drop_index",
    "CreateUniqueConstraintOp": "add_constraint",
    "CreateForeignKeyOp": "add_constraint",
    "CreateCheckConstraintOp": "add_constraint",
    "CreatePrimaryKeyOp": "add_constraint",
    "CreateExcludeConstraintOp": "add_constraint",
    "DropConstraintOp": "drop_constraint",
    "ExecuteSQLOp": "execute",
}


class _Description:
    """One method for each operation, by the operation's name."""

    def __init__(self, dialect) -> None:
        self.dialect = dialect

    def of(self, item) -> dict:
        name = type(item).__name__
        place = {"schema": getattr(item, "schema", None) or getattr(item, "kw", {}).get("source_schema"), "table": _table(item)}
        if name not in METHODS:
            return {"op": "other", "text": name, **place}
        return {"op": METHODS[name], **place, **getattr(self, METHODS[name])(item)}

    # --- tables

    def create_table(self, item) -> dict:
        return {"definition": self.table(item.to_table())}

    def drop_table(self, item) -> dict:
        return {"definition": self.table(item.to_table())}

    def rename_table(self, item) -> dict:
        return {"to": item.new_table_name}

    def create_table_comment(self, item) -> dict:
        return {"comment": item.comment, "before": item.existing_comment}

    def drop_table_comment(self, item) -> dict:
        return {"comment": None, "before": item.existing_comment}

    def table(self, table) -> dict:
        constraints = [self.constraint(one) for one in sorted(table.constraints, key=lambda one: (one.__visit_name__, str(one.name)))]
        kept = [one for one in constraints if one["columns"] or one["kind"] == "check"]
        return {"columns": [self.column(column) for column in table.columns], "constraints": kept, "comment": table.comment}

    # --- columns

    def add_column(self, item) -> dict:
        return {"column": self.column(item.column)}

    def drop_column(self, item) -> dict:
        with contextlib.suppress(ValueError):  # written by a hook, which knew no more than its name
            return {"column": self.column(item.to_column())}
        return {"column": {"name": _text(item.column_name)}}

    def alter_column(self, item) -> dict:
        before = {
            "type": self.type(item.existing_type),
            "nullable": item.existing_nullable,
            "default": self.default(item.existing_server_default),
            "comment": item.existing_comment or None,
        }
        after = {}
        if item.modify_type is not None:
            after["type"] = self.type(item.modify_type)
        if item.modify_nullable is not None:
            after["nullable"] = item.modify_nullable
        for name, value in (("default", item.modify_server_default), ("comment", item.modify_comment)):
            if value is not False:
                after[name] = self.default(value) if name == "default" else value
        if item.modify_name:
            after["name"] = _text(item.modify_name)
        for name in ("autoincrement",):
            if "modify_" + name in item.kw:
                before[name], after[name] = item.kw.get("existing_" + name), item.kw["modify_" + name]
        return {"column": {"name": _text(item.column_name)}, "before": before, "after": after}

    def column(self, column) -> dict:
        return {
            "name": _text(column.name),
            "type": self.type(column.type),
            "nullable": bool(column.nullable),
            "default": self.default(column.server_default),
            "primary_key": bool(column.primary_key),
            "comment": column.comment,
            "unique": bool(column.unique),
            "index": bool(column.index),
            "references": sorted(target(key) for key in column.foreign_keys),
        }

    def type(self, type_):
        """None where Alembic does not know it."""
        if type_ is None or type(type_).__name__ == "NullType":
            return None
        try:
            text = str(type_.compile(dialect=self.dialect))
        except Exception:  # another dialect's type; SQLAlchemy raises several classes for it
            text = repr(type_)
        values = getattr(type_, "enums", None)
        return "{} ({})".format(text, ", ".join(map(str, values))) if values and "(" + repr(values[0]) not in text else text

    def default(self, default):
        """As SQL, None where there is none."""
        if default is None or default is False:
            return None
        kind = type(default).__name__
        if kind == "Computed":
            return "GENERATED ALWAYS AS ({})".format(self.expression(default.sqltext))
        if kind == "Identity":
            return "GENERATED {} AS IDENTITY".format("ALWAYS" if default.always else "BY DEFAULT")
        argument = getattr(default, "arg", default)
        return "'{}'".format(argument.replace("'", "''")) if isinstance(argument, str) else self.expression(argument)

    def expression(self, clause) -> str:
        if isinstance(clause, str):
            return clause
        try:
            return str(clause.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True, "include_table": False}))
        except Exception:  # as above
            return str(clause)

    # --- indexes and constraints

    def create_index(self, item) -> dict:
        return self.index(item)

    def drop_index(self, item) -> dict:
        return self.index(item._reverse or item)

    def index(self, item) -> dict:
        columns = [self.expression(getattr(one, "name", None) or one) for one in getattr(item, "columns", [])]
        unique = bool(getattr(item, "unique", None) or item.kw.get("unique"))
        further = {name: self.expression(value) for name, value in item.kw.items() if isinstance(value, str) or hasattr(value, "compile")}
        concurrently = any(name.endswith("_concurrently") and value for name, value in item.kw.items())
        return {
            "name": _text(item.index_name), "columns": columns, "unique": unique, "options": further, "concurrently": concurrently,
        }  # fmt: skip

    def add_constraint(self, item) -> dict:
        return self.constraint(item.to_constraint())

    def drop_constraint(self, item) -> dict:
        with contextlib.suppress(Exception):  # a hook may have written it without what it reverses
            return self.constraint(item.to_constraint())
        return {"name": _text(item.constraint_name), "kind": item.constraint_type or "constraint", "columns": []}

    def constraint(self, constraint) -> dict:
        kind = CONSTRAINTS.get(constraint.__visit_name__, constraint.__visit_name__)
        found = {"kind": kind, "name": _text(constraint.name), "columns": [_text(one.name) for one in getattr(constraint, "columns", ())]}
        if kind == "check":
            found["condition"] = self.expression(constraint.sqltext)
        if kind == "foreign_key":
            found["references"] = [target(element) for element in constraint.elements]
            found["options"] = {name: getattr(constraint, name) for name in ("ondelete", "onupdate", "deferrable", "initially", "match")}
        return found

    def execute(self, item) -> dict:
        return {"text": str(item.sqltext)}


def _text(name):
    """Names are classes of SQLAlchemy's own; None stays what it is."""
    return None if name is None or type(name).__name__ == "_NoneName" else str(name)


def _table(item):
    return _text(getattr(item, "table_name", None) or getattr(item, "source_table", None))
