"""What a person should look at, as the home page tells it: the worst first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.retelling import told
from dashboard import states
from dashboard.database_view import explain, is_awaited
from dashboard.pipeline_survey import ATTENTION_UP_TO, Seen, Survey
from environments.models import Database, DatabaseState
from jobs import waiting
from jobs.models import Job

RANKS = {state: place for place, state in enumerate(states.ORDER) if place <= ATTENTION_UP_TO}
MINE, OTHERS = RANKS["blocked"], len(RANKS)


@dataclass(frozen=True)
class Attention:
    """Something that a person should look at: `url` is where, `act` and `symbol` are on the button that leads there."""

    tone: str
    icon: str
    word: str
    database: Database
    sentence: str
    at: datetime | None
    url: str
    act: str
    symbol: str = ""


def most_urgent(survey: Survey) -> list[Seen]:
    """Those that a person should look at, the most urgent first."""
    ranks = ((_rank(one, survey), one) for one in survey.seen)
    found = [(rank, one) for rank, one in ranks if rank is not None]
    return [one for _rank_of_it, one in sorted(found, key=lambda item: item[0])]


def _rank(one: Seen, survey: Survey) -> int | None:
    """None where nobody has to look. What waits for its time does not hide what is wrong with its database."""
    state = survey.states[one.pk]
    if state == "awaiting_approval":
        return MINE if survey.active[one.pk].pk in survey.mine else OTHERS
    return RANKS.get(one.state if state == "scheduled" else state)


def attention_of(database: Database, survey: Survey) -> Attention | None:
    """The words for one of the most urgent. None where the database has come to rest since it was chosen."""
    state, job, trouble = survey.states[database.pk], survey.active.get(database.pk), survey.trouble.get(database.pk)
    if trouble and state in ("partial", "failed"):
        return _failed(database, state, trouble)
    if job and state in ("blocked", "unknown_outcome"):
        return _stuck(database, state, job)
    if job and state == "awaiting_approval":
        return _asked(database, job, is_mine=job.pk in survey.mine)
    return _drifted(database) if state == "drift" else _strange(database)


def _made(database: Database, state: str, sentence: str, at: Any, leads: tuple[str, str, str]) -> Attention:
    """`leads` are the address, the words and the icon of the button."""
    return Attention(*states.look(database, state), database, sentence, at, *leads)


def _strange(database: Database) -> Attention | None:
    explanation = explain(database, set())
    if explanation is None or database.state not in RANKS:
        return None
    said = database.state == DatabaseState.UNREACHABLE and not is_awaited(database)
    sentence = database.error if said else f"{explanation.title}."
    leads = reverse("database", args=[database.pk]), _("What to do"), ""
    return _made(database, database.state, sentence, database.checked_at, leads)


def _failed(database: Database, state: str, job: Job) -> Attention:
    said = told(str((job.error or {}).get("title", ""))).removeprefix(f"{database}: ")  # which the row has named
    title = said or told(job.get_status_display())
    sentence = _("Job %(number)s: %(title)s.") % {"number": job.pk, "title": title}
    return _made(database, state, sentence, job.finished_at, _to(job, _("Open job %(number)s")))


def _stuck(database: Database, state: str, job: Job) -> Attention | None:
    wait = waiting.of(job)
    if wait is None:
        return None
    words = _("See blocker") if state == "blocked" else _("Open job %(number)s")
    since = datetime.fromisoformat(wait.since) if isinstance(wait.since, str) else wait.since
    return _made(database, state, wait.text, since, _to(job, words))


def _asked(database: Database, job: Job, *, is_mine: bool) -> Attention:
    facts = {"name": job.requested_by.display_name, "what": _what(job)}
    sentence = _("%(name)s asks you to approve: %(what)s.") % facts if is_mine else _("%(name)s asks for approval: %(what)s.") % facts
    leads = _to(job, _("Review"), "eye", "#approval") if is_mine else _to(job, _("Open job %(number)s"))
    return _made(database, "awaiting_approval", sentence, job.created_at, leads)


def _drifted(database: Database) -> Attention:
    count = database.differences
    sentence = ngettext("%(count)d difference from the models.", "%(count)d differences from the models.", count) % {"count": count}
    leads = reverse("drift", args=[database.project.slug]), _("Compare"), ""
    return _made(database, "drift", sentence, database.differences_at, leads)


def _to(job: Job, words: str, symbol: str = "", part: str = "") -> tuple[str, str, str]:
    return reverse("job", args=[job.pk]) + part, words % {"number": job.pk}, symbol


def _what(job: Job) -> str:
    """Such as: Upgrade to 71aa90c2b6f1."""
    command = told(job.get_command_display())
    if not job.requested_revision:
        return command
    return _("%(command)s to %(revision)s") % {"command": command, "revision": job.requested_revision[:40]}
