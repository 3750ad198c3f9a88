"""The password once more: what decides about production is not left to a browser that somebody walked away from, or to a stolen cookie."""

import time

from django.contrib.sessions.backends.base import SessionBase

from accounts import attempts
from accounts.errors import WrongPassword
from accounts.models import User

FRESH = 15 * 60
KEY = "password_given_at"


def mark(session: SessionBase) -> None:
    """The password was given just now."""
    session[KEY] = int(time.time())


def is_fresh(session: SessionBase) -> bool:
    """Whether the password was given within the last 15 minutes. A clock that was set back makes nothing fresh."""
    given = session.get(KEY)
    return isinstance(given, int) and 0 <= time.time() - given < FRESH


def confirm(user: User, session: SessionBase, *, password: str, address: str) -> None:
    """Raises WrongPassword, or TooManyAttempts: guesses are counted like those of signing in."""
    attempts.begin(user.username, address)
    if not user.check_password(password):
        raise WrongPassword("That is not your password. Nothing was changed; type it again.")
    attempts.succeeded(user.username, address)
    mark(session)
