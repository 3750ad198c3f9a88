"""Which databases a promotion leads through: one of each environment on its way, paired by name."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from environments.models import Database, Environment
from jobs.errors import NothingToPromote
from migrations_store.models import Project


@dataclass(frozen=True)
class Ways:
    """`found` holds the databases of each way, the giver first; `alone` names those without a partner, in sentences."""

    found: list[list[Database]] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)


def path_of(source: Environment, through: Sequence[Environment], target: Environment) -> list[Environment]:
    """The environments in the order of the promotion. Raises NothingToPromote for an order that makes no sense."""
    path = [source, *through, target]
    if source == target:
        raise NothingToPromote(f"{source} cannot be promoted to itself. Name another environment.")
    if len({environment.pk for environment in path}) < len(path):
        raise NothingToPromote("A promotion passes each environment once. Name each one once.")
    places = [environment.position for environment in path]
    if through and places != sorted(places):
        order = ", ".join(environment.slug for environment in sorted(path, key=lambda one: one.position))
        raise NothingToPromote(f"A promotion through several environments follows the pipeline: {order}.")
    return path


def ways(project: Project, path: Sequence[Environment]) -> Ways:
    """Every way there is. Where each environment has one database they belong together, whatever their names."""
    found = Database.objects.select_related("project", "environment").filter(project=project, environment__in=path)
    there = {environment.pk: {one.name: one for one in found if one.environment_id == environment.pk} for environment in path}
    for environment in path:
        if not there[environment.pk]:
            raise NothingToPromote(f"{project.slug} has no database in {environment.slug}. Add one first.")
    columns = [there[environment.pk] for environment in path]
    if all(len(column) == 1 for column in columns):
        return Ways([[next(iter(column.values())) for column in columns]])
    names = sorted(set.intersection(*(set(column) for column in columns)))
    alone = [database for column in columns for name, database in sorted(column.items()) if name not in names]
    return Ways([[column[name] for column in columns] for name in names], [_alone(one, columns, path) for one in alone])


def one_way(project: Project, path: Sequence[Environment], name: str | None = None) -> list[Database]:
    """The way of the databases of this name; without a name there has to be only one, or one without a name."""
    found = ways(project, path)
    named = [way for way in found.found if way[-1].name == (name or "")] or ([] if name else found.found)
    if not named:
        raise NothingToPromote(" ".join(found.alone[:10]) or f"{project.slug} has no database {name!r} there.")
    if len(named) > 1:
        names = ", ".join(way[-1].name for way in named[:10])
        raise NothingToPromote(
            f"{project.slug} has {len(named)} databases in {path[-1].slug} ({names}). Promote each, or all of them at once."
        )
    return named[0]


def _alone(database: Database, columns: Sequence[dict[str, Database]], path: Sequence[Environment]) -> str:
    missing = [environment.slug for environment, column in zip(path, columns, strict=True) if database.name not in column]
    name = f"named {database.name!r}" if database.name else "without a name"
    return f"{database} has no partner: {' and '.join(missing)} has no database {name} of {database.project.slug}."
