"""One entry for each object that differs, from the operations that bring the database to the models."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from migrations_store.differences import locks, renames, types, words

Operation = dict[str, Any]
VERBS = {"added": "The models have {} and the database has not.", "removed": "The database has {} and the models have not."}
PROPERTIES = ("type", "nullable", "default", "comment", "autoincrement", "name")


@dataclass
class Entry:
    """`kind` is table, column, index, unique, foreign key, check, primary key, comment, or a column's property (type, nullable,
    default, comment, autoincrement, name). `what` is added, removed, changed or run. `lock` is "", short or long."""

    kind: str
    what: str
    schema: str | None
    table: str | None
    name: str | None
    before: str | None
    after: str | None
    text: str
    data_loss: str = ""
    lock: str = ""
    lock_text: str = ""
    rename_guess: str = ""

    @property
    def object(self) -> str:
        """Where it is: stays the same when the proposal is made anew."""
        return ".".join(part for part in (self.schema, self.table, self.name) if part)

    @property
    def key(self) -> str:
        return f"{self.kind.replace(' ', '_')}:{self.object}"

    def shown(self) -> dict[str, Any]:
        return asdict(self) | {"object": self.object, "key": self.key}


def structured(operations: list[Operation], dialect: str) -> list[Entry]:
    """In the order of the operations; an object that is dropped and made again under its name has changed."""
    found = [entry for operation in operations for entry in _entries(operation, dialect)]
    return renames.guessed(_joined(found))


def _entries(operation: Operation, dialect: str) -> Iterator[Entry]:
    op = operation["op"]
    if op == "alter_column":
        yield from _properties(operation, dialect)
    elif op in ("create_table", "drop_table"):
        yield _whole(operation, "table", None, words.table(operation["definition"]), dialect)
    elif op in ("add_column", "drop_column"):
        yield _column(operation, dialect)
    elif op in ("create_index", "drop_index"):
        yield _whole(operation, "index", operation["name"], words.index(operation), dialect)
    elif op in ("add_constraint", "drop_constraint"):
        kind = str(words.KINDS.get(operation["kind"], operation["kind"]))
        yield _whole(operation, kind, operation["name"], words.constraint(operation), dialect)
    elif op in ("create_table_comment", "drop_table_comment"):
        yield _comment(operation)
    else:
        yield _further(operation)


def _whole(operation: Operation, kind: str, name: str | None, shown: str, dialect: str) -> Entry:
    """A thing that comes or goes."""
    is_new = operation["op"].startswith(("create", "add"))
    level, sentence = locks.of(operation, dialect)
    entry = Entry(
        kind=kind,
        what="added" if is_new else "removed",
        schema=operation["schema"],
        table=operation["table"],
        name=name,
        before=None if is_new else shown,
        after=shown if is_new else None,
        text="",
        lock=level,
        lock_text=sentence,
    )
    entry.text = VERBS[entry.what].format(_named(entry))
    if operation["op"] == "drop_table":
        entry.data_loss = f"All rows of table {entry.object} are lost."
    return entry


def _column(operation: Operation, dialect: str) -> Entry:
    column = operation["column"]
    entry = _whole(operation, "column", column["name"], words.column(column), dialect)
    if entry.what == "removed":
        entry.data_loss = f"The values of column {entry.object} are lost."
    elif column.get("nullable") is False and column.get("default") is None:
        entry.text += " It allows no NULL and has no default: this fails where the table has rows."
    return entry


def _comment(operation: Operation) -> Entry:
    before, after = operation.get("before"), operation.get("comment")
    what = "removed" if after is None else "changed" if before else "added"
    told = [words.value("comment", value) for value in (before, after)]
    text = f"Comment of table {_place(operation)}: {told[0]} in the database, {told[1]} in the models."
    return Entry("comment", what, operation["schema"], operation["table"], None, before, after, text)


def _properties(operation: Operation, dialect: str) -> Iterator[Entry]:
    """One entry for each property of the column that changes."""
    column = operation["column"]["name"]
    for name in PROPERTIES:
        if name not in operation["after"]:
            continue
        before, after = operation["before"].get(name), operation["after"][name]
        level, sentence = locks.of_property(name, before, after, dialect)
        old, new = words.value(name, before), words.value(name, after)
        entry = Entry(name, "changed", operation["schema"], operation["table"], column, old, new, "", "", level, sentence)
        entry.text = f"{name.capitalize()} of {entry.object}: {old} in the database, {new} in the models."
        if name == "type" and not types.holds(before, after):
            entry.data_loss = f"Not every value of {old} fits {new}: values of {entry.object} may be cut or refused."
        if name == "nullable" and after is False:
            entry.text += " This fails where rows have no value."
        yield entry


def _further(operation: Operation) -> Entry:
    """What the project's own hooks add."""
    if operation["op"] == "rename_table":
        text = f"Table {_place(operation)} is renamed to {operation['to']}."
        return Entry("table", "changed", operation["schema"], operation["table"], None, operation["table"], operation["to"], text)
    text = (
        "The project's env.py adds a statement of its own." if operation["op"] == "execute" else "The project's env.py adds an operation."
    )
    return Entry("statement", "run", operation["schema"], operation["table"], None, None, str(operation.get("text", "")), text)


def _joined(found: list[Entry]) -> list[Entry]:
    """An index or a constraint of another definition comes as one that goes and one that comes."""
    kept: list[Entry] = []
    gone = {entry.key: entry for entry in found if entry.what == "removed" and entry.name and entry.kind != "column"}
    paired = {entry.key for entry in found if entry.what == "added" and entry.key in gone}
    for entry in found:
        if entry.key in paired and entry.what == "removed":
            continue
        if entry.key in paired:
            entry.what, entry.before = "changed", gone[entry.key].before
            entry.text = f"{_named(entry).capitalize()} differs: {entry.before} in the database, {entry.after} in the models."
        kept.append(entry)
    return kept


def _named(entry: Entry) -> str:
    if entry.kind in ("table", "column"):
        return f"{entry.kind} {entry.object}"
    named = {"index": "index", "primary key": "primary key"}.get(entry.kind, f"{entry.kind} constraint")
    place = ".".join(part for part in (entry.schema, entry.table) if part)
    return f"{named} {entry.name or 'without a name'} on {place}"


def _place(operation: Operation) -> str:
    return ".".join(part for part in (operation["schema"], operation["table"]) if part)
