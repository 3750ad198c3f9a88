"""Users, their preferences and their API tokens."""

import hashlib
import re
import secrets
import zoneinfo
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.errors import NameTaken
from accounts.models import ApiToken, Density, Role, Theme, User
from accounts.people import check_password_rules
from accounts.permissions import Action, require
from audit.context import by_token
from audit.services import record
from config.errors import Invalid, NotFound

PREFIX = "adb_"
NAME = re.compile(r"[.@+-]*\w[\w.@+-]*")  # "." and ".." are no part of an address
USED_EVERY = timedelta(minutes=1)
LONGEST_LIFE = timedelta(days=366)
CHOOSE = "Choose one of the list."
# Of each preference: what it may be, and what is said of anything else.
PREFERENCES: dict[str, tuple[Callable[[], Collection[Any]], str, str]] = {
    "theme": (lambda: Theme.values, "There is no such theme.", CHOOSE),
    "density": (lambda: Density.values, "There is no such density.", CHOOSE),
    "shortcuts": (lambda: (True, False), "Shortcuts are on or off.", "On or off."),
    "time_zone": (lambda: zoneinfo.available_timezones() | {""}, "There is no such time zone.", "Use a name such as Europe/Berlin."),
    "language": (lambda: dict(settings.LANGUAGES).keys() | {""}, "There is no such language.", CHOOSE),
}


def create_first_admin(password: str | None, token: str | None) -> str | None:
    """While no user exists: `admin`, with the password given or a fresh one, which is returned to be shown once.

    `token` becomes an API token of that very value. With a user already there nothing happens, and None is returned.
    """
    with transaction.atomic():
        if User.objects.exists():
            return None
        fresh = None if password else secrets.token_urlsafe(15)
        admin = User.objects.create_user("admin", password=password or fresh, role=Role.ADMIN, is_staff=True)
        record("first start", "user.create", "user admin", role=Role.ADMIN.value)
        if token:
            create_token(admin, by=admin, name="first start", value=token)
    return fresh


def create_user(*, by: User, username: str, password: str, role: str) -> User:
    """Only administrators; the name is taken once, in whatever case: the record names people by it."""
    require(by, Action.CONFIGURE)
    username = User.normalize_username(username)  # as it will be kept, which may have other letters, and more of them
    if len(username) > 150 or not NAME.fullmatch(username):
        sentence = "A user name has letters, digits and @ . + - _ only, 150 at most, and a letter or digit among them."
        raise Invalid.of("username", sentence)
    if alike := User.objects.filter(username__iexact=username).first():
        raise NameTaken(f"There already is a user {alike.username}.")
    check_password_rules(password)
    if role not in Role.values:
        raise Invalid(f"There is no role {role[:40]!r}; use {', '.join(Role.values)}.", {"role": "Not a role."})
    try:
        with transaction.atomic():
            user = User.objects.create_user(username, password=password, role=role)
            record(by.username, "user.create", f"user {username}", role=role)
    except IntegrityError:
        raise NameTaken(f"There already is a user {username}.") from None
    return user


def create_token(user: User, *, by: User, name: str, value: str | None = None, expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """A token and its plain value, which is nowhere kept. Users make their own; administrators make any."""
    if by != user:
        require(by, Action.CONFIGURE)
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise Invalid("Give the token a name of 1 to 100 characters, such as ci.", {"name": "Give a name of 1 to 100 characters."})
    if expires_at and expires_at > timezone.now() + LONGEST_LIFE:
        raise Invalid("A token may live for a year at most.", {"expires_at": "At most a year from now."})
    plain = value or PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user, name=name, prefix=plain[:8] if not value else "given", digest=_digest(plain), expires_at=expires_at
        )
        record(by.username, "token.create", f"token {token.pk}", user=user.username, name=name)
    return token, plain


def revoke_token(user: User, id: int, *, by: User) -> None:
    """Takes effect with the next request."""
    if by != user:
        require(by, Action.CONFIGURE)
    with transaction.atomic():
        token = ApiToken.objects.filter(user=user, pk=id).first()
        if token is None:
            raise NotFound(f"There is no token {id}.")
        record(by.username, "token.revoke", f"token {token.pk}", user=user.username, name=token.name)
        token.delete()


def authenticate_token(value: str) -> User | None:
    """The active user of an unexpired token. The look-up is by hash, so its time tells nothing of the value."""
    token = ApiToken.objects.select_related("user").filter(digest=_digest(value)).first()
    if token is None or not token.user.is_active:
        return None
    now = timezone.now()
    if token.expires_at and token.expires_at <= now:
        return None
    by_token(token.prefix)
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token.user


def set_preferences(user: User, **wanted: Any) -> None:
    """Those of PREFERENCES that are named: how pages look, and in which zone they tell times ("" is UTC). The others stay."""
    for name, value in wanted.items():
        allowed, sentence, hint = PREFERENCES[name]
        if value not in allowed():
            raise Invalid(sentence, {name: hint})
        setattr(user, name, value)
    user.save(update_fields=list(wanted))


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()
