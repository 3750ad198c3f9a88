"""Proposals as a worker leaves them: rows for tests of what people do with them, and what the worker's side makes of a request."""

import hashlib
from typing import Any

from accounts.models import User
from environments.models import Database
from jobs.proposals import queries, work
from migrations_store import differences
from migrations_store.models import Proposal, ProposalVersion

PYTHON = '''"""add fax"""
from alembic import op
import sqlalchemy as sa

revision = "{revision}"
down_revision = "three"


def upgrade() -> None:
    op.add_column("users", sa.Column("fax", sa.String(40), nullable=True))
    op.drop_column("users", "phone")


def downgrade() -> None:
    op.add_column("users", sa.Column("phone", sa.String(40), nullable=True))
    op.drop_column("users", "fax")
'''


def made(proposal: Proposal) -> ProposalVersion:
    """Generated here, as a worker would; its newest version."""
    work.generate(proposal.pk)
    proposal.refresh_from_db()
    version = queries.newest_version(proposal)
    assert version is not None, proposal.error
    return version


def column(op: str, name: str, type_: str = "VARCHAR(40)", table: str = "users") -> dict[str, Any]:
    """An operation as the runner tells it."""
    return {"op": op, "schema": None, "table": table, "column": {"name": name, "type": type_, "nullable": True, "default": None}}


def drawn(name: str, *columns: tuple[str, str, str], more: int = 0) -> dict[str, Any]:
    """A table of a diagram as the runner tells it; each column has a name, a type and what it refers to."""
    told = [{"name": one, "type": type_, "primary_key": one == "id", "references": [to] if to else []} for one, type_, to in columns]
    return {"schema": None, "name": name, "columns": told, "more": more}


USERS = drawn("users", ("id", "INTEGER", ""), ("fax", "VARCHAR(40)", ""), ("team_id", "INTEGER", "teams.id"), ("phone", "VARCHAR(40)", ""))
DIAGRAM = {"tables": [USERS, drawn("orders", ("id", "INTEGER", ""), ("user_id", "INTEGER", "users.id"), more=7)], "more": 2}
OPERATIONS = [column("add_column", "fax"), column("drop_column", "phone")]


def proposed(database: Database, *, user: User, message: str = "add fax", **version: Any) -> Proposal:
    """One that is open, with its first version."""
    made = Proposal.objects.create(
        project=database.project, database=database, environment=database.environment, against=str(database), message=message,
        requested_by=user, status=Proposal.Status.OPEN,
    )  # fmt: skip
    add_version(made, **version)
    return made


def add_version(
    proposal: Proposal,
    *,
    python: str = PYTHON,
    operations: list[dict[str, Any]] | None = None,
    facts: dict[str, Any] | None = None,
    **fields: Any,
) -> ProposalVersion:
    """The next one; the proposal is open again."""
    number = proposal.versions.count() + 1
    entries = differences.structured(OPERATIONS if operations is None else operations, "sqlite")
    text = python.replace("{revision}", "faxfaxfax")
    sql = {
        "upgrade": {"sql": "ALTER TABLE users ADD COLUMN fax", "sql_unavailable": None},
        "downgrade": {"sql": None, "sql_unavailable": "Not available, because it reads rows."},
    }
    file = {
        "revision": "faxfaxfax",
        "down_revisions": ["three"],
        "message": "add fax",
        "path": "versions/fax.py",
        "python": text,
        "sql": {"sqlite": sql},
    }
    version = ProposalVersion.objects.create(
        proposal=proposal, number=number, snapshot=proposal.project.latest_snapshot, files=[file], heads=["three"],
        changes=[entry.shown() for entry in entries], facts={"dialect": "sqlite", "diagram": DIAGRAM} | (facts or {}),
        checksum=hashlib.sha256(text.encode()).hexdigest(), blind_spots=["A table or column that was renamed."], **fields,
    )  # fmt: skip
    summary = {what: sum(one["what"] == what for one in version.changes) for what in ("added", "removed", "changed")}
    losses = sum(bool(one["data_loss"]) for one in version.changes)
    Proposal.objects.filter(pk=proposal.pk).update(status=Proposal.Status.OPEN, summary=summary | {"data_loss": losses, "red_flags": 0})
    proposal.refresh_from_db()
    return version
