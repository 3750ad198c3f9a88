"""A scratch database, to which every revision of the code is applied: a new SQLite file in a private directory, or a new database on a
server that the settings name. Gone when it was used, whatever happened; what a killed worker leaves is dropped by `sweep`."""

import copy
import logging
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from config.errors import Refused
from environments import scratch as servers
from environments import urls, version_table
from environments.errors import Unreachable
from environments.identity import Identity
from environments.models import Database, Environment
from jobs import isolation, spec
from jobs.models import Plan, ScratchDatabase
from migrations_store import graph as graphs
from migrations_store import resolution
from migrations_store.models import Proposal, Snapshot

logger = logging.getLogger(__name__)
FILE_DRIVER = "sqlite"


def kind_of(proposal: Proposal) -> str:
    """sqlite, postgresql or mysql."""
    if proposal.scratch_kind:
        return proposal.scratch_kind
    return urls.dialect(proposal.database.driver) if proposal.database else FILE_DRIVER


@contextmanager
def database_for(proposal: Proposal) -> Iterator[Database]:
    """A profile, never saved, that leads to a new and empty database of the kind that was asked for. Raises Unreachable or BadUrl."""
    kind = kind_of(proposal)
    profile = copy.copy(proposal.database) if proposal.database else _nowhere(proposal)
    with _file(profile) if kind == "sqlite" else _on_server(proposal, profile, kind) as made:
        yield made


def identity(database: Database) -> Identity:
    """What the runner compares its connection with."""
    if urls.dialect(database.driver) == "sqlite":
        return {"dialect": "sqlite", "path": database.database}
    return version_table.read(database, with_fingerprint=False).identity


def replay(database: Database, snapshot: Snapshot, password: str) -> spec.Spec:
    """All revisions, from nothing to every head."""
    resolved = resolution.resolve(graphs.load(snapshot), "upgrade", "heads", [])
    steps = [{"revision": step.revision, "direction": step.direction} for step in resolved.steps]
    plan = Plan(database=database, snapshot=snapshot, command="upgrade", steps=steps, from_heads=[], to_heads=resolved.to_heads)
    return spec.build(plan, snapshot, password=password) | {"identity": identity(database)}


def sweep() -> None:
    """Drops what nobody uses any more. A server that does not answer is asked again the next time."""
    limit = timezone.now() - timedelta(seconds=2 * settings.PROPOSAL_TIMEOUT + 60)
    unused = Q(proposal__isnull=False) & ~Q(proposal__status=Proposal.Status.RUNNING)
    for left in ScratchDatabase.objects.filter(unused | Q(made_at__lt=limit)):
        if not _dropped(left):
            return


def _nowhere(proposal: Proposal) -> Database:
    """Templates over {environment} and {name} are filled with words that say where they are."""
    environment = Environment(slug="scratch", name="scratch")
    return Database(pk=uuid.uuid4(), project=proposal.project, environment=environment, driver=_driver(proposal), name="scratch")


def _driver(proposal: Proposal) -> str:
    """The one by which the project connects to its own databases of this kind, which its interpreter has; "" for the server's."""
    used = Database.objects.filter(project=proposal.project).values_list("driver", flat=True)
    return next((driver for driver in used if urls.dialect(driver) == proposal.scratch_kind), "")


@contextmanager
def _file(profile: Database) -> Iterator[Database]:
    directory = Path(tempfile.mkdtemp(prefix="dashboard-scratch-"))
    try:
        who = isolation.current()
        if who.uid is not None and who.gid is not None:
            os.chown(directory, who.uid, who.gid)
        if urls.dialect(profile.driver) != "sqlite":
            profile.driver = FILE_DRIVER
        profile.host, profile.port, profile.username, profile.secret, profile.query = "", None, "", "", {}
        profile.database = str(directory.resolve() / "scratch.db")
        yield profile
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _on_server(proposal: Proposal, profile: Database, kind: str) -> Iterator[Database]:
    """Written down before it is made, so that it is known by name whenever this ends."""
    server = servers.server(kind)
    if server is None:
        raise Unreachable("no_scratch_server", servers.refusal(kind))
    row = ScratchDatabase.objects.create(name=servers.new_name(), kind=kind, place=server.place, proposal=proposal)
    try:
        server.create(row.name)
        yield server.leads_to(profile, row.name)
    finally:
        _dropped(row)


def _dropped(row: ScratchDatabase) -> bool:
    """Whether it is gone; one on a server that is no longer set stays written down."""
    try:
        server = servers.server(row.kind)
        if server is None or server.place != row.place:
            logger.warning("scratch database %s on %s stays: that server is not set any more", row.name, row.place)
            return True
        server.drop(row.name)
    except Refused as error:
        logger.warning("scratch database %s on %s could not be dropped yet: %s", row.name, row.place, error)
        return False
    row.delete()
    return True
