"""What can be refused when a plan or a job is asked for."""

from collections.abc import Iterable
from typing import Any, Self

from config.errors import Conflict, Refused


class PlanStale(Conflict):
    """The digest that was approved no longer describes what would happen."""

    code = "plan_changed"
    title = "The plan is no longer true"


class NotRead(Conflict):
    """The database has never been read, or cannot be read now."""

    code = "database_not_read"
    title = "The database could not be read"


class GateClosed(Conflict):
    """A condition that the reader has to meet first, or a policy, is in the way."""

    code = "gate_closed"
    title = "A gate is closed"

    @classmethod
    def of(cls, gates: Iterable[Any]) -> Self:
        return cls(f"{'. '.join(gate.detail.rstrip('.') for gate in gates)}. Nothing was run; the database is as it was.")


class NotDecidable(Conflict):
    """The job no longer waits for this decision."""

    code = "not_decidable"
    title = "There is nothing to decide"


class OutcomeUnknown(Conflict):
    """Nobody is left who could be canceled; the scheduler asks the database."""

    code = "outcome_unknown"
    title = "There is nothing left to cancel"


class NotCancelable(Conflict):
    """The job has ended."""

    code = "job_has_ended"
    title = "This job has already ended"


class NothingToPromote(Refused):
    """The promotion has no source, no target, or nothing to bring."""

    code = "nothing_to_promote"
    title = "Nothing can be promoted"


class KeyTaken(Conflict):
    """The idempotency key is that of a job which belongs to no promotion, so that there is none to answer."""

    code = "key_taken"
    title = "This key is another request's"


class Irreversible(Refused):
    """A step of the way down has no way down."""

    code = "irreversible"
    title = "This cannot be undone"
