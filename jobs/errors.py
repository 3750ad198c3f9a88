"""What can be refused when a plan or a job is asked for."""

from config.errors import Conflict, Refused


class PlanStale(Conflict):
    """The digest that was approved no longer describes what would happen."""

    code = "plan_changed"
    title = "The plan is no longer true"


class NotRead(Conflict):
    """The database has never been read, or cannot be read now."""

    code = "database_not_read"
    title = "The database could not be read"


class NotCancelable(Conflict):
    """The job has ended."""

    code = "job_has_ended"
    title = "This job has already ended"


class NothingToPromote(Refused):
    """The promotion has no source, no target, or nothing to bring."""

    code = "nothing_to_promote"
    title = "Nothing can be promoted"
