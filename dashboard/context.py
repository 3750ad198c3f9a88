"""What every page needs around its content."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts import reauthentication
from accounts.models import User
from accounts.permissions import Action, may
from dashboard import twins
from jobs import queries, reviews
from jobs.drift import queries as drift
from jobs.models import JobStatus
from jobs.proposals import queries as proposals
from notices import queries as notices

VERSION = "0.1"
SECTIONS = {name: name for name in ("reviews", "proposals", "jobs", "drift", "audit", "settings", "account", "notices", "help", "search")}


def shell(request: HttpRequest) -> dict[str, Any]:
    """`shell`: theme, navigation, time zone. A handful of queries for someone who is signed in, none else."""
    user = request.user if hasattr(request, "user") else None
    facts: dict[str, Any] = {"theme": "auto", "density": "comfortable", "shortcuts": True, "version": VERSION}
    facts |= {"time_zone": timezone.get_current_timezone_name(), "twin": twins.of(request)}
    if isinstance(user, User):
        facts |= {
            "theme": user.theme,
            "density": user.density,
            "shortcuts": user.shortcuts,
            "section": SECTIONS.get(request.path.strip("/").split("/")[0], "pipeline"),
            "is_fresh": reauthentication.is_fresh(request.session),
            "unread": notices.unread_count(user),
            "may_audit": may(user, Action.AUDIT),
            "may_configure": may(user, Action.CONFIGURE),
            "reviews": reviews.count(user),
            "proposals": len(proposals.to_review(user)),
            "differing": drift.differ(user),
            "active_jobs": queries.jobs(user).filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]).count(),
        }
    return {"shell": facts}
