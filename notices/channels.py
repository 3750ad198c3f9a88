"""Making and changing channels. Administrators alone: a channel carries what happens out of the dashboard."""

import secrets
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.permissions import Action, require
from audit.services import record
from config import networks, sealing
from config.errors import Invalid
from config.rows import hold
from notices.errors import NameTaken
from notices.models import Channel, Delivery, Kind, Way
from notices.sending import seal
from notices.services import queue

LONGEST = 2000


def create_channel(*, user: User, fields: dict[str, Any]) -> tuple[Channel, str]:
    """The channel and its signing secret, which can be shown only now; "" for e-mail."""
    require(user, Action.CONFIGURE)
    channel = Channel(way=_way(fields.get("way", "")))
    _fill(channel, {"address": ""} | fields)
    secret = secrets.token_urlsafe(32) if channel.way == Way.WEBHOOK else ""
    channel.secret = _sealed(channel, "secret", secret)
    _save(channel, user, "channel.create")
    return channel, secret


def update_channel(channel: Channel, *, user: User, fields: dict[str, Any]) -> Channel:
    """Changes the fields that are named; an empty address stays what it is."""
    require(user, Action.CONFIGURE)
    with transaction.atomic():
        hold(channel)
        _fill(channel, {name: value for name, value in fields.items() if name != "way" and (name != "address" or value)})
        _save(channel, user, "channel.update")
    return channel


def delete_channel(channel: Channel, *, user: User) -> None:
    """With its delivery log."""
    require(user, Action.CONFIGURE)
    with transaction.atomic():
        hold(channel, to_delete=True)
        record(user.username, "channel.delete", f"channel {channel.name}", to=channel.shown)
        channel.delete()


def send_test(channel: Channel, *, user: User) -> Delivery:
    """A message that is sent like every other, so that its way through the log is what is tried too."""
    require(user, Action.CONFIGURE)
    text = f"A test of the channel {channel.name}, sent by {user.display_name}. Nothing happened."
    with transaction.atomic():
        record(user.username, "channel.test", f"channel {channel.name}", to=channel.shown)
        content = {"text": text, "url": "/", "project": str(channel.project or ""), "environment": str(channel.environment or "")}
        return queue([channel], "test", content)[0]


def _fill(channel: Channel, fields: dict[str, Any]) -> None:
    for name in ("project", "environment"):
        if name in fields:
            setattr(channel, name, fields[name])
    if "enabled" in fields:
        channel.enabled = bool(fields["enabled"])
    if "name" in fields:
        channel.name = _name(fields["name"])
    if "kinds" in fields:
        channel.kinds = _kinds(fields["kinds"])
    if "address" in fields:
        address = fields["address"].strip()
        channel.shown = _email(address) if channel.way == Way.EMAIL else webhook_host(address)
        channel.address = _sealed(channel, "address", address)


def _save(channel: Channel, user: User, action: str) -> None:
    detail = {"way": str(channel.way), "to": channel.shown, "kinds": channel.kinds, "enabled": channel.enabled}
    detail |= {"project": str(channel.project or ""), "environment": str(channel.environment or "")}
    try:
        with transaction.atomic():
            channel.save()
            record(user.username, action, f"channel {channel.name}", **detail)
    except IntegrityError:
        raise NameTaken(f"There already is a channel {channel.name}. Choose another name.") from None


def webhook_host(address: str) -> str:
    """The host to show, once the address is one that may be sent to. A name is looked up with each try, when it is connected to."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or len(address) > LONGEST or not address.isprintable():
        raise Invalid.of("address", "The address has to begin with https:// or http:// and name a host.")
    if parts.username or parts.password:
        raise Invalid.of("address", "The address holds a user or a password; webhooks are known by their path, and signed.")
    found = networks.literal(host)
    if found and (reason := networks.refusal(found)):
        raise Invalid.of("address", f"{host} is {reason}.")
    return host[:255]


def _email(address: str) -> str:
    try:
        validate_email(address)
    except ValidationError:
        raise Invalid.of("address", "That is no e-mail address. Use one such as team@example.com.") from None
    return address[:255]


def _sealed(channel: Channel, field: str, text: str) -> str:
    try:
        return seal(channel, field, text)
    except sealing.Broken as broken:
        raise Invalid(str(broken)) from None


def _way(way: str) -> str:
    if way not in Way.values:
        raise Invalid("A channel is an e-mail address or a webhook.", {"way": "Choose one of the list."})
    return way


def _name(name: str) -> str:
    name = " ".join(str(name).split())
    if not name or len(name) > 100 or not name.isprintable():
        raise Invalid("Give the channel a name of 1 to 100 characters.", {"name": "1 to 100 characters."})
    return name


def _kinds(kinds: list[str]) -> list[str]:
    if not kinds or set(kinds) - set(Kind.values):
        raise Invalid("Choose at least one kind of notice for the channel.", {"kinds": "Choose at least one of the list."})
    return [kind for kind in Kind.values if kind in kinds]
