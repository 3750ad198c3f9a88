"""Who may do what with a proposal. One that is about no database is a matter of the whole project: a part of it is enough."""

from django.db.models import Q, QuerySet

from accounts import permissions
from accounts.models import User
from accounts.permissions import Action
from migrations_store.models import Proposal


def may(user: User, action: Action, proposal: Proposal) -> bool:
    if of_project(proposal):
        return permissions.reach(user, action).touches(project=proposal.project)
    return permissions.may(user, action, project=proposal.project, environment=proposal.environment)


def require(user: User, action: Action, proposal: Proposal) -> None:
    """Raises Forbidden, naming the role that is needed."""
    if of_project(proposal):
        permissions.require_part(user, action, project=proposal.project)
    else:
        permissions.require(user, action, project=proposal.project, environment=proposal.environment)


def people_who_may(action: Action, proposal: Proposal) -> QuerySet[User]:
    whole = of_project(proposal)
    return permissions.people_who_may(action, project=proposal.project, environment=proposal.environment, in_part=whole)


def within(user: User, action: Action) -> Q:
    """As a filter over proposals."""
    where = permissions.reach(user, action)
    if where.everywhere:
        return Q()
    return where.q() | (Q(environment=None) & ~OF_A_DATABASE & where.q("project", None))


# A proposal whose environment was deleted stays with those who may see the whole project.
OF_A_DATABASE = Q(kind="autogenerate", scratch_kind="")


def of_project(proposal: Proposal) -> bool:
    return proposal.environment_id is None and (proposal.kind != "autogenerate" or bool(proposal.scratch_kind))
