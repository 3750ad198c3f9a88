"""Channels that lead to servers of our own, which keep what they get."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import Role, User
from notices.models import Channel, Kind
from notices.sending import seal
from tests.support.sinks import Hooks, Mail, serving

SECRET = "Kanari-signing-4711"


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada", password="correct horse", role=Role.ADMIN)


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with serving(Hooks()) as server:
        yield server


@pytest.fixture
def mail(settings: Any) -> Iterator[Mail]:
    with serving(Mail()) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        yield server


@pytest.fixture
def add_channel(db: None) -> Callable[..., Channel]:
    def add(address: str, **fields: Any) -> Channel:
        way = "email" if "://" not in address else "webhook"
        row = {"name": f"channel {Channel.objects.count()}", "way": way, "kinds": list(Kind.values), "shown": "there"} | fields
        channel = Channel(**row)
        channel.address, channel.secret = seal(channel, "address", address), seal(channel, "secret", SECRET)
        channel.save()
        return channel

    return add
