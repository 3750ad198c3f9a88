"""A job's session on the server, which may go on after its client has died: found by its name, ended, and waited for."""

import logging
import time

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from environments import connections, urls
from environments.errors import Unreachable
from environments.models import Database

logger = logging.getLogger(__name__)
WAIT, PAUSE = 10.0, 0.1

POSTGRESQL = text(
    "SELECT pid, CASE WHEN pg_has_role(usesysid, 'MEMBER') THEN pg_terminate_backend(pid) END FROM pg_stat_activity"
    " WHERE application_name = :name AND datname = current_database() AND pid <> pg_backend_pid()"
)
# The runner takes a lock of the job's name there, as there is no application_name.
MYSQL = text("SELECT IS_USED_LOCK(:name)")


def end(database: Database, name: str) -> None:
    """Returns once no session of this name is left. Raises Unreachable if one goes on all the same, or the server cannot be asked."""
    step = {"postgresql": _end_on_postgresql, "mysql": _end_on_mysql}.get(urls.dialect(database.driver))
    if step is None:  # SQLite has no server: what its process did has ended with it
        return
    deadline = time.monotonic() + WAIT
    with connections.explained(database), connections.connect(database) as connection:
        while step(connection, name):
            if time.monotonic() > deadline:
                raise Unreachable("still_running", f"The session {name!r} of this job still runs on the server, which was told to end it.")
            time.sleep(PAUSE)


def _end_on_postgresql(connection: Connection, name: str) -> bool:
    """Whether there was one still; it has been told to end."""
    connection.execute(text("SELECT pg_stat_clear_snapshot()"))  # within a transaction the list is kept
    return bool(connection.execute(POSTGRESQL, {"name": name}).all())


def _end_on_mysql(connection: Connection, name: str) -> bool:
    session = connection.execute(MYSQL, {"name": name}).scalar()
    if session is None:
        return False
    try:
        connection.execute(text(f"KILL CONNECTION {int(session)}"))
    except SQLAlchemyError as error:  # it has just ended, or another user's may not be ended: the next look tells
        logger.info("session %s was not ended (%s)", session, type(error).__name__)
    return True
