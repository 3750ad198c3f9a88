"""Freezing an environment: no job begins there until a time, or until somebody lifts it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from audit.services import record
from config.errors import Invalid
from config.rows import hold
from environments.models import Environment

LONGEST = 2000
FURTHEST = timedelta(days=36_600)  # times at the end of the calendar have no day in some zones
NONE = {"frozen_at": None, "frozen_until": None, "freeze_reason": "", "frozen_by": ""}


def freeze(environment: Environment, *, user: User, reason: str, until: datetime | None = None) -> Environment:
    """From now on; jobs that run already go on. Without `until`, until it is lifted. It takes effect at once, in a protected one too."""
    require(user, Action.POLICY, environment=environment)
    reason, wrong = reason.strip(), {}
    if not reason or len(reason) > LONGEST:
        wrong["reason"] = f"Say why, in at most {LONGEST:,} characters: everybody who has to wait will read it."
    if until is not None and until <= timezone.now():
        wrong["until"] = "This is over already."
    elif until is not None and until > timezone.now() + FURTHEST:
        wrong["until"] = "This is more than a hundred years away. Leave it out to freeze until somebody lifts it."
    if wrong:
        raise Invalid(" ".join(wrong.values()), wrong)
    values = {"frozen_at": timezone.now(), "frozen_until": until, "freeze_reason": reason, "frozen_by": user.username}
    return _kept(environment, user, "environment.freeze", values, until=until.isoformat() if until else None, reason=reason)


def lift(environment: Environment, *, user: User) -> Environment:
    """Ends the freeze, if there is one. Approvals are asked for as ever, so one person may do it."""
    require(user, Action.POLICY, environment=environment)
    with transaction.atomic():
        hold(environment)
        if not environment.freeze_reason:
            return environment
        return _kept(environment, user, "environment.unfreeze", NONE, reason=environment.freeze_reason)


def _kept(
    environment: Environment, user: User, action: str, values: Mapping[str, datetime | str | None], **detail: str | None
) -> Environment:
    with transaction.atomic():
        hold(environment)
        Environment.objects.filter(pk=environment.pk).update(**values)
        record(user.username, action, f"environment {environment.slug}", **detail)
    environment.refresh_from_db()
    return environment
