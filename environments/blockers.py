"""Who is in the way of a session that waits: asked of the server by a connection that only reads, within short limits."""

from environments import blockers_mysql, blockers_postgresql, blockers_sqlite, connections, secrets, urls
from environments.blockade import Blockade, Waiter
from environments.errors import Unreachable
from environments.models import Database


def find(database: Database, waiter: Waiter) -> Blockade | None:
    """None when nothing is in the way, or nothing can be known: a look must never disturb what it looks at."""
    kind = urls.dialect(database.driver)
    if kind == "sqlite":
        return blockers_sqlite.find(urls.file_of(database), waiter)
    ask = blockers_mysql.find if kind == "mysql" else blockers_postgresql.find
    try:
        with connections.explained(database), connections.connect(database) as connection:
            return ask(connection, waiter, secrets.decrypt(database))
    except Unreachable:
        return None
