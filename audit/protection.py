"""The store itself refuses to change or remove what was recorded. Whoever owns the store can take this away again: see docs/audit.md."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

ENTRIES = "audit_auditentry"
TABLES = (ENTRIES, "audit_auditanchor")
WORDS = "what is recorded is neither changed nor removed"
# Retention takes out only what a signed anchor stands for.
PRUNED = "OLD.seq <= COALESCE((SELECT MAX(seq) FROM audit_auditanchor), 0)"

SQLITE = {
    f"{table}_{verb}": f"CREATE TRIGGER {table}_{verb} BEFORE {verb.upper()} ON {table}"
    f"{f' WHEN NOT ({PRUNED})' if (table, verb) == (ENTRIES, 'delete') else ''} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
    for table in TABLES
    for verb in ("update", "delete")
}
FUNCTION = f"""
CREATE OR REPLACE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = '{ENTRIES}' AND TG_OP = 'DELETE' THEN
    IF {PRUNED} THEN RETURN OLD; END IF;
  END IF;
  RAISE EXCEPTION '{WORDS}';
END $$
"""
POSTGRESQL = {
    f"{table}_{name}": f"CREATE TRIGGER {table}_{name} BEFORE {verbs} ON {table} FOR EACH {each} EXECUTE FUNCTION audit_stays()"
    for table in TABLES
    for name, verbs, each in (("rows", "UPDATE OR DELETE", "ROW"), ("truncate", "TRUNCATE", "STATEMENT"))
}


def install(store: Any = connection) -> None:
    """Makes the triggers that are not there."""
    absent = missing(store)
    with store.cursor() as cursor:
        if store.vendor == "postgresql":
            cursor.execute(FUNCTION)
        for name in absent:
            cursor.execute(_all(store)[name])


def remove(store: Any = connection) -> None:
    with store.cursor() as cursor:
        for name in _all(store):
            table = next(table for table in TABLES if name.startswith(table))
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{f' ON {table}' if store.vendor == 'postgresql' else ''}")


def missing(store: Any = connection) -> list[str]:
    """The triggers that should be there and are not, or are switched off."""
    if store.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with store.cursor() as cursor:
        cursor.execute(query)
        found = {row[0] for row in cursor.fetchall()}
    return [name for name in _all(store) if name not in found]


@contextmanager
def removed(store: Any = connection) -> Iterator[None]:
    """For tests that empty their tables, or do what an owner of the store could do."""
    remove(store)
    try:
        yield
    finally:
        install(store)


def _all(store: Any) -> dict[str, str]:
    return {"postgresql": POSTGRESQL, "sqlite": SQLITE}.get(store.vendor, {})
