"""When and how a job is to run, from the fields of a form. Times are typed in the reader's zone and kept in UTC."""

from datetime import UTC, datetime

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from config.errors import Invalid
from jobs.services import Wishes


def read(data: QueryDict) -> Wishes:
    """What the form did not offer stays as it is usual: a browser sends nothing for a box that is not ticked, so that `offers` says it."""
    when = data.get("when", "")
    return Wishes(
        run_when_approved="run_when_approved" not in data.getlist("offers") or data.get("run_when_approved") == "yes",
        not_before=moment(data.get("at", "")) if when == "at" else None,
        in_window=when == "window",
        break_glass=data.get("break_glass") == "yes",
    )


def moment(text: str) -> datetime:
    """What a field of the type datetime-local holds. Raises Invalid for a time that its zone leaves out."""
    try:
        naive = datetime.fromisoformat(text.strip())
    except ValueError:
        sentence = _("That is no time. Nothing was requested; choose a day and a time.")
        raise Invalid(sentence, {"at": _("Choose a day and a time.")}) from None
    if naive.tzinfo is not None:
        return naive.astimezone(UTC)
    zone = timezone.get_current_timezone()
    found = naive.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != naive:
        told = {"time": f"{naive:%Y-%m-%d %H:%M}", "zone": timezone.get_current_timezone_name()}
        sentence = _("%(time)s does not exist in %(zone)s: the clocks go forward then.") % told
        again = _("Nothing was requested; choose another time.")
        raise Invalid(f"{sentence} {again}", {"at": sentence})
    return found
