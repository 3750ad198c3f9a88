"""Changing people: their role everywhere, whether they may come in, their password. Administrators alone, and never the last one away."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from accounts.errors import LastAdmin, OwnAccess, StillNamed
from accounts.models import Role, User
from accounts.permissions import Action, require
from audit.services import record
from config.errors import Invalid
from config.rows import hold

FIELDS = ("first_name", "last_name", "email", "role", "is_active")


def update_user(user: User, *, by: User, fields: dict[str, Any]) -> User:
    """Changes what is named of FIELDS. Somebody who is deactivated is out at once: their sessions and tokens are gone."""
    require(by, Action.CONFIGURE)
    if unknown := set(fields) - set(FIELDS):
        raise Invalid(f"{', '.join(sorted(unknown))} of a user cannot be changed here.")
    _check(fields)
    with transaction.atomic():
        kept = _locked(user, by)
        changed = {name: value for name, value in fields.items() if getattr(kept, name) != value}
        if kept.pk == by.pk and {"role", "is_active"} & set(changed):
            raise OwnAccess("Nobody changes their own role or shuts themselves out. Ask another administrator.")
        if not _stays_admin(kept, changed):
            _keep_one_admin(kept)
        if changed:
            _write(kept, changed, by)
    return kept


def delete_user(user: User, *, by: User) -> None:
    """Only somebody whom no record names; everybody else is deactivated."""
    require(by, Action.CONFIGURE)
    if user.pk == by.pk:
        raise OwnAccess("Nobody deletes themselves. Ask another administrator.")
    try:
        with transaction.atomic():
            kept = _locked(user, by)
            _keep_one_admin(kept)
            record(by.username, "user.delete", f"user {kept.username}")
            end_sessions(kept)
            kept.delete()
    except ProtectedError:
        raise StillNamed(f"{user.username} is named by jobs or approvals, which stay. Deactivate the account instead.") from None


def set_password(user: User, *, by: User, password: str) -> None:
    """Their sessions end with the old one."""
    if by != user:
        require(by, Action.CONFIGURE)
    check_password_rules(password, user)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        record(by.username, "user.password", f"user {user.username}")


def check_password_rules(password: str, user: User | None = None) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid("The password is not strong enough. " + " ".join(error.messages), {"password": " ".join(error.messages)}) from None


def end_sessions(user: User) -> int:
    """Browsers that are signed in as the user; what a session holds is encoded, so each is looked into."""
    sessions = Session.objects.filter(expire_date__gt=timezone.now()).iterator()
    ended = [session.pk for session in sessions if session.get_decoded().get("_auth_user_id") == str(user.pk)]
    Session.objects.filter(pk__in=ended).delete()
    return len(ended)


def _write(kept: User, changed: dict[str, Any], by: User) -> None:
    for name, value in changed.items():
        setattr(kept, name, value)
    kept.save(update_fields=list(changed))
    detail = {name: value for name, value in changed.items() if name in ("role", "is_active")}
    if changed.get("is_active") is False:
        detail |= {"sessions": end_sessions(kept), "tokens": kept.tokens.all().delete()[0]}
    record(by.username, "user.update", f"user {kept.username}", fields=sorted(changed), **detail)


def _locked(user: User, by: User) -> User:
    """The row as it is now, after every administrator's was locked: two of them who demote each other at once do not both succeed."""
    admins = list(User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).order_by("pk"))
    if by.pk not in {admin.pk for admin in admins}:
        require(User.objects.get(pk=by.pk), Action.CONFIGURE)
    hold(user, to_delete=True)
    return user


def _stays_admin(kept: User, changed: dict[str, Any]) -> bool:
    return changed.get("role", kept.role) == Role.ADMIN and bool(changed.get("is_active", kept.is_active))


def _keep_one_admin(kept: User) -> None:
    others = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=kept.pk)
    if kept.role == Role.ADMIN and not others.exists():
        raise LastAdmin(f"{kept.username} is the last administrator. Make somebody else one first.")


def _check(fields: dict[str, Any]) -> None:
    if fields.get("role", Role.VIEWER) not in Role.values:
        raise Invalid("There is no such role.", {"role": "Choose one of the list."})
    for name in ("first_name", "last_name"):
        if len(fields.get(name, "")) > 150 or not fields.get(name, "").isprintable():
            raise Invalid("A name has 150 characters at most.", {name: "At most 150 characters, on one line."})
    if fields.get("email"):
        try:
            validate_email(fields["email"])
        except ValidationError:
            raise Invalid("That is no e-mail address.", {"email": "Such as olga@example.com."}) from None
