"""What views take from a request."""

from django.http import HttpRequest

from accounts.models import User


def user_of(request: HttpRequest) -> User:
    """The signed-in user; for views behind `login_required`."""
    assert isinstance(request.user, User)
    return request.user


def number_of(request: HttpRequest, name: str) -> int | None:
    """A natural number from the query; anything else counts as absent."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
