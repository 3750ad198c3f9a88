"""Telling people. It writes rows and nothing else, in the caller's transaction: what is told of has then happened, or neither has."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from config.doorbell import ring
from notices.models import Channel, Delivery, Kind, Notice

LONGEST = 2000


def tell(kind: str, *, text: str, url: str, people: Iterable[User], project: Any = None, environment: Any = None) -> None:
    """A notice for each of the people, and a message for every channel that wants this kind from this place.

    `text` is one sentence for people, without a secret; `url` is a path of ours. Nothing is sent here: that happens after the commit.
    """
    kind, text = Kind(kind).value, text[:LONGEST]
    ids = {person.pk for person in people if person.is_active}
    Notice.objects.bulk_create(Notice(user_id=id, kind=kind, text=text, url=url) for id in sorted(ids))
    channels = [channel for channel in _listening(project, environment) if kind in channel.kinds]
    content = {"text": text, "url": url, "project": str(project or ""), "environment": str(environment or "")}
    queue(channels, kind, content)


def queue(channels: list[Channel], kind: str, content: dict[str, Any]) -> list[Delivery]:
    """The messages, due now."""
    due = timezone.now()
    queued = [Delivery(channel=channel, kind=kind, content=content, next_at=due) for channel in channels]
    made = Delivery.objects.bulk_create(queued)
    if made:
        transaction.on_commit(lambda: _ring(made[0].pk))
    return made


def _ring(id: int) -> None:
    ring("notices.tasks.deliver", id)


def _listening(project: Any, environment: Any) -> list[Channel]:
    """Those without a scope, and those whose scope this is."""
    scope = Q(project=None) | Q(project=getattr(project, "pk", None))
    scope &= Q(environment=None) | Q(environment=getattr(environment, "pk", None))
    return list(Channel.objects.filter(scope, enabled=True))


def mark_read(user: User, ids: Iterable[int] | None = None) -> None:
    """Those of the user that are named, or all."""
    unread = Notice.objects.filter(user=user, read_at=None)
    (unread if ids is None else unread.filter(pk__in=ids)).update(read_at=timezone.now())
