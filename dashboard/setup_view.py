"""The first run: which step is next is read from what is there, so that it goes on wherever it was left."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard import database_view
from dashboard.forms.setup import FirstDatabaseForm, FirstProjectForm
from environments import queries as environments
from environments.models import Database, DatabaseState, Environment
from environments.trial import Finding
from migrations_store import queries as store
from migrations_store.models import Project

TITLES: tuple[Promise, ...] = (
    _("Administrator"),
    _("Environments"),
    _("Where is Alembic?"),
    _("Databases"),
    _("First look"),
)
USUAL = (("dev", False), ("test", False), ("prod", True))


@dataclass(frozen=True)
class Step:
    number: int
    title: Promise
    is_done: bool
    is_now: bool


@dataclass
class Place:
    """An environment in the fourth step: its database, or the form for one, with what its trial found."""

    environment: Environment
    form: FirstDatabaseForm
    tried: list[Finding] = field(default_factory=list)


def project_of(user: User) -> Project | None:
    """The one that the set-up is about: the newest."""
    return store.visible_projects(user).order_by("-pk").first()


def open_stages(user: User, project: Project | None) -> list[Environment]:
    """Those in which the project has no database yet."""
    taken = environments.databases(user, project=project).values_list("environment_id", flat=True) if project else []
    return list(environments.environments(user).exclude(pk__in=list(taken)))


def context(user: User, **more: Any) -> dict[str, Any]:
    """`more` is what one of the forms has to say, or `step`: one that is looked at again."""
    stages, project = list(environments.environments(user)), project_of(user)
    databases = list(environments.databases(user, project=project).order_by("environment__position")) if project else []
    done = [True, bool(stages), project is not None, bool(databases), False]
    now = more.pop("step", 0) or done.index(False) + 1
    found = {
        "stages": stages,
        "usual": USUAL,
        "project": project,
        "snapshot": store.latest_snapshots([project]).get(project.pk) if project else None,
        "looks": [_look(database) for database in databases],
        "being_read": any(database.state == DatabaseState.UNCHECKED for database in databases),
        "project_form": FirstProjectForm(),
        "places": [Place(stage, FirstDatabaseForm(stage)) for stage in open_stages(user, project)],
        "steps": [Step(place, title, done[place - 1], place == now) for place, title in enumerate(TITLES, 1)],
        "step": now,
    }
    return found | more


@dataclass(frozen=True)
class Look:
    database: Database
    tone: str
    icon: str
    word: str


def _look(database: Database) -> Look:
    return Look(database, *database_view.look(database))
