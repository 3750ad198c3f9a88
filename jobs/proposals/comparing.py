"""A proposal from the models: autogenerate compares them with a database, or with a scratch one."""

from typing import Any

from django.conf import settings

from environments import counts, policies, secrets, version_table
from environments import scratch as servers
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
        if proposal.database is None and not proposal.scratch:
            raise NotMade(problem("database_gone", "The database is gone", f"The connection profile of {proposal.against} was deleted."))
        super().__init__(proposal)
        self.dialect = scratch.kind_of(proposal)

    def version(self) -> ProposalVersion:
        try:
            if self.proposal.scratch:
                with scratch.database_for(self.proposal) as other:
                    self._replay(other)
                    self._propose(other, scratch.identity(other))
            elif self.proposal.database:
                # Asked on a connection of our own: the runner compares its connections with it.
                self._propose(self.proposal.database, version_table.read(self.proposal.database).identity)
        except Unreachable as error:
            raise NotMade(self.explained({"code": error.code, "message": str(error)}, supervisor.Exit.never_started())) from None
        return self._version()

    def _replay(self, database: Database) -> None:
        password = secrets.decrypt(database)
        document = scratch.replay(database, self.snapshot, password) | self._limits()
        self.launch(document, secrets=_known(password), before="The revisions could not be replayed on scratch")

    def _propose(self, database: Database, identity: dict[str, Any]) -> None:
        password = secrets.decrypt(database)
        plan = Plan(database=database, snapshot=self.snapshot, command="propose", steps=[], from_heads=[], to_heads=[])
        asked = {"message": self.proposal.message, "revision_id": self.proposal.revision_id} | self.options()
        document = spec.build(plan, self.snapshot, password=password) | self._limits()
        self.launch(document | {"identity": identity, "proposal": asked}, secrets=_known(password))
        self.require_told()

    def _limits(self) -> dict[str, Any]:
        rules = policies.rules_for(self.proposal.database) if self.proposal.database else None
        return {
            "lock_timeout": rules.lock_timeout if rules else 0,
            "statement_timeout": (rules.statement_timeout if rules else 0) or settings.PROPOSAL_TIMEOUT,
            "allow_poolers": settings.ALLOW_POOLERS,
            "application_name": f"alembic-dashboard proposal {self.proposal.pk}",
        }

    def explained(self, error: dict[str, Any] | None, end: supervisor.Exit) -> dict[str, Any]:
        told = super().explained(error, end)
        if (error or {}).get("code") == "not_up_to_date":
            told["next"] = ["Upgrade the database to head first, then make the proposal again.", *self._around()]
        return told

    def _around(self) -> list[str]:
        refusal = servers.refusal(self.dialect)
        return [] if refusal else ["Or compare with a scratch database, to which all revisions are applied first."]

    def _version(self) -> ProposalVersion:
        facts = self.told["facts"]
        files = [self.below_root(file) for file in self.told["files"]]
        operations = [operation for file in files for operation in file["operations"]]
        entries = differences.structured(operations, str(facts.get("dialect", "")))
        if self.proposal.database:
            touched = [(entry.schema, entry.table) for entry in entries if entry.table]
            facts["rows"] = counts.rows_of(self.proposal.database, touched)
        return ProposalVersion(
            proposal=self.proposal,
            snapshot=self.snapshot,
            heads=facts.get("heads", []),
            files=files,
            facts=facts,
            changes=[entry.shown() for entry in entries],
            red_flags=differences.not_covered(facts, [file["python"] for file in files]) + differences.red_flags(facts, entries),
            blind_spots=differences.blind_spots(facts),
            checksum=checksum(files),
        )


def _known(password: str) -> list[str]:
    return [password] if password else []
