"""A scratch database: a new SQLite file in a private directory, to which every revision of the code is applied. Gone when it was used."""

import copy
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from environments.models import Database
from jobs import isolation, spec
from jobs.models import Plan
from migrations_store import graph as graphs
from migrations_store import resolution
from migrations_store.models import Snapshot


@contextmanager
def database_like(database: Database) -> Iterator[Database]:
    """A profile, never saved, that leads to the new file instead."""
    directory = Path(tempfile.mkdtemp(prefix="dashboard-scratch-"))
    try:
        who = isolation.current()
        if who.uid is not None and who.gid is not None:
            os.chown(directory, who.uid, who.gid)
        other = copy.copy(database)
        other.database = str(directory.resolve() / "scratch.db")
        yield other
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def identity(database: Database) -> dict[str, str]:
    return {"dialect": "sqlite", "path": database.database}


def replay(database: Database, snapshot: Snapshot) -> spec.Spec:
    """All revisions, from nothing to every head."""
    resolved = resolution.resolve(graphs.load(snapshot), "upgrade", "heads", [])
    steps = [{"revision": step.revision, "direction": step.direction} for step in resolved.steps]
    plan = Plan(database=database, snapshot=snapshot, command="upgrade", steps=steps, from_heads=[], to_heads=resolved.to_heads)
    return spec.build(plan, snapshot, password="") | {"identity": identity(database)}
