"""A column that goes and one that comes, as a renamed column."""

from __future__ import annotations

import ast

from .failures import Failure
from .statements import REFUSED, mentions, one, remove, schema_of, statements, text_of
from .texts import Source

WORDS = ("nullable", "server_default", "comment")
IGNORED = ("autoincrement",)  # a reflected column says it, and it is the table's affair
FURTHER = ("primary_key", "references", "unique", "index")


def operations(found: list, rename: dict):
    """Those of the version, with the rename in the place of the new column; None where the pair is not among them."""
    at = {
        (item["op"], item["column"]["name"]): place
        for place, item in enumerate(found)
        if item["op"] in ("add_column", "drop_column") and (item["schema"], item["table"]) == (rename["schema"], rename["table"])
    }
    gone, come = at.get(("drop_column", rename["old"])), at.get(("add_column", rename["new"]))
    if gone is None or come is None:
        return None
    old, new = found[gone]["column"], found[come]["column"]
    names = ("type", "nullable", "default", "comment")
    differing = {name: new.get(name) for name in names if new.get(name) != old.get(name)}
    item = {
        "op": "alter_column", "schema": rename["schema"], "table": rename["table"], "column": {"name": rename["old"]},
        "before": {name: old.get(name) for name in names} | {"name": rename["old"]}, "after": {**differing, "name": rename["new"]},
    }  # fmt: skip
    return [item if place == come else other for place, other in enumerate(found) if place != gone]


def rewritten(text: str, rename: dict, found: list) -> str:
    """Upgrade from old to new, downgrade from new to old; each says the type that it finds, which MySQL wants to be told."""
    old, new = _described(found, "drop_column", rename["old"], rename), _described(found, "add_column", rename["new"], rename)
    for name in FURTHER:
        if (old.get(name) or None) != (new.get(name) or None):
            text_of_name = name.replace("_", " ")
            raise Failure(REFUSED, "The two columns differ in their {}, which a rename does not bring about.".format(text_of_name))
    source = Source(text)
    ways = [_Way(source, "upgrade", rename, rename["old"], rename["new"]), _Way(source, "downgrade", rename, rename["new"], rename["old"])]
    pairs = [(way.come(), way.gone()) for way in ways]
    columns = [_column(come) for come, _ in pairs]
    same = {name for name, key in (("type", "type"), *((word, word) for word in WORDS)) if _same(old, new, key)}
    for way, (come, gone), existing, wanted in zip(ways, pairs, reversed(columns), columns):  # noqa: B905 - not in Python 3.9
        way.rewrite(come, gone, _arguments(source, existing, wanted, same))
    return source.changed()


def _described(found: list, op: str, name: str, rename: dict) -> dict:
    place = (rename["schema"], rename["table"])
    return next(
        item["column"] for item in found if item["op"] == op and item["column"]["name"] == name and (item["schema"], item["table"]) == place
    )


def _same(old: dict, new: dict, key: str) -> bool:
    key = "default" if key == "server_default" else key
    return old.get(key) == new.get(key)


def _column(statement) -> dict:
    """What `sa.Column(name, type, ...)` says: its type and its words, as nodes."""
    call = statement.argument(0 if statement.block else 1, "column")
    if not isinstance(call, ast.Call) or len(call.args) != 2:
        raise Failure(REFUSED, "Line {}: the column is more than a name and a type; edit the file by hand.".format(statement.line))
    words = {word.arg: word.value for word in call.keywords}
    unknown = set(words) - {*WORDS, *IGNORED}
    if unknown:
        raise Failure(REFUSED, "Line {}: {} of a column cannot be renamed along.".format(statement.line, ", ".join(map(str, unknown))))
    return {"type": call.args[1], **{name: node for name, node in words.items() if name in WORDS}}


def _arguments(source: Source, existing: dict, wanted: dict, same: set) -> str:
    parts = ["existing_{}={}".format(name, source.of(existing[name])) for name in ("type", *WORDS) if name in existing]
    for name in ("type", *WORDS):
        if name not in same:
            node = wanted.get(name)
            text = source.of(node) if node is not None else "True" if name == "nullable" else "None"
            parts.append("{}={}".format("type_" if name == "type" else name, text))
    return ", ".join(parts)


class _Way:
    """One direction: the column `old` goes and `new` comes."""

    def __init__(self, source: Source, way: str, rename: dict, old: str, new: str) -> None:
        self.source, self.way, self.old, self.new = source, way, old, new
        self.table, self.schema = rename["table"], rename["schema"]
        self.found = [statement for statement in statements(source, way) if self.is_of_table(statement)]

    def is_of_table(self, statement) -> bool:
        call = statement.batch or statement.call
        named = text_of(call.args[0]) if call.args else None
        return named == self.table and schema_of(call) == self.schema

    def come(self):
        found = [each for each in self.found if each.method == "add_column" and self.name(each) == self.new]
        return one(found, "adds {}.{} in {}()".format(self.table, self.new, self.way))

    def gone(self):
        found = [each for each in self.found if each.method == "drop_column" and self.name(each) == self.old]
        return one(found, "drops {}.{} in {}()".format(self.table, self.old, self.way))

    def name(self, statement):
        node = statement.argument(0 if statement.block else 1, "column_name")
        if isinstance(node, ast.Call):
            node = node.args[0] if node.args else None
        return text_of(node)

    def rewrite(self, come, gone, further: str) -> None:
        self.require_order(come, gone)
        place = "" if come.block else "{!r}, ".format(self.table)
        schema = "" if come.block or self.schema is None else ", schema={!r}".format(self.schema)
        call = "{}.alter_column({}{!r}, new_column_name={!r}, {}{})".format(come.caller, place, self.old, self.new, further, schema)
        if come.block is not None and self.is_used_beside(come, gone):
            self.first(come, call)
        else:
            self.source.replace(come.node, call)
        self.drop(come, gone)

    def require_order(self, come, gone) -> None:
        """The rename stands where the new column came: before it nothing may use the new name, behind it nothing the old one."""
        if come.function is not gone.function:
            raise Failure(
                REFUSED, "One column is added in {}() and the other dropped in {}().".format(come.function.name, gone.function.name)
            )
        for node in self.others(come, gone):
            name = self.new if node.lineno < come.line else self.old
            if mentions(node, name):
                raise Failure(REFUSED, "Line {} uses {} too, so that the order cannot be kept for certain.".format(node.lineno, name))

    def others(self, come, gone):
        """The other statements that are about the table, whatever they call."""
        for node in come.function.body:
            if isinstance(node, ast.With) and any(each.block is node for each in self.found):
                yield from (inner for inner in node.body if inner not in (come.node, gone.node))
            elif node not in (come.node, gone.node) and mentions(node, self.table):
                yield node

    def is_used_beside(self, come, gone) -> bool:
        """Whether the same block says something of the column: a table that is copied knows it by one name only."""
        others = [node for node in come.block.body if node not in (come.node, gone.node)]
        return any(mentions(node, name) for node in others for name in (self.old, self.new))

    def first(self, come, call: str) -> None:
        """The rename in a block of its own, before the others."""
        block = come.block
        item = block.items[0]
        indent = " " * block.col_offset
        head = "with {} as {}:".format(self.source.of(item.context_expr), item.optional_vars.id)
        start, _ = self.source.span(block)
        self.source.changes.append((start, start, "{}\n{}    {}\n\n{}".format(head, indent, call, indent)))
        remove(self.source, come)

    def drop(self, come, gone) -> None:
        """Where the rename is in the same block, that stays."""
        remove(self.source, gone, whole=gone.block is not come.block)
