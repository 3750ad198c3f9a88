"""What a person should look at, as the home page tells it: the worst first."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.retelling import told
from dashboard import database_view
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


def attention_of(found: list[Database], active: dict[Any, Job], last: dict[Any, Job], mine: set[int]) -> list[Attention]:
    """`mine` are the jobs that wait for the reader's approval."""
    items = [_item(database, active.get(database.pk), last.get(database.pk), mine) for database in found]
    return [item for _rank, item in sorted((item for item in items if item), key=lambda item: item[0])]


def _item(database: Database, job: Job | None, last: Job | None, mine: set[int]) -> tuple[int, Attention] | None:
    if last is not None and last.status == JobStatus.FAILED and database.state != DatabaseState.UP_TO_DATE and job is None:
        return _failed(database, last)
    if job is not None and job.status == JobStatus.AWAITING_APPROVAL:
        return _asked(database, job, is_mine=job.pk in mine)
    if database.state == DatabaseState.UP_TO_DATE and database.differences:
        return _drifted(database)
    if database_view.STATE_LOOKS[DatabaseState(database.state)][0] not in ("fail", "warn"):
        return None
    explanation = database_view.explain(database, set())
    if explanation is None:
        return None
    _tone, icon, word = database_view.look(database)
    sentence = database.error if database.state == DatabaseState.UNREACHABLE else explanation.title
    return 2 if explanation.tone == "fail" else 3, Attention(explanation.tone, icon, word, database, sentence, database.checked_at)


def _failed(database: Database, job: Job) -> tuple[int, Attention]:
    partial = job.database_state == OutcomeState.PARTIAL
    tone, icon, word = LOOKS["partial" if partial else "failed"]
    sentence = _("Job %(number)s: %(title)s.") % {"number": job.pk, "title": told(str((job.error or {}).get("title", "")))}
    return 0 if partial else 1, Attention(tone, icon, _(word), database, sentence, job.finished_at, job)


def _asked(database: Database, job: Job, *, is_mine: bool) -> tuple[int, Attention]:
    tone, icon, word = LOOKS["awaiting_approval"]
    facts = {"name": job.requested_by.display_name, "what": _what(job)}
    sentence = _("%(name)s asks you to approve: %(what)s.") % facts if is_mine else _("%(name)s asks for approval: %(what)s.") % facts
    return 2 if is_mine else 5, Attention(tone, icon, _(word), database, sentence, job.created_at, job, asks=is_mine)


def _drifted(database: Database) -> tuple[int, Attention]:
    tone, icon, word = LOOKS["drift"]
    count = database.differences
    sentence = ngettext("%(count)d difference from the models.", "%(count)d differences from the models.", count)
    return 4, Attention(tone, icon, _(word), database, sentence % {"count": count}, database.differences_at, drift=True)


def _what(job: Job) -> str:
    """Such as: Upgrade to 71aa90c2b6f1."""
    command = told(job.get_command_display())
    if not job.requested_revision:
        return command
    return _("%(command)s to %(revision)s") % {"command": command, "revision": job.requested_revision[:40]}
