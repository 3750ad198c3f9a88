"""What a database's state means, in words, and what is safest to do next."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.retelling import told
from dashboard import job_view
from environments.models import Database, DatabaseState
from jobs import explanations
from jobs.models import HOLDING, Job

STATE_LOOKS = {
    DatabaseState.UP_TO_DATE: ("ok", "check"),
    DatabaseState.PENDING: ("idle", "up"),
    DatabaseState.AHEAD: ("warn", "up2"),
    DatabaseState.UNKNOWN_REVISION: ("fail", "q"),
    DatabaseState.OVERLAPPING: ("warn", "copy"),
    DatabaseState.UNINITIALISED: ("idle", "dashring"),
    DatabaseState.UNREACHABLE: ("warn", "unplug"),
    DatabaseState.UNCHECKED: ("idle", "q"),
}
Words = tuple[str, str, str, tuple[str, ...]]


@dataclass(frozen=True)
class Explanation:
    """`now` says what state the database is in; `steps` are what to do, the safest first."""

    tone: str
    icon: str
    title: str
    why: str
    now: str
    steps: tuple[str, ...]


def look(database: Database, job: Any = None, partial: Job | None = None) -> tuple[str, str, str]:
    """Tone, icon and word of the state's badge; a job that runs comes first, then one of which a part has stayed."""
    if job is not None and job.status in HOLDING:
        tone, icon, word = job_view.look(job)
        return tone, icon, word
    if partial is not None:
        return "fail", "half", _("Partial")
    tone, icon = STATE_LOOKS[DatabaseState(database.state)]
    if database.state == DatabaseState.PENDING:
        count = database.pending_count
        return tone, icon, ngettext("%(count)d pending", "%(count)d pending", count) % {"count": count}
    return tone, icon, told(database.get_state_display())


def explain(database: Database, known: set[str], partial: Job | None = None) -> Explanation | None:
    """None for the ordinary states. `known` holds the revisions of the newest code, `partial` is the job of which a part has stayed."""
    if partial is not None:
        return Explanation("fail", "half", *_partial(partial))
    tone, icon = STATE_LOOKS[DatabaseState(database.state)]
    at = ", ".join(database.current) or _("no revision")
    strange = ", ".join(revision for revision in database.current if revision not in known) or at
    ways: dict[DatabaseState, Callable[[], Words]] = {
        DatabaseState.UNKNOWN_REVISION: lambda: _unknown(strange, at),
        DatabaseState.OVERLAPPING: lambda: _overlapping(at),
        DatabaseState.AHEAD: lambda: _ahead(strange, at),
        DatabaseState.UNINITIALISED: lambda: _uninitialised(database),
        DatabaseState.UNREACHABLE: lambda: _awaited() if is_awaited(database) else _unreachable(database),
    }
    words = ways.get(DatabaseState(database.state))
    return Explanation(tone, icon, *words()) if words else None


def _partial(job: Job) -> Words:
    return (
        _("A part of job %(number)s has stayed") % {"number": job.pk},
        _(
            "The job did not reach its end, and not all of it was undone. Its version table and its schema may disagree, so that "
            "running the same revisions again would fail, or do something twice."
        ),
        job_view.database_sentence(job),
        tuple(map(told, explanations.PARTIAL)),
    )


def _unknown(strange: str, at: str) -> Words:
    return (
        _("It is at %(revision)s, which this code does not contain") % {"revision": strange},
        _(
            "Most often another branch was deployed here, the revision's file was deleted or rebased, or this is the database "
            "of another project. Alembic itself cannot even print the current revision of such a database."
        ),
        _("The version table says %(at)s. Nothing was changed by looking.") % {"at": at},
        (
            _("Read the code again, from the branch that was deployed here."),
            _("See that the connection leads to the right database."),
            _("Only when the schema is known to equal a revision of this code: stamp that revision."),
        ),
    )


def _overlapping(at: str) -> Words:
    return (
        _("The version table holds rows that contain each other"),
        _(
            "One of the revisions is an ancestor of another, or a row is there twice. Most often rows were written by hand, "
            "or two histories were stamped into one table. Alembic refuses to move such a database."
        ),
        _("The version table says %(at)s. The schema most likely is that of the newest of them.") % {"at": at},
        (_("Compare the schema with the newest revision."), _("Then stamp that revision: it leaves one row for each line of history.")),
    )


def _ahead(strange: str, at: str) -> Words:
    return (
        _("It is at %(revision)s, which the code no longer reaches") % {"revision": strange},
        _(
            "An earlier reading of the code held this revision. Most often newer code was deployed here and then taken back, "
            "or the branch was changed."
        ),
        _("The version table says %(at)s, and the schema has what these revisions did.") % {"at": at},
        (
            _("Read the code again: the revision may be back."),
            _("Choose the code that holds it, then downgrade from there."),
            _("Or bring the revision back into the history with a merge."),
        ),
    )


def _uninitialised(database: Database) -> Words:
    table = version_table(database)
    return (
        _("It is not under Alembic yet"),
        _(
            "There is no table %(table)s, or it has no rows. The database is new, it was emptied, or its version table has another "
            "name or schema."
        )
        % {"table": table},
        _("No revision is recorded. Tables may be there all the same."),
        (
            _("If the database is empty: upgrade it."),
            _("If it was migrated before: see that %(table)s is the right version table, with its schema.") % {"table": table},
            _("If its tables were made without Alembic: stamp the revision that they equal, then upgrade."),
        ),
    )


def is_awaited(database: Database) -> bool:
    """A file that was there before and is gone is a fault; one that never was comes with the first job."""
    return database.awaits_its_file and not database.was_read


def _awaited() -> Words:
    return (
        _("Its file is not there yet"),
        _("The first job on it creates the file, as its settings allow."),
        _("There is none. Nothing was changed by asking."),
        (_("Upgrade it."), _("If it should be there already: correct its path under Edit.")),
    )


def _unreachable(database: Database) -> Words:
    at = ", ".join(database.current)
    return (
        _("It did not answer"),
        told(database.error) or _("The connection failed."),
        _("When it last answered it was at %(at)s. Nothing was changed by asking.") % {"at": at}
        if at
        else _("No revision has been read so far. Nothing was changed by asking."),
        (
            _("Check again: it may have been busy."),
            _("See that the server runs, and that host, port, user and password are right."),
            _("Test the connection under Edit."),
        ),
    )


def moved_outside(database: Database) -> dict[str, Any] | None:
    """What the watcher saw move, in the reader's zone; None once a job has worked here since."""
    told = database.moved_outside
    if not told:
        return None
    since, until = (
        timezone.localtime(datetime.fromisoformat(at)).strftime("%Y-%m-%d %H:%M:%S") if at else _("a time") for at in told["between"]
    )
    return {"heads": told["from"], "now": told["to"], "since": since, "until": until}


def version_table(database: Database) -> str:
    """Qualified by its schema, if one was given."""
    return ".".join(part for part in (database.version_table_schema, database.version_table or "alembic_version") if part)
