"""Rules on the transaction around a migration (AD3…)."""

from migrations_store.findings.change import POSTGRESQL, Change, Changes
from migrations_store.findings.finding import Rule, Severity

ON_POSTGRESQL = frozenset({POSTGRESQL})
BLOCK = "with op.get_context().autocommit_block():\n"
HARMLESS_BESIDE = {"autocommit_block", "limit", "transaction", "alter_column", "retype"}


def _inside(change: Change, others: Changes) -> bool:
    return not change.autocommit


def _concurrently_inside(change: Change, others: Changes) -> bool:
    return "concurrently" in change.flags and not change.autocommit


def _besides(change: Change, others: Changes) -> bool:
    """What stands before the block is committed by it."""
    return any(not other.autocommit for other in others.before(change, {other.kind for other in others.all} - HARMLESS_BESIDE))


RULES = [
    Rule(
        "AD301", "CONCURRENTLY inside a transaction", Severity.ERROR,
        "{name} is built or dropped CONCURRENTLY inside the migration's transaction.",
        "PostgreSQL refuses it: CONCURRENTLY cannot run inside a transaction block.",
        BLOCK + '    op.create_index("{name}", "{table}", […], postgresql_concurrently=True)',
        ("create_index", "drop_index"), _concurrently_inside, dialects=ON_POSTGRESQL, about="index",
    ),
    Rule(
        "AD302", "Enum value added inside a transaction", Severity.WARNING,
        "Adds a value to enum {name} inside the migration's transaction.",
        "Before PostgreSQL 12 it fails; since then the value cannot be used before the transaction has ended, so that a default or an "
        "UPDATE with it in the same migration fails.",
        BLOCK + '    op.execute("ALTER TYPE {name} ADD VALUE IF NOT EXISTS \'…\'")',
        ("enum_value",), _inside, dialects=ON_POSTGRESQL, about="type",
    ),
    Rule(
        "AD303", "Transaction ended by hand", Severity.ERROR,
        "{detail} is called inside the migration.",
        "What came before is committed or lost without Alembic's knowing: when a later statement fails, the version table "
        "says that nothing was done.",
        BLOCK + "    …  # the statements that need no transaction; Alembic opens the next one behind them",
        ("transaction",), about="type",
    ),
    Rule(
        "AD304", "Statement that needs to stand alone", Severity.ERROR,
        "{detail} stands inside the migration's transaction.",
        "PostgreSQL refuses it: it cannot run inside a transaction block.",
        BLOCK + '    op.execute("{detail} …")',
        ("alone",), _inside, dialects=ON_POSTGRESQL, about="type",
    ),
    Rule(
        "AD305", "Autocommit block beside other operations", Severity.INFO,
        "An autocommit block commits the operations before it.",
        "When something behind it fails, those stay while the version table says that the revision did not run; "
        "the next attempt meets them.",
        "# Put what needs no transaction into a revision of its own.",
        ("autocommit_block",), _besides, dialects=ON_POSTGRESQL, about="type",
    ),
]  # fmt: skip
