"""Channels' addresses and signing secrets under the newest key, like the passwords of databases."""

from config import sealing
from notices.errors import NotDelivered
from notices.models import Channel
from notices.sending import seal, unseal

FIELDS = ("address", "secret")


def rotate_all() -> tuple[int, int, list[str]]:
    """How many channels were sealed anew, how many already had the newest key, and which could not be read. May be begun again any time."""
    newest = sealing.newest()
    rotated, current, unreadable = 0, 0, []
    for channel in Channel.objects.order_by("pk"):
        old = [name for name in FIELDS if getattr(channel, name) and not getattr(channel, name).startswith(newest)]
        try:
            rotated += _rotate(channel, old) if old else 0
            current += not old
        except NotDelivered:
            unreadable.append(f"channel {channel}")
    return rotated, current, unreadable


def _rotate(channel: Channel, old: list[str]) -> int:
    """Only if nobody has typed another address meanwhile."""
    fresh = {name: seal(channel, name, unseal(channel, name)) for name in old}
    unchanged = {name: getattr(channel, name) for name in old}
    return Channel.objects.filter(pk=channel.pk, **unchanged).update(**fresh)
