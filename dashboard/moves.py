"""The next sensible move for a database: promote what the stage before it has, or upgrade to the newest code."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.http import urlencode
from django.utils.translation import gettext as _

from dashboard.addresses import address
from dashboard.states import BEHIND
from environments.models import Database, DatabaseState

GIVING = (DatabaseState.PENDING, DatabaseState.UP_TO_DATE)


@dataclass(frozen=True)
class Move:
    """`kind` promote is a link (`url`), with a `key` by which several are chosen at once; upgrade is a form that asks for a plan."""

    kind: str
    label: str
    url: str
    count: int
    database: Database
    key: str = ""


def next_move(database: Database, family: Iterable[Database]) -> Move | None:
    """`family` holds the databases of the same project. None when there is nothing to do, or the state has to be looked at first."""
    if database.state not in BEHIND or not database.pending_count:
        return None
    givers = [other for other in family if _may_give(other, database)]
    if not givers:
        count = database.pending_count
        return Move("upgrade", _("Upgrade %(count)d") % {"count": count}, _plan_url(database), count, database)
    giver = max(givers, key=lambda other: other.environment.position)
    gained = len(set(database.pending) - set(giver.pending))
    if not gained:
        return None
    key = f"{database.project.slug}:{giver.environment.slug}:{database.environment.slug}"
    label = _("Promote %(count)d from %(source)s") % {"count": gained, "source": giver.environment.slug}
    return Move("promote", label, _promotion_url(giver, database), gained, database, key)


def first_move(family: list[Database], busy: Iterable[object] = ()) -> Move | None:
    """The move of the earliest environment that has one and no job under way."""
    taken = set(busy)
    ordered = sorted(family, key=lambda database: (database.environment.position, database.name))
    found = (next_move(database, family) for database in ordered if database.pk not in taken)
    return next((move for move in found if move), None)


def _may_give(other: Database, taker: Database) -> bool:
    earlier = other.environment.position < taker.environment.position
    return earlier and other.name == taker.name and other.state in GIVING and bool(other.current)


def _plan_url(database: Database) -> str:
    return address("plan-new", database.pk)


def _promotion_url(giver: Database, taker: Database) -> str:
    query = urlencode({"from": giver.environment.slug, "to": taker.environment.slug})
    return f"{address('promotion-new', taker.project.slug)}?{query}"
