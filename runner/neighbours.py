"""The tables that a proposal is about, and those one foreign key away from them: what a diagram of it needs."""

from __future__ import annotations

from . import operations

TABLES, COLUMNS = 30, 24


def around(metadatas, dialect, changes) -> dict:
    """`tables`, those of the operations first, and how many `more` there are. As the models have them; what goes, as it was."""
    models = {_full(table.schema, table.name): table for one in metadatas for table in one.tables.values()}
    gone = {_full(one["schema"], one["table"]): one for one in changes if one["op"] == "drop_table"}
    touched = list(dict.fromkeys(_full(one["schema"], one["table"]) for one in changes if one.get("table")))
    led_to = {target for name in touched if name in models for target in _targets(models[name])}
    near = sorted(name for name in models if name not in touched and (name in led_to or _targets(models[name]) & set(touched)))
    known = [name for name in touched + near if name in models or name in gone]
    tables = [_gone(gone[name]) if name in gone else _drawn(models[name], dialect, changes) for name in known[:TABLES]]
    return {"tables": tables, "more": len(known) - len(tables)}


def _full(schema, name) -> str:
    return "{}.{}".format(schema, name) if schema else name


def _targets(table) -> set:
    """The tables that its foreign keys lead to."""
    return {operations.target(key).rpartition(".")[0] for key in table.foreign_keys}


def _gone(operation) -> dict:
    return _told(operation["schema"], operation["table"], operation["definition"]["columns"], set())


def _drawn(table, dialect, changes) -> dict:
    of_table = [one for one in changes if (one["schema"], one.get("table")) == (table.schema, table.name)]
    own = [one for one in of_table if isinstance(one.get("column"), dict)]
    columns = [operations.described_column(column, dialect) for column in table.columns]
    gone = [one["column"] for one in own if one["op"] == "drop_column" and one["column"]["name"] not in table.columns]
    columns += [{"type": None, "primary_key": False, "references": [], **column} for column in gone]
    return _told(table.schema, table.name, columns, {one["column"]["name"] for one in own})


def _told(schema, name, columns, touched) -> dict:
    """Keys and what changes come before the rest where there are too many columns; each stays in its place."""
    weight = {id(one): not (one["primary_key"] or one["references"] or one["name"] in touched) for one in columns}
    kept = {id(one) for one in sorted(columns, key=lambda one: weight[id(one)])[:COLUMNS]}
    shown = [{part: one[part] for part in ("name", "type", "primary_key", "references")} for one in columns if id(one) in kept]
    return {"schema": schema, "name": name, "columns": shown, "more": len(columns) - len(shown)}
