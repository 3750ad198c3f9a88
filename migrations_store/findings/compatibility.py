"""Rules on code that is still running (AD4…), and on what one database takes and another does not (AD7…)."""

from migrations_store.findings.change import SQLITE, Change, Changes
from migrations_store.findings.finding import Rule, Severity, is_old_column

NOT_ON_SQLITE = ("alter_column", "drop_constraint", "add_foreign_key", "add_unique", "add_check")


def _swapped(change: Change, others: Changes) -> bool:
    """A new table that takes the place of one which was moved away or dropped is known under its name all the time."""
    return not others.is_new(change) and change.detail not in others.dropped


def _hides(change: Change, others: Changes) -> bool:
    return "if_not_exists" in change.flags


def _unbatched(change: Change, others: Changes) -> bool:
    if change.batch or change.is_sql or "only_rename" in change.flags:
        return False
    column = any(other.line == change.line and other.kind == "add_column" for other in others.all)
    return not column


RULES = [
    Rule(
        "AD401", "Table renamed", Severity.WARNING,
        "Renames table {table}.",
        "Between the migration and the last restart, code that runs knows the old name alone and fails. The same holds for a rollback.",
        'op.rename_table("{table}", "new_name")\nop.execute("CREATE VIEW {table} AS SELECT * FROM new_name")  # until no code asks for it',
        ("rename_table",), _swapped,
    ),
    Rule(
        "AD402", "Column renamed", Severity.WARNING,
        "Renames column {object} to {detail}.",
        "Between the migration and the last restart, code that runs knows the old name alone and fails. The same holds for a rollback.",
        '# Leave the column its name and rename the attribute: {detail} = mapped_column("{name}", …)\n'
        "# or add {detail}, write both, copy in batches, and drop {name} some releases later.",
        ("rename_column",), is_old_column, about="column",
    ),
    Rule(
        "AD701", "IF NOT EXISTS hides what is there", Severity.INFO,
        "{object} is made only if there is none.",
        "Where something of that name is there already, with other columns or an index that a failed build left invalid, it is kept, and "
        "the migration counts as done.",
        '# Without it, a database that is not as expected fails at once and says so:\nop.create_table("{table}", …, if_not_exists=False)',
        ("create_table", "create_index", "add_column"), _hides, about="index",
    ),
    Rule(
        "AD702", "Operation that SQLite needs a batch for", Severity.ERROR,
        "{table} is changed outside of a batch.",
        "SQLite cannot change a column or a constraint in place: the migration fails there.",
        'with op.batch_alter_table("{table}") as batch:\n    …  # the same operation, without the table\'s name',
        NOT_ON_SQLITE, _unbatched, dialects=frozenset({SQLITE}),
    ),
]  # fmt: skip
