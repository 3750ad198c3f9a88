"""Rules on locks and on work that grows with the table (AD2…)."""

from migrations_store.findings.change import MYSQL, POSTGRESQL, Change, Changes
from migrations_store.findings.finding import Rule, Severity

ON_POSTGRESQL = frozenset({POSTGRESQL})
ON_SERVERS = frozenset({POSTGRESQL, MYSQL})
BLOCKED = "Meanwhile nobody reads or writes the table, and whoever comes later waits behind it."


def _old(change: Change, others: Changes) -> bool:
    return not others.is_new(change)


def _volatile(change: Change, others: Changes) -> bool:
    return "volatile" in change.flags and not others.is_new(change)


def _required(change: Change, others: Changes) -> bool:
    return "not_null" in change.flags and "default" not in change.flags and not others.is_new(change)


def _unproven(change: Change, others: Changes) -> bool:
    """A validated CHECK (… IS NOT NULL) proves it, and PostgreSQL then does not look at the rows."""
    return not others.is_new(change) and not (change.table in others.proven and any(_is_proof(other, change) for other in others.all))


def _is_proof(other: Change, change: Change) -> bool:
    return (other.kind == "add_check" and other.table == change.table and other.detail == "not_null") or (
        other.kind == "validate" and other.table == change.table
    )


def _blocking(change: Change, others: Changes) -> bool:
    return "concurrently" not in change.flags and not others.is_new(change) and not (change.table and others.goes_away(change))


def _blocking_drop(change: Change, others: Changes) -> bool:
    """One that the same revision made, or whose table it drops, is in nobody's way."""
    if not change.table and others.dropped:
        return False
    made = any(other.name == change.name for other in others.before(change, ["create_index"]))
    return not made and _blocking(change, others)


def _validating(change: Change, others: Changes) -> bool:
    return not change.flags & {"not_valid", "using_index"} and not others.is_new(change)


def _at_once(change: Change, others: Changes) -> bool:
    """All rows: no condition, or that a column is null which the revision has just added."""
    if others.is_new(change):
        return False
    return "where" not in change.flags or bool(change.detail and others.adds_column(change, change.detail))


def _same_transaction(change: Change, others: Changes) -> bool:
    kinds = ("add_foreign_key", "add_check")
    return not change.autocommit and any(
        other.table == change.table and "not_valid" in other.flags for other in others.before(change, kinds)
    )


RULES = [
    Rule(
        "AD201", "Type change rewrites the table", Severity.WARNING,
        "Changes the type of {object} to {detail}.",
        f"Every row is written anew, with all indexes on the column, under the strongest lock. {BLOCKED}",
        '# 1. A new column beside the old one:\nop.add_column("{table}", sa.Column("{name}_new", {detail}))\n'
        "# 2. Code that writes both; rows are copied in batches.\n# 3. A later revision drops {name} and renames {name}_new.",
        ("rewrite",), _old, dialects=ON_SERVERS, about="column",
    ),
    Rule(
        "AD202", "Default that differs for each row", Severity.WARNING,
        "Adds {object} with a default that is worked out for each row.",
        f"A constant default is kept beside the table; a volatile one, an identity or a stored expression writes every row anew. {BLOCKED}",
        'op.add_column("{table}", sa.Column("{name}", …))  # no default\n'
        'op.alter_column("{table}", "{name}", server_default=sa.text("…"))  # for new rows\n# Then fill the old rows in batches.',
        ("add_column",), _volatile, dialects=ON_POSTGRESQL, about="column",
    ),
    Rule(
        "AD203", "NOT NULL column without default", Severity.ERROR,
        "Adds {object}, which must not be null, without a default.",
        "On a table that has rows PostgreSQL and SQLite refuse it, and MySQL fills in an empty value that nobody chose. Code that is still "
        "running inserts rows without it, and fails.",
        'op.add_column("{table}", sa.Column("{name}", …, nullable=False, server_default=sa.text("…")))\n'
        "# or nullable first, filled in batches, and NOT NULL in a later revision.",
        ("add_column",), _required, about="column",
    ),
    Rule(
        "AD204", "NOT NULL set without a proof", Severity.WARNING,
        "Sets {object} to NOT NULL.",
        f"Every row is looked at under the strongest lock, and one null makes it fail. {BLOCKED}",
        'op.execute("ALTER TABLE {table} ADD CONSTRAINT {name}_not_null CHECK ({name} IS NOT NULL) NOT VALID")\n'
        "with op.get_context().autocommit_block():\n"
        '    op.execute("ALTER TABLE {table} VALIDATE CONSTRAINT {name}_not_null")  # reads and writes go on\n'
        'op.alter_column("{table}", "{name}", nullable=False)  # the proof is there: no row is looked at\n'
        'op.drop_constraint("{name}_not_null", "{table}")',
        ("set_not_null",), _unproven, dialects=ON_POSTGRESQL, about="column",
    ),
    Rule(
        "AD205", "Index built without CONCURRENTLY", Severity.WARNING,
        "Builds an index on {table}: {name}.",
        "Nobody can write to the table until the index is built, which grows with the table.",
        "with op.get_context().autocommit_block():\n"
        '    op.create_index("{name}", "{table}", […], postgresql_concurrently=True, if_not_exists=False)',
        ("create_index",), _blocking, dialects=ON_POSTGRESQL, about="index",
    ),
    Rule(
        "AD206", "Index dropped without CONCURRENTLY", Severity.INFO,
        "Drops index {name}.",
        "It is quick once it begins, but it needs the strongest lock: behind a long query it waits, and everybody else waits behind it.",
        'with op.get_context().autocommit_block():\n    op.drop_index("{name}", postgresql_concurrently=True)',
        ("drop_index",), _blocking_drop, dialects=ON_POSTGRESQL, about="index",
    ),
    Rule(
        "AD207", "Foreign key without NOT VALID", Severity.WARNING,
        "Adds a foreign key to {table}.",
        "Every row is looked at while both tables refuse writes.",
        'op.create_foreign_key("…", "{table}", "…", ["…"], ["…"], postgresql_not_valid=True)\n'
        "# and in a later revision, which lets writes go on:\n"
        'op.execute("ALTER TABLE {table} VALIDATE CONSTRAINT …")',
        ("add_foreign_key",), _validating, dialects=ON_POSTGRESQL, about="constraint",
    ),
    Rule(
        "AD208", "Check constraint without NOT VALID", Severity.WARNING,
        "Adds a check constraint to {table}.",
        f"Every row is looked at under the strongest lock. {BLOCKED}",
        'op.create_check_constraint("…", "{table}", "…", postgresql_not_valid=True)\n'
        "# and in a later revision, which lets writes go on:\n"
        'op.execute("ALTER TABLE {table} VALIDATE CONSTRAINT …")',
        ("add_check",), _validating, dialects=ON_POSTGRESQL, about="constraint",
    ),
    Rule(
        "AD209", "Unique constraint added directly", Severity.WARNING,
        "Adds a unique, primary key or exclusion constraint to {table}.",
        f"The index behind it is built under the strongest lock. {BLOCKED}",
        "with op.get_context().autocommit_block():\n"
        '    op.create_index("uq_{table}", "{table}", […], unique=True, postgresql_concurrently=True)\n'
        'op.execute("ALTER TABLE {table} ADD CONSTRAINT uq_{table} UNIQUE USING INDEX uq_{table}")',
        ("add_unique",), _validating, dialects=ON_POSTGRESQL, about="constraint",
    ),
    Rule(
        "AD210", "Long lock", Severity.ERROR,
        "{detail} {table} locks everybody else out.",
        "It holds the strongest lock for as long as it takes, which grows with the table.",
        "# PostgreSQL has ways that let others work:\n"
        "with op.get_context().autocommit_block():\n"
        '    op.execute("REINDEX TABLE CONCURRENTLY {table}")  # or VACUUM without FULL, REFRESH MATERIALIZED VIEW CONCURRENTLY, pg_repack',
        ("long_lock",), _old, dialects=ON_SERVERS,
    ),
    Rule(
        "AD211", "All rows changed in one statement", Severity.WARNING,
        "Updates all rows of {table} in one statement.",
        "Every row is locked until the transaction ends, is written twice over in PostgreSQL, and a failure at the end undoes all of it.",
        "with op.get_context().autocommit_block():\n"
        "    while op.get_bind().execute(sa.text(\n"
        '        "UPDATE {table} SET … WHERE id IN (SELECT id FROM {table} WHERE … IS NULL LIMIT 1000)"\n'
        "    )).rowcount:\n        pass",
        ("update",), _at_once,
    ),
    Rule(
        "AD212", "Constraint validated in the transaction that added it", Severity.WARNING,
        "Validates {object} in the same transaction in which a constraint was added.",
        "The lock of the first statement is held until the end, so that NOT VALID has won nothing.",
        "# In a revision of its own, or behind a commit:\nwith op.get_context().autocommit_block():\n"
        '    op.execute("ALTER TABLE {table} VALIDATE CONSTRAINT {name}")',
        ("validate",), _same_transaction, dialects=ON_POSTGRESQL, about="constraint",
    ),
    Rule(
        "AD213", "Timeout switched off", Severity.WARNING,
        "Switches {name} off.",
        "The environment's limits hold for every migration; without one, a statement that waits for a lock makes everybody else wait too.",
        "op.execute(\"SET LOCAL {name} = '30s'\")  # longer, if it must be, but not for ever",
        ("limit",), dialects=ON_POSTGRESQL, about="type",
    ),
]  # fmt: skip
