"""Rules on data that is lost (AD1…)."""

from migrations_store.findings.change import DIALECTS, MYSQL, POSTGRESQL, Change, Changes
from migrations_store.findings.finding import Rule, Severity, is_old_column

GONE = "What the rows held is gone; a downgrade brings the structure back, empty."


def _unpicked(change: Change, others: Changes) -> bool:
    return "where" not in change.flags and not others.is_new(change)


def _picked(change: Change, others: Changes) -> bool:
    return "where" in change.flags and not others.is_new(change)


def _old(change: Change, others: Changes) -> bool:
    return not others.is_new(change) and not (change.kind == "drop_table" and others.is_replaced(change))


RULES = [
    Rule(
        "AD101", "Table dropped", Severity.ERROR,
        "Drops table {object}.",
        GONE + " Code that is still running fails as soon as it asks for the table.",
        "# First release code that no longer uses {object}. Then keep the rows within reach for a while:\n"
        'op.rename_table("{object}", "{object}_unused")\n# and drop the table some releases later, after a backup.',
        ("drop_table",), _old,
    ),
    Rule(
        "AD102", "Column dropped", Severity.ERROR,
        "Drops column {object}.",
        GONE + " An ORM that is still running asks for every column that its model names, and fails.",
        "# 1. Release code whose model has no {name} any more (SQLAlchemy: deferred first, then removed).\n"
        "# 2. Look that nothing reads it, take a backup, and only then:\n"
        'op.drop_column("{table}", "{name}")',
        ("drop_column",), is_old_column, about="column",
    ),
    Rule(
        "AD103", "Rows deleted without WHERE", Severity.ERROR,
        "Deletes all rows of {table}.",
        "Without a WHERE every row goes. The statement holds a lock on each of them until the transaction ends.",
        'op.execute("CREATE TABLE {table}_backup AS SELECT * FROM {table}")\nop.execute("DELETE FROM {table} WHERE …")  # name the rows',
        ("delete_rows",), _unpicked,
    ),
    Rule(
        "AD104", "Table emptied", Severity.ERROR,
        "Empties table {table}.",
        "TRUNCATE removes every row, takes the strongest lock there is, and with CASCADE empties tables that refer to this one as well.",
        'op.execute("CREATE TABLE {table}_backup AS SELECT * FROM {table}")\nop.execute("DELETE FROM {table} WHERE …")  # name the rows',
        ("truncate",), _old, dialects=frozenset({POSTGRESQL, MYSQL}),
    ),
    Rule(
        "AD105", "Much dropped at once", Severity.ERROR,
        "Drops {detail} {table}.",
        "Everything in it goes with it, also what other programs have made there.",
        '# Drop what is meant, one by one and by name, without CASCADE:\nop.drop_table("…", schema="{table}")',
        ("drop_much",),
    ),
    Rule(
        "AD106", "Type narrowed", Severity.WARNING,
        "The new type of {object} may hold less than the old one.",
        "Values that do not fit are cut, rounded or refused: then the migration fails half-way, on the data of this one database.",
        '# Count what would not fit before anything is changed, here for a text of 40:\n'
        'too_long = "SELECT count(*) FROM {table} WHERE length({name}) > 40"\n'
        "assert op.get_bind().execute(sa.text(too_long)).scalar() == 0",
        ("narrow",), is_old_column, about="column",
    ),
    Rule(
        "AD107", "Some rows deleted", Severity.INFO,
        "Deletes rows of {table}.",
        "Which rows the condition meets is decided by the data of each database; a downgrade does not bring them back.",
        'op.execute("CREATE TABLE {table}_backup AS SELECT * FROM {table} WHERE …")  # the same condition\n'
        'op.execute("DELETE FROM {table} WHERE …")',
        ("delete_rows",), _picked, dialects=DIALECTS,
    ),
]  # fmt: skip
