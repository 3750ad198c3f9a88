"""Reading what waits for somebody, and what became of what was sent."""

import uuid

from django.db.models import QuerySet

from accounts.models import User
from accounts.permissions import Action, require
from config.errors import NotFound
from notices.models import Channel, Delivery, Notice


def notices(user: User) -> QuerySet[Notice]:
    """The user's own, newest first."""
    return Notice.objects.filter(user=user)


def unread_count(user: User) -> int:
    return Notice.objects.filter(user=user, read_at=None).count()


def channels(user: User) -> QuerySet[Channel]:
    require(user, Action.CONFIGURE)
    return Channel.objects.select_related("project", "environment")


def get_channel(user: User, id: uuid.UUID) -> Channel:
    found = channels(user).filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such channel.")
    return found


def deliveries(user: User) -> QuerySet[Delivery]:
    """Newest first."""
    require(user, Action.CONFIGURE)
    return Delivery.objects.select_related("channel")
