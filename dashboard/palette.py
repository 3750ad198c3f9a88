"""What the palette finds: pages and commands, projects, environments, databases, jobs by their number, and revisions of every project.

The same number of queries whatever there is to find; the graphs of the few projects that are hit are kept in memory.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from dashboard import commands
from environments import queries as environments
from environments.models import Database
from jobs import queries as jobs
from migrations_store import graph as graphs
from migrations_store import queries as store
from migrations_store.models import KnownRevision

EACH = 6
NUMBER = re.compile(r"(?:job\s*|#)?(\d{1,18})")


@dataclass(frozen=True)
class Place:
    """Whether an environment has a revision: `yes`, `no`, or `some` of its databases."""

    environment: str
    has: str


@dataclass(frozen=True)
class Hit:
    icon: str
    title: str
    url: str
    about: str = ""
    code: str = ""
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Group:
    title: str
    hits: list[Hit]


def find(user: User, query: str) -> list[Group]:
    """In groups, the likeliest first. Without a query: where one can go."""
    words = query.lower().split()[:6]
    pages = Group(_("Pages and commands"), _commands(user, words))
    if not words:
        return [pages]
    groups = [
        Group(_("Jobs"), _jobs(user, query)),
        Group(_("Revisions"), _revisions(user, words)),
        Group(_("Projects"), _projects(user, words)),
        Group(_("Databases"), _databases(user, words)),
        Group(_("Environments"), _environments(user, words)),
        pages,
    ]
    return [group for group in groups if group.hits]


def _commands(user: User, words: list[str]) -> list[Hit]:
    found = [one for one in commands.for_user(user) if all(word in one.searched for word in words)]
    return [Hit(one.icon, one.label, one.url) for one in (found[:EACH] if words else found)]


def _jobs(user: User, query: str) -> list[Hit]:
    number = NUMBER.fullmatch(query.strip().lower())
    job = jobs.jobs(user).prefetch_related(None).filter(pk=number[1]).first() if number else None
    title = _("Job %(number)s") % {"number": job.pk} if job else ""
    return [Hit("play", title, reverse("job", args=[job.pk]), f"{job.database} · {job.command}")] if job else []


def _projects(user: User, words: list[str]) -> list[Hit]:
    found = _having(store.visible_projects(user), words, "slug", "name")[:EACH]
    return [Hit("folder", project.name, reverse("project", args=[project.slug]), project.slug) for project in found]


def _environments(user: User, words: list[str]) -> list[Hit]:
    found = _having(environments.environments(user), words, "slug", "name")[:EACH]
    return [Hit("rows", stage.name, reverse("environment", args=[stage.slug]), stage.slug) for stage in found]


def _databases(user: User, words: list[str]) -> list[Hit]:
    fields = ("project__slug", "project__name", "environment__slug", "environment__name", "name", "host", "database")
    found = _having(environments.databases(user), words, *fields).only(
        "name", "host", "database", "project__slug", "project__name", "environment__slug", "environment__name"
    )
    return [
        Hit("db", str(one), reverse("database", args=[one.pk]), one.host or one.database[-60:])
        for one in found.order_by("project__slug", "environment__position", "name")[:EACH]
    ]


def _having(found: QuerySet[Any], words: list[str], *fields: str) -> QuerySet[Any]:
    """Each word in any of the fields."""
    for word in words:
        anywhere = Q()
        for field in fields:
            anywhere |= Q(**{f"{field}__icontains": word})
        found = found.filter(anywhere)
    return found


def _revisions(user: User, words: list[str]) -> list[Hit]:
    """With where each is applied. What is only in old snapshots is left out: it has no page."""
    known = store.find_revisions(user, words, EACH * 2)
    projects = list({row.project_id: row.project for row in known}.values())
    snapshots = store.latest_snapshots(projects) if projects else {}
    loaded = {project: graphs.load(snapshot) for project, snapshot in snapshots.items()}
    here = [row for row in known if row.project_id in loaded and row.revision in loaded[row.project_id].revisions][:EACH]
    standing = _standing(user, here)
    return [_revision(row, loaded[row.project_id], standing[row.project_id]) for row in here]


def _standing(user: User, rows: list[KnownRevision]) -> dict[int, list[Database]]:
    """The databases of the projects in the order of their environments. One query."""
    found: dict[int, list[Database]] = defaultdict(list)
    if rows:
        databases = environments.databases(user).filter(project__in={row.project_id for row in rows})
        for one in databases.only("project_id", "current", "environment__slug").order_by("environment__position", "environment__slug"):
            found[one.project_id].append(one)
    return found


def _revision(row: KnownRevision, graph: graphs.Graph, databases: list[Database]) -> Hit:
    has: dict[str, list[bool]] = defaultdict(list)
    above = graph.dependents(row.revision)
    for one in databases:
        has[one.environment.slug].append(not above.isdisjoint(one.current))
    places = tuple(Place(slug, "yes" if all(all_of) else "some" if any(all_of) else "no") for slug, all_of in has.items())
    url = reverse("revision", args=[row.project.slug, row.revision])
    return Hit("commit", row.message or row.revision, url, row.project.slug, row.revision[:12], places)
