"""Who is in the way on PostgreSQL: the server itself says who blocks whom."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, text

from environments import causes, statements
from environments.blockade import OUR_LOCK, SESSIONS, Blockade, Holder, Waiter

# `waitstart` is there from PostgreSQL 14 on, and is filled in a moment after the wait began.
WAITING = text("""
SELECT w.pid, w.datid, l.locktype, l.mode,
       coalesce(CASE WHEN l.relation IS NOT NULL THEN l.relation::regclass::text END, (
           SELECT t.relation::regclass::text FROM pg_locks t WHERE t.pid = w.pid AND t.locktype = 'tuple' LIMIT 1)) AS relation,
       extract(epoch FROM clock_timestamp() - coalesce((to_jsonb(l) ->> 'waitstart')::timestamptz, w.query_start))::float AS waited,
       pg_blocking_pids(w.pid) AS pids
FROM pg_stat_activity w JOIN pg_locks l ON l.pid = w.pid AND NOT l.granted
WHERE w.application_name = :session AND w.datname = current_database() AND cardinality(pg_blocking_pids(w.pid)) > 0
LIMIT 1
""")
HOLDERS = text("""
SELECT pid, application_name, usename, host(client_addr) AS host, state, left(query, 2000) AS query, wait_event_type = 'Lock' AS waits,
       extract(epoch FROM clock_timestamp() - state_change)::float AS state_s,
       extract(epoch FROM clock_timestamp() - xact_start)::float AS transaction_s
FROM pg_stat_activity WHERE pid = ANY(:pids) ORDER BY xact_start NULLS LAST
""")
BEHIND = text("""
SELECT count(*) AS number, max(extract(epoch FROM clock_timestamp() - query_start))::float AS longest
FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database() AND pid <> :pid AND :pid = ANY(pg_blocking_pids(pid))
""")
ADVISORY = text("""
SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database()
AND l.locktype = 'advisory' AND l.granted AND l.classid::bigint = :high AND l.objid::bigint = :low AND l.objsubid = 1
""")


def find(connection: Connection, waiter: Waiter, password: str) -> Blockade | None:
    """What the job's session waits for, and whom the server names as blocking it."""
    if waiter.for_our_lock:
        key = waiter.lock_key & 0xFFFFFFFFFFFFFFFF
        pids = list(connection.execute(ADVISORY, {"high": key >> 32, "low": key & 0xFFFFFFFF}).scalars())
        return Blockade(OUR_LOCK, _holders(connection, pids, password), ours=True) if pids else None
    row = connection.execute(WAITING, {"session": waiter.session}).first()
    if row is None:
        return None
    behind = connection.execute(BEHIND, {"pid": row.pid}).one()
    found = Blockade(_wants(row), _holders(connection, row.pids, password), row.waited)
    return replace(found, behind=behind.number, longest_s=behind.longest)


def _wants(row: Row[Any]) -> str:
    """The lock in the words of PostgreSQL's documentation."""
    on = f" on {row.relation}" if row.relation else ""
    if row.locktype in ("transactionid", "tuple"):
        return f"a row{f' of {row.relation}' if on else ''} that another transaction has changed"
    if row.locktype == "virtualxid":
        return "the end of a transaction that began earlier"
    if row.locktype == "advisory":
        return "an advisory lock"
    mode = row.mode.removesuffix("Lock")
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in mode).strip().upper()
    return f"{words}{on}"


def _holders(connection: Connection, pids: list[int], password: str) -> list[Holder]:
    shown = sorted(set(pids))[: SESSIONS * 4]
    known = [_holder(row, password) for row in connection.execute(HOLDERS, {"pids": shown})]
    prepared = [Holder(state="prepared transaction")] if 0 in pids else []  # it has no session any more
    return [*known, *prepared][:SESSIONS]


def _holder(row: Row[Any], password: str) -> Holder:
    hidden = row.query == "<insufficient privilege>"
    query = "" if hidden else causes.scrubbed(statements.masked(row.query or ""), password)
    return Holder(
        pid=row.pid,
        application=causes.scrubbed(row.application_name or "", password),
        user=row.usename or "",
        host=row.host or ("" if hidden else "local socket"),
        state=row.state or "",
        state_s=row.state_s,
        transaction_s=row.transaction_s,
        query=query,
        waits=bool(row.waits),
    )
