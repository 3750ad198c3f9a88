"""What the address of a promotion's plan says: from where, to where, through what, how far."""

from dataclasses import dataclass, replace

from django.http import QueryDict
from django.utils.http import urlencode

from accounts.models import User
from environments import queries as environments
from environments.models import Environment
from jobs import batches
from migrations_store.models import Project


@dataclass(frozen=True)
class Asked:
    """`revision` stops earlier, `name` chooses one database of a fleet."""

    project: Project
    source: Environment
    target: Environment
    through: tuple[Environment, ...] = ()
    revision: str = ""
    name: str | None = None

    @property
    def stages(self) -> list[Environment]:
        return [*self.through, self.target]

    @property
    def fields(self) -> list[tuple[str, str]]:
        """As hidden fields, or as an address."""
        found = [("from", self.source.slug), ("to", self.target.slug)]
        found += [("through", environment.slug) for environment in self.through]
        found += [("upto", self.revision)] if self.revision else []
        return found + ([("name", self.name)] if self.name is not None else [])

    @property
    def query(self) -> str:
        return urlencode(self.fields)

    @property
    def move(self) -> batches.Move:
        return batches.Move(self.project, self.source, self.target, self.through, self.name, self.revision or None)


def read(user: User, project: Project, data: QueryDict) -> Asked | None:
    """None where the address speaks of no promotion. NotFound for an environment that is none."""
    if not data.get("from") or not data.get("to"):
        return None
    slugs = [data.get("from", ""), data.get("to", ""), *data.getlist("through")[:20]]
    found = [environments.get_environment(user, str(slug)) for slug in slugs]
    revision = data.get("upto", "") or data.get("revision", "")
    return Asked(project, found[0], found[1], tuple(found[2:]), revision[:255], data.get("name"))


def further(asked: Asked, stages: list[Environment], having: set[int]) -> list[tuple[str, Environment, bool]]:
    """How far it could go: an address for each later environment, through those before it, and whether it is this one.

    `having` are the ids of the environments where the project has a database.
    """
    later = [stage for stage in stages if stage.position > asked.source.position and stage.pk in having]
    found = [replace(asked, target=stage, through=tuple(later[:place])) for place, stage in enumerate(later)]
    return [(one.query, one.target, one.stages == asked.stages) for one in found]
