"""Signed-in browsers, without the form."""

from django.test import Client

from accounts import reauthentication
from accounts.models import User


def signed_in(user: User, *, fresh: bool = True, client: Client | None = None) -> Client:
    """As somebody who gave the password just now, or, not `fresh`, long ago."""
    client = client or Client()
    client.force_login(user)
    if fresh:
        session = client.session
        reauthentication.mark(session)
        session.save()
    return client
