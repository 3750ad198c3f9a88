"""A table that goes and one that comes, as a renamed table."""

from __future__ import annotations

import ast

from .failures import Failure
from .statements import REFUSED, mentions, one, remove, schema_of, statements, text_of
from .texts import Source

FOLLOW = {"drop_index": "table_name", "drop_constraint": "table_name"}  # what names its table only so that it is found


def operations(found: list, rename: dict):
    """Those of the version, with the rename in the place of the new table; None where the pair is not among them."""
    at = {
        (item["op"], item["table"]): place
        for place, item in enumerate(found)
        if item["op"] in ("create_table", "drop_table") and item["schema"] == rename["schema"]
    }
    gone, come = at.get(("drop_table", rename["old"])), at.get(("create_table", rename["new"]))
    if gone is None or come is None:
        return None
    item = {"op": "rename_table", "schema": rename["schema"], "table": rename["old"], "to": rename["new"]}
    return [item if place == come else other for place, other in enumerate(found) if place != gone]


def rewritten(text: str, rename: dict, found: list) -> str:
    _require_same(found, rename)
    source = Source(text)
    for way, old, new in (("upgrade", rename["old"], rename["new"]), ("downgrade", rename["new"], rename["old"])):
        _rewrite(source, way, rename["schema"], old, new)
    return source.changed()


def _require_same(found: list, rename: dict) -> None:
    tables = {
        item["op"]: item["definition"] for item in found if item.get("table") in (rename["old"], rename["new"]) and "definition" in item
    }
    old, new = tables["drop_table"], tables["create_table"]
    columns = [{column["name"]: _of_column(column) for column in table["columns"]} for table in (old, new)]
    differing = sorted(name for name in columns[0].keys() | columns[1].keys() if columns[0].get(name) != columns[1].get(name))
    if differing:
        text = "The two tables differ in {}: a rename alone would not do. Rename it in a revision of its own, then make the rest."
        raise Failure(REFUSED, text.format(", ".join(differing)))
    if _constraints(old) != _constraints(new):
        raise Failure(REFUSED, "The two tables differ in their constraints: a rename alone would not do.")


def _of_column(column: dict) -> tuple:
    return tuple(str(column.get(name)) for name in ("type", "nullable", "default", "primary_key", "comment", "references"))


def _constraints(table: dict) -> list:
    """Without their names, which follow the table's or are not known yet."""
    names = ("kind", "columns", "condition", "references")
    return sorted(str([constraint.get(name) for name in names]) for constraint in table["constraints"])


def _rewrite(source: Source, way: str, schema, old: str, new: str) -> None:
    found = statements(source, way)
    come = one([each for each in found if _is(each, "create_table", new, schema)], "creates {} in {}()".format(new, way))
    gone = one([each for each in found if _is(each, "drop_table", old, schema)], "drops {} in {}()".format(old, way))
    if come.function is not gone.function:
        raise Failure(REFUSED, "One table is created in {}() and the other dropped in {}().".format(come.function.name, gone.function.name))
    known = [each.block or each.node for each in found]
    for node in come.function.body:
        if node not in known and (mentions(node, old) or mentions(node, new)):
            raise Failure(REFUSED, "Line {} uses one of the tables in a way that cannot be followed for certain.".format(node.lineno))
    blocks = set()
    for each in found:
        if each.node not in (come.node, gone.node) and each.line > come.line:
            _follow(source, each, old, new, blocks)
        elif each.node not in (come.node, gone.node) and _names(each, new):
            raise Failure(REFUSED, "Line {} uses {} before it is created.".format(each.line, new))
    place = "" if schema is None else ", schema={!r}".format(schema)
    source.replace(come.node, "op.rename_table({!r}, {!r}{})".format(old, new, place))
    remove(source, gone)


def _is(each, method: str, name: str, schema) -> bool:
    return each.method == method and not each.block and text_of(each.argument(0)) == name and schema_of(each.call) == schema


def _names(each, name: str) -> bool:
    return mentions(each.batch if each.block else each.node, name)


def _follow(source: Source, each, old: str, new: str, blocks: set) -> None:
    """What is said of the old table behind the rename is said of the new name."""
    if not _names(each, old):
        return
    node = each.batch.args[0] if each.block else each.argument(1, FOLLOW.get(each.method, ""))
    if each.method not in FOLLOW or text_of(node) != old or not isinstance(node, ast.Constant):
        raise Failure(REFUSED, "Line {} uses {} too, so that the file cannot be rewritten for certain.".format(each.line, old))
    if id(node) not in blocks:
        blocks.add(id(node))
        source.replace(node, repr(new))
