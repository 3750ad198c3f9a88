"""Who may do what where: roles everywhere, grants in a scope, by oneself and by a team; and docs/permissions.md says the same."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Q

from accounts.models import Grant, Role, Team, User
from accounts.permissions import ALLOWED, Action, holds, includes, may, people_who_may, reach, require, require_part
from config.errors import Forbidden
from environments.models import Database, Environment
from migrations_store.models import Project

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).resolve().parents[2] / "docs/permissions.md"
VIEWING, PLANNING = {"view", "read_logs"}, {"view", "read_logs", "check"}
RUNNING = PLANNING | {"run", "downgrade", "stamp"}
TABLE = {
    "none": set(),
    "viewer": VIEWING,
    "reviewer": PLANNING | {"review"},
    "operator": RUNNING,
    "lead": RUNNING | {"review", "purge", "unlock", "break_glass", "policy"},
    "auditor": VIEWING | {"audit"},
    "admin": {*Action},
}


class Places:
    """Two projects, two stages, and a database where they cross."""

    def __init__(self) -> None:
        self.shop, self.crm = (Project.objects.create(slug=slug, name=slug, source_kind="directory") for slug in ("shop", "crm"))
        self.dev, self.prod = (Environment.objects.create(slug=slug, name=slug) for slug in ("dev", "prod"))
        for project in (self.shop, self.crm):
            for environment in (self.dev, self.prod):
                Database.objects.create(project=project, environment=environment, driver="sqlite", database=f"{project}-{environment}")

    def of(self, text: str) -> dict[str, Any]:
        """`shop/dev`; a star is all of them."""
        project, _, environment = text.partition("/")
        return {"project": getattr(self, project, None), "environment": getattr(self, environment, None)}


@pytest.fixture
def places() -> Places:
    return Places()


def user(role: str = "none", **fields: Any) -> User:
    return User.objects.create_user(f"u{User.objects.count()}", role=role, **fields)


def again(person: User) -> User:
    """As the next request has them."""
    return User.objects.get(pk=person.pk)


@pytest.mark.parametrize("role", Role)
def test_role_includes_what_the_table_says(role: str) -> None:
    someone = user(role)
    assert {action.value for action in Action if may(someone, action)} == TABLE[role]
    assert not any(may(user(role, is_active=False), action) for action in Action)


def test_document_holds_the_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", DOCUMENT.read_text(), re.MULTILINE)
    told = {action: [cell.strip() for cell in cells.split("|")[1:]] for action, cells in rows if action in {*Action}}
    roles = [role for role in Role if role != Role.NONE]
    assert told == {action.value: ["yes" if action in ALLOWED[role] else "" for role in roles] for action in Action}


COVERS = {
    "*/*": {"*/*", "shop/*", "shop/dev", "*/dev", "crm/prod"},
    "shop/*": {"shop/*", "shop/dev"},
    "*/dev": {"*/dev", "shop/dev"},
    "shop/dev": {"shop/dev"},
    "crm/prod": {"crm/prod"},
}


@pytest.mark.parametrize("scope", COVERS)
@pytest.mark.parametrize("by", ["user", "team"])
def test_grant_holds_where_it_covers_the_place(places: Places, scope: str, by: str) -> None:
    someone = user()
    holder: dict[str, Any] = {"user": someone}
    if by == "team":
        holder = {"team": Team.objects.create(name="ops")}
        holder["team"].members.add(someone)
    Grant.objects.create(**holder, role=Role.OPERATOR, **places.of(scope))
    someone = again(someone)
    for place in COVERS["*/*"]:
        wanted = place in COVERS[scope]
        assert may(someone, Action.RUN, **places.of(place)) is wanted, place
        assert not may(someone, Action.REVIEW, **places.of(place))
        assert people_who_may(Action.RUN, **places.of(place)).filter(pk=someone.pk).exists() is wanted, place
        assert holds(someone, Role.VIEWER, **places.of(place)) is wanted


REACHED = {
    "*/*": ({"shop", "crm"}, {"dev", "prod"}, 4),
    "shop/*": ({"shop"}, {"dev", "prod"}, 2),
    "*/dev": ({"shop", "crm"}, {"dev"}, 2),
    "shop/dev": ({"shop"}, {"dev"}, 1),
}


@pytest.mark.parametrize("scope", REACHED)
def test_reach_is_what_lists_show(places: Places, scope: str) -> None:
    someone = user()
    Grant.objects.create(user=someone, role=Role.VIEWER, **places.of(scope))
    within = reach(again(someone), Action.VIEW)
    projects = set(Project.objects.filter(within.q("pk", None)).values_list("slug", flat=True))
    environments = set(Environment.objects.filter(within.q(None, "pk")).values_list("slug", flat=True))
    assert (projects, environments, Database.objects.filter(within.q()).count()) == REACHED[scope]
    assert within.touches(project=places.shop)
    assert within.touches(project=places.crm) is ("crm" in projects)


def test_reach_of_two_grants_is_both_and_not_their_product(places: Places) -> None:
    someone = user()
    for scope in ("shop/dev", "crm/prod"):
        Grant.objects.create(user=someone, role=Role.OPERATOR, **places.of(scope))
    found = Database.objects.filter(reach(again(someone), Action.RUN).q()).values_list("database", flat=True)
    assert set(found) == {"shop-dev", "crm-prod"}
    assert Database.objects.filter(reach(again(someone), Action.AUDIT).q()).count() == 0


def test_role_everywhere_reaches_everything_and_nobody_inactive_anything(places: Places) -> None:
    assert reach(user("viewer"), Action.VIEW).q() == Q()
    assert reach(user(), Action.VIEW).nowhere
    assert reach(user("admin", is_active=False), Action.VIEW).nowhere


def test_grants_are_asked_for_once_for_each_request(places: Places, django_assert_num_queries: Any) -> None:
    someone = user()
    Grant.objects.create(user=someone, role=Role.OPERATOR, **places.of("shop/dev"))
    someone = again(someone)
    with django_assert_num_queries(1):
        for place in COVERS["*/*"]:
            may(someone, Action.RUN, **places.of(place))
            reach(someone, Action.VIEW)


def test_somebody_in_two_teams_with_the_same_grant_is_one_person(places: Places) -> None:
    someone = user("operator")
    for name in ("a", "b"):
        team = Team.objects.create(name=name)
        team.members.add(someone)
        Grant.objects.create(team=team, role=Role.OPERATOR, **places.of("shop/dev"))
    assert list(people_who_may(Action.RUN, **places.of("shop/dev"))) == [someone]
    user("operator", is_active=False)
    assert people_who_may(Action.RUN).count() == 1


REFUSALS = [
    ("viewer", Action.CONFIGURE, "*/*", "Your role is Viewer; this needs Administrator."),
    ("viewer", Action.CHECK, "*/*", "this needs Reviewer or Operator."),
    ("operator", Action.PURGE, "shop/prod", "Your role in shop/prod is Operator; this needs Lead."),
    ("none", Action.RUN, "shop/dev", "You have no role in shop/dev; this needs Operator."),
    ("lead", Action.AUDIT, "*/*", "this needs Auditor."),
]


@pytest.mark.parametrize(("role", "action", "place", "sentence"), REFUSALS)
def test_refusal_names_the_roles_held_and_needed(places: Places, role: str, action: Action, place: str, sentence: str) -> None:
    with pytest.raises(Forbidden) as refused:
        require(user(role), action, **places.of(place))
    assert sentence in str(refused.value)


def test_part_of_a_project_is_enough_for_what_concerns_its_code(places: Places) -> None:
    someone = user()
    Grant.objects.create(user=someone, role=Role.OPERATOR, **places.of("shop/dev"))
    someone = again(someone)
    require_part(someone, Action.CHECK, project=places.shop)
    for wrong in ({"project": places.crm}, {}):
        if wrong:
            with pytest.raises(Forbidden):
                require_part(someone, Action.CHECK, **wrong)
    with pytest.raises(Forbidden):
        require(someone, Action.CHECK, project=places.shop)


@pytest.mark.parametrize(
    ("role", "other", "wanted"),
    [
        ("lead", "reviewer", True),
        ("admin", "lead", True),
        ("operator", "reviewer", False),
        ("auditor", "viewer", True),
        ("viewer", "lead", False),
    ],
)
def test_role_includes_another_when_it_allows_all_of_it(role: str, other: str, wanted: bool) -> None:
    assert includes(role, other) is wanted
