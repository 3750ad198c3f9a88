"""What views take from a request."""

from django.http import HttpRequest

from accounts import reauthentication
from accounts.models import User
from audit.context import address_of
from config.errors import Refused

__all__ = ["ReauthenticationNeeded", "address_of", "number_of", "require_fresh", "user_of"]


class ReauthenticationNeeded(Exception):
    """The password is asked for before the request goes on (PageMiddleware); `refused` says what was wrong with the one just typed."""

    def __init__(self, refused: Refused | None = None) -> None:
        super().__init__("The password is needed again.")
        self.refused = refused


def user_of(request: HttpRequest) -> User:
    """The signed-in user; for views behind `login_required`."""
    assert isinstance(request.user, User)
    return request.user


def number_of(request: HttpRequest, name: str) -> int | None:
    """A natural number from the query; anything else counts as absent."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def require_fresh(request: HttpRequest) -> None:
    """Goes on if the password was given within 15 minutes, or is in the form (components/password_again.html); else the person is asked.

    Call it first, before anything is changed: the form that was posted is kept and posted again with the password.
    """
    if reauthentication.is_fresh(request.session):
        return
    if not (password := request.POST.get("password_again", "")):
        raise ReauthenticationNeeded
    try:
        reauthentication.confirm(user_of(request), request.session, password=password, address=address_of(request))
    except Refused as refused:
        raise ReauthenticationNeeded(refused) from None
