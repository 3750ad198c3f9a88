"""What a person should look at, as the home page tells it: the worst first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.retelling import told
from dashboard.database_view import STATE_LOOKS, explain, is_awaited, look
from dashboard.pipeline_survey import Seen
from dashboard.states import LOOKS
from environments.models import Database, DatabaseState
from jobs.models import Job, JobStatus, OutcomeState


@dataclass(frozen=True)
class Attention:
    """Something that a person should look at; `job`, the project's `drift` or `database` is where. `asks`: the job waits for the reader's
    own approval."""

    tone: str
    icon: str
    word: str
    database: Database
    sentence: str
    at: Any
    job: Job | None = None
    asks: bool = False
    drift: bool = False


def most_urgent(seen: Iterable[Seen], active: dict[Any, Job], failed: dict[Any, Job], mine: set[int]) -> list[Seen]:
    """Those that a person should look at, the most urgent first. `mine` are the jobs that wait for the reader's approval."""
    ranks = ((_rank(one, active.get(one.pk), failed.get(one.pk), mine), one) for one in seen)
    found = [(rank, one) for rank, one in ranks if rank is not None]
    return [one for _rank_of_it, one in sorted(found, key=lambda item: item[0])]


def _rank(one: Seen | Database, job: Job | None, failed: Job | None, mine: set[int]) -> int | None:
    """None where nobody has to look; in the same order of cases as `attention_of`."""
    if _has_failed(one, job, failed):
        return 0 if failed and failed.database_state == OutcomeState.PARTIAL else 1
    if _asks(job):
        return 2 if job and job.pk in mine else 5
    if _has_drifted(one):
        return 4
    return {"fail": 2, "warn": 3}.get(STATE_LOOKS[DatabaseState(one.state)][0])


def attention_of(database: Database, job: Job | None, failed: Job | None, mine: set[int]) -> Attention | None:
    """The words for one of the most urgent. `job` is its active one, `failed` its last one if that failed. None where the database has
    come to rest since it was chosen."""
    if _rank(database, job, failed, mine) is None:
        return None
    if failed and _has_failed(database, job, failed):
        return _failed(database, failed)
    if job and _asks(job):
        return _asked(database, job, is_mine=job.pk in mine)
    if _has_drifted(database):
        return _drifted(database)
    return _strange(database)


def _has_failed(one: Seen | Database, job: Job | None, failed: Job | None) -> bool:
    return failed is not None and one.state != DatabaseState.UP_TO_DATE and job is None


def _asks(job: Job | None) -> bool:
    return job is not None and job.status == JobStatus.AWAITING_APPROVAL


def _has_drifted(one: Seen | Database) -> bool:
    return one.state == DatabaseState.UP_TO_DATE and bool(one.differences)


def _strange(database: Database) -> Attention | None:
    explanation = explain(database, set())
    if explanation is None:
        return None
    _tone, icon, word = look(database)
    said = database.state == DatabaseState.UNREACHABLE and not is_awaited(database)
    sentence = database.error if said else explanation.title
    return Attention(explanation.tone, icon, word, database, sentence, database.checked_at)


def _failed(database: Database, job: Job) -> Attention:
    partial = job.database_state == OutcomeState.PARTIAL
    tone, icon, word = LOOKS["partial" if partial else "failed"]
    sentence = _("Job %(number)s: %(title)s.") % {"number": job.pk, "title": told(str((job.error or {}).get("title", "")))}
    return Attention(tone, icon, _(word), database, sentence, job.finished_at, job)


def _asked(database: Database, job: Job, *, is_mine: bool) -> Attention:
    tone, icon, word = LOOKS["awaiting_approval"]
    facts = {"name": job.requested_by.display_name, "what": _what(job)}
    sentence = _("%(name)s asks you to approve: %(what)s.") % facts if is_mine else _("%(name)s asks for approval: %(what)s.") % facts
    return Attention(tone, icon, _(word), database, sentence, job.created_at, job, asks=is_mine)


def _drifted(database: Database) -> Attention:
    tone, icon, word = LOOKS["drift"]
    count = database.differences
    sentence = ngettext("%(count)d difference from the models.", "%(count)d differences from the models.", count)
    return Attention(tone, icon, _(word), database, sentence % {"count": count}, database.differences_at, drift=True)


def _what(job: Job) -> str:
    """Such as: Upgrade to 71aa90c2b6f1."""
    command = told(job.get_command_display())
    if not job.requested_revision:
        return command
    return _("%(command)s to %(revision)s") % {"command": command, "revision": job.requested_revision[:40]}
