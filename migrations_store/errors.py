"""What can be refused where projects and their code are concerned."""

from config.errors import Conflict, Refused


class SourceError(Refused):
    """The code cannot be reached or read."""

    code = "source_unreadable"
    title = "The project's code cannot be read"


class PushRefused(Refused):
    """A branch that could not be pushed. Nothing has changed in the repository."""

    status = 409
    code = "push_refused"
    title = "The branch was not pushed"


class ConfigurationError(Refused):
    """There is no usable Alembic configuration at the place named."""

    code = "configuration_unreadable"
    title = "No usable Alembic configuration"


class SlugTaken(Conflict):
    code = "slug_taken"
    title = "This slug is taken"


class StillUsed(Conflict):
    code = "still_used"
    title = "It is still in use"


class ChangedMeanwhile(Conflict):
    code = "changed_meanwhile"
    title = "Somebody has changed it meanwhile"


class ResolutionError(Refused):
    """A revision argument that does not lead to one clear list of steps. `code` tells the causes apart."""

    title = "The revision cannot be resolved"

    def __init__(self, detail: str, code: str = "unresolvable") -> None:
        super().__init__(detail)
        self.code = code  # type: ignore[misc]  # the cause differs from case to case
