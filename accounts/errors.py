"""What can be refused where users and tokens are concerned."""

from config.errors import Conflict, Refused


class NameTaken(Conflict):
    code = "name_taken"
    title = "This name is taken"


class TooManyAttempts(Refused):
    """`wait` is in seconds."""

    status = 429
    code = "too_many_attempts"
    title = "Too many attempts to sign in"

    def __init__(self, wait: int) -> None:
        super().__init__(f"Too many attempts to sign in. The password was not looked at; try again in {wait} s.")
        self.wait = wait


class WrongPassword(Refused):
    code = "wrong_password"
    title = "Your password, please"


class OwnAccess(Refused):
    status = 403
    code = "own_access"
    title = "Not on yourself"


class LastAdmin(Conflict):
    code = "last_admin"
    title = "Somebody has to be administrator"


class StillNamed(Conflict):
    code = "still_named"
    title = "The record names them"
