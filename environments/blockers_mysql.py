"""Who is in the way on MySQL or MariaDB, as far as the server tells this user."""

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from environments import causes, statements
from environments.blockade import OUR_LOCK, SESSIONS, Blockade, Holder, Waiter

SESSION = "SELECT id, state, time, info FROM information_schema.processlist WHERE id = :id"
# A transaction that waits for rows, and those it waits for: MySQL 8 and MariaDB tell it in different places.
ROWS_MYSQL = """
SELECT b.trx_mysql_thread_id AS id, l.object_name AS name FROM performance_schema.data_lock_waits w
JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_engine_transaction_id
JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_engine_transaction_id
LEFT JOIN performance_schema.data_locks l ON l.engine_lock_id = w.requesting_engine_lock_id
WHERE r.trx_mysql_thread_id = :id
"""
ROWS_MARIADB = """
SELECT b.trx_mysql_thread_id AS id, l.lock_table AS name FROM information_schema.innodb_lock_waits w
JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_trx_id
JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_trx_id
LEFT JOIN information_schema.innodb_locks l ON l.lock_id = w.requested_lock_id
WHERE r.trx_mysql_thread_id = :id
"""
TABLES_MYSQL = """
SELECT t.processlist_id AS id, w.object_name AS name FROM performance_schema.metadata_locks w
JOIN performance_schema.metadata_locks h ON h.object_type = w.object_type AND h.object_schema <=> w.object_schema
 AND h.object_name <=> w.object_name AND h.lock_status = 'GRANTED' AND h.owner_thread_id <> w.owner_thread_id
JOIN performance_schema.threads t ON t.thread_id = h.owner_thread_id
JOIN performance_schema.threads o ON o.thread_id = w.owner_thread_id
WHERE o.processlist_id = :id AND w.lock_status = 'PENDING'
"""
TABLES_MARIADB = """
SELECT h.thread_id AS id, h.table_name AS name FROM information_schema.metadata_lock_info h
WHERE h.thread_id <> :id AND h.table_name <> '' AND h.table_schema = DATABASE()
"""
# The server does not say who holds a table: then whoever has a transaction open is a candidate, or has a session in the same database.
TRANSACTIONS = "SELECT trx_mysql_thread_id AS id, '' AS name FROM information_schema.innodb_trx WHERE trx_mysql_thread_id <> :id"
OTHERS = "SELECT id, '' AS name FROM information_schema.processlist WHERE db = DATABASE() AND id NOT IN (:id, CONNECTION_ID())"
DETAILS = """
SELECT p.id, p.user, p.host, p.command, p.time, p.state, p.info FROM information_schema.processlist p WHERE p.id = :id
"""
SINCE = (
    "SELECT TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS s, trx_query FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = :id"
)
PROGRAM = "SELECT attr_value FROM performance_schema.session_connect_attrs WHERE processlist_id = :id AND attr_name = 'program_name'"
LAST = (
    "SELECT s.sql_text FROM performance_schema.events_statements_current s JOIN performance_schema.threads t USING (thread_id) "
    "WHERE t.processlist_id = :id"
)


class Rows:
    """Answers questions; no rows where the server has no such table, or the user may not look into it."""

    def __init__(self, connection: Connection, password: str) -> None:
        self.connection, self.password = connection, password

    def __call__(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        try:
            found = self.connection.execute(text(statement), values).mappings()
        except SQLAlchemyError:
            return []
        return [{key.lower(): value for key, value in row.items()} for row in found]  # servers differ in how they spell their columns

    def first(self, statement: str, **values: Any) -> dict[str, Any]:
        return next(iter(self(statement, **values)), {})

    def word(self, statement: str, **values: Any) -> str:
        return next((str(value) for value in self.first(statement, **values).values() if value is not None), "")

    def clean(self, words: str) -> str:
        return causes.scrubbed(words, self.password)


def find(connection: Connection, waiter: Waiter, password: str) -> Blockade | None:
    """Named locks lead to the sessions: the one of the job's name is held by the session that migrates, whatever else it waits for."""
    rows = Rows(connection, password)
    name = f"alembic_dashboard_{waiter.lock_key & 0xFFFFFFFFFFFFFFFF:016x}" if waiter.for_our_lock else waiter.session
    holder = rows.word("SELECT IS_USED_LOCK(:name)", name=name)
    if not holder:
        return None
    if waiter.for_our_lock:
        return Blockade(OUR_LOCK, [_holder(rows, int(holder))], ours=True)
    session = rows.first(SESSION, id=holder)
    return _waiting(rows, int(holder), session) if session else None


def _waiting(rows: Rows, id: int, session: dict[str, Any]) -> Blockade | None:
    waited = float(session["time"] or 0)
    if found := rows(ROWS_MYSQL, id=id) or rows(ROWS_MARIADB, id=id):
        name = _bare(str(found[0]["name"] or ""))
        return Blockade(f"a row of {name} that another transaction has changed" if name else "a row", _holders(rows, found), waited)
    state = str(session["state"] or "")
    if "lock" not in state.lower():
        return None
    sure = rows(TABLES_MYSQL, id=id)
    found = sure or rows(TABLES_MARIADB, id=id) or rows(TRANSACTIONS, id=id) or rows(OTHERS, id=id)
    wants = f"the metadata lock on {sure[0]['name']}" if sure else f"a {state.removeprefix('Waiting for ')}"
    return Blockade(wants, _holders(rows, found), waited, certain=bool(sure))


def _holders(rows: Rows, found: list[dict[str, Any]]) -> list[Holder]:
    return [_holder(rows, id) for id in dict.fromkeys(int(row["id"]) for row in found if row["id"])][:SESSIONS]


def _holder(rows: Rows, id: int) -> Holder:
    """What can be seen of a session; of another user's, without the PROCESS privilege, that is its number alone."""
    known = rows.first(DETAILS, id=id)
    transaction = rows.word(SINCE, id=id)
    state, host = str(known.get("state") or known.get("command") or "").lower(), str(known.get("host") or "")
    query = str(known.get("info") or rows.word(LAST, id=id))
    return Holder(
        pid=id,
        application=rows.clean(rows.word(PROGRAM, id=id)),
        user=str(known.get("user") or ""),
        host=host.rpartition(":")[0] or host,
        state=("idle in transaction" if transaction else "idle") if known.get("command") == "Sleep" else state,
        state_s=float(known["time"]) if known.get("time") is not None else None,
        transaction_s=float(transaction) if transaction else None,
        query=rows.clean(statements.masked(query, mysql=True)),
        waits="lock" in state,
    )


def _bare(name: str) -> str:
    """`shop`.`users` as users."""
    return name.replace("`", "").rpartition(".")[2]
