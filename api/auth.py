"""Bearer tokens, and nothing else: no cookie, no query parameter."""

from typing import Any

from django.http import HttpRequest
from ninja.security.base import AuthBase

from accounts.models import User
from accounts.services import authenticate_token


class Unauthorized(Exception):
    """No token, or one that is not valid."""


class BearerToken(AuthBase):
    """The `Authorization: Bearer TOKEN` header; answers the user, who is then `request.auth`."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> User:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        value = value.strip()
        user = authenticate_token(value) if scheme.lower() == "bearer" and value.isascii() and value else None
        if user is None:
            raise Unauthorized
        return user


def user_of(request: HttpRequest) -> User:
    """Whoever the token belongs to."""
    found: Any = request.auth  # type: ignore[attr-defined]
    assert isinstance(found, User)
    return found
