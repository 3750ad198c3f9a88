"""A proposal from the models: autogenerate compares them with a database, or with a scratch one."""

from typing import Any

from django.conf import settings

from environments import policies, secrets, version_table
from environments.errors import Unreachable
from environments.models import Database
from jobs import spec, supervisor
from jobs.models import Plan
from jobs.proposals import scratch
from jobs.proposals.making import Making, NotMade, problem
from jobs.proposals.outcome import checksum
from migrations_store import differences
from migrations_store.models import Proposal, ProposalVersion


class Comparing(Making):
    """The database is opened by the runner alone, which forbids the session every change."""

    def __init__(self, proposal: Proposal) -> None:
        if proposal.database is None:
            raise NotMade(problem("database_gone", "The database is gone", f"The connection profile of {proposal.against} was deleted."))
        self.database = proposal.database
        super().__init__(proposal)
        self.password = secrets.decrypt(self.database) if self.database.secret else ""

    def version(self) -> ProposalVersion:
        if self.proposal.scratch:
            with scratch.database_like(self.database) as other:
                replay = scratch.replay(other, self.snapshot) | self._limits()
                self.launch(replay, secrets=self._secrets(), before="The revisions could not be replayed on scratch")
                self._propose(other, scratch.identity(other))
        else:
            self._propose(self.database, self._identity())
        return self._version()

    def _identity(self) -> dict[str, Any]:
        """Asked on a connection of our own: the runner compares its connections with it."""
        try:
            return version_table.read(self.database).identity
        except Unreachable as error:
            raise NotMade(self.explained({"code": error.code, "message": str(error)}, supervisor.Exit.never_started())) from None

    def _propose(self, database: Database, identity: dict[str, Any]) -> None:
        plan = Plan(database=database, snapshot=self.snapshot, command="propose", steps=[], from_heads=[], to_heads=[])
        asked = {"message": self.proposal.message, "revision_id": self.proposal.revision_id} | self.options()
        document = spec.build(plan, self.snapshot, password=self.password) | self._limits()
        self.launch(document | {"identity": identity, "proposal": asked}, secrets=self._secrets())
        self.require_told()

    def _secrets(self) -> list[str]:
        return [self.password] if self.password else []

    def _limits(self) -> dict[str, Any]:
        rules = policies.rules_for(self.database)
        return {
            "lock_timeout": rules.lock_timeout,
            "statement_timeout": rules.statement_timeout or settings.PROPOSAL_TIMEOUT,
            "allow_poolers": settings.ALLOW_POOLERS,
            "application_name": f"alembic-dashboard proposal {self.proposal.pk}",
        }

    def explained(self, error: dict[str, Any] | None, end: supervisor.Exit) -> dict[str, Any]:
        told = super().explained(error, end)
        if (error or {}).get("code") == "not_up_to_date":
            told["next"] = ["Upgrade the database to head first, then make the proposal again.", *self._around()]
        return told

    def _around(self) -> list[str]:
        is_sqlite = self.database.driver.startswith("sqlite")
        return ["Or compare with a scratch database, to which all revisions are applied first."] if is_sqlite else []

    def _version(self) -> ProposalVersion:
        facts = self.told["facts"]
        files = [self.below_root(file) for file in self.told["files"]]
        operations = [operation for file in files for operation in file["operations"]]
        entries = differences.structured(operations, str(facts.get("dialect", "")))
        return ProposalVersion(
            proposal=self.proposal,
            snapshot=self.snapshot,
            heads=facts.get("heads", []),
            files=files,
            facts=facts,
            changes=[entry.shown() for entry in entries],
            red_flags=differences.red_flags(facts, entries),
            blind_spots=differences.blind_spots(facts),
            checksum=checksum(files),
        )
