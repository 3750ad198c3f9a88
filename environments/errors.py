"""What can be refused or fail where databases are concerned."""

from datetime import datetime

from django.utils import timezone

from config.errors import Conflict, Invalid, Refused


class BadUrl(Invalid):
    """A connection URL, or one part of it, that is not taken. The sentence never holds the URL or any value out of it that may be secret.

    `part` is the part that is wrong: url, driver, host, port, username, password, database or query.
    """

    code = "bad_url"
    title = "The connection URL is not valid"

    def __init__(self, detail: str, part: str = "url") -> None:
        super().__init__(detail, {part: detail})
        self.part = part


class SecretError(Refused):
    """A kept password cannot be decrypted: it belongs to another row, was changed, or its key is no longer given."""

    status = 409
    code = "secret_unreadable"
    title = "The password cannot be read"


class Unreachable(Refused):
    """The database could not be read. `code` names the cause for programs, the sentence names it for people; neither holds a secret."""

    status = 409
    title = "The database could not be read"

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code  # type: ignore[misc]  # the cause differs from case to case
        self.at: datetime = timezone.now()


class NameTaken(Conflict):
    code = "name_taken"
    title = "This name is taken"


class StillUsed(Conflict):
    code = "still_used"
    title = "It is still in use"


class ChangeOver(Conflict):
    code = "change_over"
    title = "This change is no longer open"


class NobodyElse(Conflict):
    code = "nobody_else"
    title = "A second person is needed"
