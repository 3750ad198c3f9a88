"""Which roles something needs, told apart from the code: the access tests hold pages and API against these, and docs/permissions.md too."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from accounts.models import Grant, Role, Team, User
from environments.models import Environment
from migrations_store.models import Project, SourceKind

ANYONE = frozenset(Role)
VIEWER = ANYONE - {Role.NONE}
CHECKER = frozenset({Role.REVIEWER, Role.OPERATOR, Role.LEAD, Role.ADMIN})
REVIEWER = frozenset({Role.REVIEWER, Role.LEAD, Role.ADMIN})
OPERATOR = frozenset({Role.OPERATOR, Role.LEAD, Role.ADMIN})
LEAD = frozenset({Role.LEAD, Role.ADMIN})
AUDITOR = frozenset({Role.AUDITOR, Role.ADMIN})
ADMIN = frozenset({Role.ADMIN})

# Whom nothing of the shop project is shared with: somebody without any role, and the operator of another team's project.
OUTSIDERS = ("none", "other team")


def someone(role: str) -> User:
    """A user of the role, or one of OUTSIDERS."""
    known = Role(role) if role in Role.values else Role.NONE
    user = User.objects.create_user("someone", password="correct horse", role=known)
    if role == "other team":
        crm = Project.objects.create(slug="crm", name="crm", source_kind=SourceKind.DIRECTORY, source_path="/srv/crm")
        team = Team.objects.create(name="CRM")
        team.members.add(user)
        Grant.objects.create(team=team, role=Role.OPERATOR, project=crm, environment=Environment.objects.create(slug="crm-dev", name="dev"))
    return user


@contextmanager
def undone() -> Iterator[None]:
    """What is done to the store inside is not done: one world serves many callers."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
