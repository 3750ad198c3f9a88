"""Reading databases on the worker's side: ask, judge, and keep what was found."""

import fcntl
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from config.errors import Refused
from environments import identity, version_table
from environments.errors import Unreachable
from environments.models import Database, DatabaseState
from environments.state import Judgement, judge
from environments.version_table import Reading
from environments.watcher import Seen, watch
from migrations_store import graph as graphs
from migrations_store import queries as store
from migrations_store.models import Project

logger = logging.getLogger(__name__)
AT_ONCE = 16
FRESH = timedelta(seconds=50)
# The parts of a profile that decide what a reading is a reading of.
TARGET = ("driver", "host", "port", "username", "database", "version_table", "version_table_schema")


def ask(database: Database) -> Reading | Unreachable:
    """Reads without the schema's fingerprint, and never raises: what happens to one database does not concern the others."""
    try:
        return version_table.read(database, with_fingerprint=False)
    except Unreachable as error:
        return error
    except Refused as refused:
        return Unreachable(refused.code, str(refused))
    except Exception as error:  # the boundary of a reading
        logger.exception("reading %s failed in an unexpected way", database)
        why = f"Reading failed in an unexpected way ({type(error).__name__}); the log of the worker says more."
        return Unreachable("driver_error", why)


def check_database_now(database: Database) -> None:
    """Reads, judges and saves; a database that cannot be read is a state, not an error."""
    apply_reading(database, ask(database))


def apply_reading(database: Database, reading: Reading | Unreachable, seen: Seen = Seen.IN_PASSING) -> None:
    """Saves what was read, unless something newer is there or the profile leads elsewhere by now. Touches only these columns.

    A movement that is nobody's doing is said (environments.watcher), in the same transaction.
    """
    with transaction.atomic():
        row = Database.objects.select_for_update(of=("self",)).select_related("project").filter(pk=database.pk).first()
        if row is None or any(getattr(row, part) != getattr(database, part) for part in TARGET):
            return
        if row.checked_at is None or row.checked_at <= reading.at:
            _keep(row, _failure(reading) if isinstance(reading, Unreachable) else _success(row, reading, seen))
    for name in SAVED:
        setattr(database, name, getattr(row, name))


def rejudge(database: Database) -> None:
    """Compares what was last read with the newest code, without connecting."""
    if database.state in (DatabaseState.UNREACHABLE, DatabaseState.UNCHECKED):
        return
    found = _judged(database, database.current)
    if found is not None:
        _keep(database, _verdict(found))


def check_many(databases: Iterable[Database]) -> int:
    """Reads many at once; the threads only talk to the databases, and what they find is saved here, one after the other."""
    done = 0
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="reader") as pool:
        waiting = {pool.submit(ask, database): database for database in databases}
        for future in as_completed(waiting):
            apply_reading(waiting[future], future.result())
            done += 1
    return done


def check_all() -> int:
    """Reads every database that was not read within the last minute; answers how many. Does nothing while another call is at it."""
    lock = Path(settings.DATA_DIR) / "check_all.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        due = Q(checked_at__isnull=True) | Q(checked_at__lt=timezone.now() - FRESH)
        return check_many(list(Database.objects.filter(due).select_related("project", "environment")))


SAVED = (
    "state", "current", "pending", "pending_count", "checked_at", "changed_at", "error_code", "error", "server", "latency_ms", "identity",
    "expected", "expected_at", "moved_outside", "differences", "differences_at",
)  # fmt: skip


def _keep(row: Database, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


def _failure(error: Unreachable) -> dict[str, Any]:
    """What was last known stays."""
    return {"state": DatabaseState.UNREACHABLE, "error_code": error.code, "error": str(error), "checked_at": error.at, "latency_ms": None}


def _success(row: Database, reading: Reading, seen: Seen) -> dict[str, Any]:
    current = sorted(reading.rows or [])
    values: dict[str, Any] = {"current": current, "checked_at": reading.at, "error_code": "", "error": ""}
    values |= {"server": reading.server, "latency_ms": reading.latency_ms, "identity": identity.lasting(reading.identity)}
    if current != row.current:
        values |= {"changed_at": reading.at, "differences": 0, "differences_at": None}
    values |= watch(row, current, reading.at, seen)
    found = _judged(row, reading.rows)
    return values | (_verdict(found) if found else {"state": DatabaseState.UNCHECKED, "pending": [], "pending_count": 0})


def _verdict(found: Judgement) -> dict[str, Any]:
    return {"state": found.state, "pending": found.pending, "pending_count": len(found.pending)}


def _judged(row: Database, rows: list[str] | None) -> Judgement | None:
    """None while the project has no snapshot."""
    snapshot = row.project.snapshots.defer("graph", "manifest").first()  # the graph is large, and most often cached
    if snapshot is None:
        return None
    return judge(rows, graphs.load(snapshot), lambda revision: _known_earlier(row.project_id, snapshot.digest, revision))


@lru_cache(maxsize=1024)
def _known_earlier(project_id: int, digest: str, revision: str) -> bool:
    """Kept, because it looks into every snapshot, and a database that is ahead asks every minute."""
    return store.known_in_earlier_snapshot(Project(pk=project_id), revision)
