"""Changing people, teams and grants: with an entry each, never the last administrator away, and out means out."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import grants, people, queries, services
from accounts.errors import LastAdmin, NameTaken, OwnAccess
from accounts.models import ApiToken, Grant, Role, Team, User
from accounts.permissions import Action, may
from audit.models import AuditEntry
from config.errors import Forbidden, Invalid
from environments.models import Environment
from tests.support.sessions import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="correct horse", role=Role.ADMIN)


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob", password="correct horse", role=Role.OPERATOR)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))


def test_deactivated_means_out_at_once_and_tokens_do_not_come_back(ada: User, bob: User) -> None:
    browser, (_, plain) = signed_in(bob), services.create_token(bob, by=bob, name="ci")
    assert browser.get(reverse("home")).status_code == 200
    people.update_user(bob, by=ada, fields={"is_active": False})
    assert browser.get(reverse("home")).status_code == 302
    assert services.authenticate_token(plain) is None
    people.update_user(bob, by=ada, fields={"is_active": True})
    assert browser.get(reverse("home")).status_code == 302, "the session is gone, not asleep"
    assert not ApiToken.objects.exists()
    assert AuditEntry.objects.get(seq=2).detail | {"fields": 0} == {"is_active": False, "sessions": 1, "tokens": 1, "fields": 0}


@pytest.mark.parametrize("fields", [{"role": Role.VIEWER}, {"is_active": False}])
def test_last_administrator_stays_and_nobody_changes_their_own_access(ada: User, bob: User, fields: dict[str, Any]) -> None:
    with pytest.raises(OwnAccess):
        people.update_user(ada, by=ada, fields=fields)
    with pytest.raises(OwnAccess):
        people.delete_user(ada, by=ada)
    people.update_user(bob, by=ada, fields={"role": Role.ADMIN})
    people.update_user(ada, by=User.objects.get(pk=bob.pk), fields=fields)
    stale = User(pk=ada.pk, username="ada", role=Role.ADMIN, is_active=True)
    with pytest.raises(Forbidden):
        people.update_user(bob, by=stale, fields=fields)
    assert User.objects.filter(role=Role.ADMIN, is_active=True).count() == 1


def test_last_administrator_is_not_taken_away_by_one_who_is_none_any_more(ada: User) -> None:
    root = User.objects.create_user("root", role=Role.ADMIN)
    people._keep_one_admin(root)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    with pytest.raises(LastAdmin):
        people._keep_one_admin(root)


def test_only_administrators_change_people(bob: User) -> None:
    olga = User.objects.create_user("olga")
    for change in (
        lambda: people.update_user(olga, by=bob, fields={"role": "lead"}),
        lambda: people.delete_user(olga, by=bob),
        lambda: people.set_password(olga, by=bob, password="battery staple"),
        lambda: grants.create_team(by=bob, name="x", members=[]),
        lambda: grants.create_grant(by=bob, to=olga, role="viewer"),
        lambda: queries.get_person(bob, olga.pk),
        lambda: services.create_user(by=bob, username="x", password="battery staple", role="viewer"),
    ):
        with pytest.raises(Forbidden):
            change()
    assert actions() == []


@pytest.mark.parametrize(
    "fields", [{"role": "god"}, {"email": "no address"}, {"first_name": "a\nb"}, {"password": "x"}, {"is_superuser": True}]
)
def test_change_that_makes_no_sense_changes_nothing(ada: User, bob: User, fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        people.update_user(bob, by=ada, fields=fields)
    assert actions() == []


def test_new_password_ends_the_sessions_of_the_old_one(ada: User, bob: User) -> None:
    browser = signed_in(bob)
    people.set_password(bob, by=ada, password="battery staple")
    assert browser.get(reverse("home")).status_code == 302
    assert Client().login(username="bob", password="battery staple")
    with pytest.raises(Invalid):
        people.set_password(bob, by=ada, password="short")


def test_team_and_grants_leave_an_entry_for_each_change(ada: User, bob: User) -> None:
    dev = Environment.objects.create(slug="dev", name="dev")
    team = grants.create_team(by=ada, name=" Platform  team ", members=[])
    grants.update_team(team, by=ada, name=team.name, members=[bob])
    grant = grants.create_grant(by=ada, to=team, role=Role.LEAD, environment=dev)
    assert grants.create_grant(by=ada, to=team, role=Role.LEAD, environment=dev) == grant, "the same grant is there once"
    assert may(User.objects.get(pk=bob.pk), Action.POLICY, environment=dev)
    assert [right.place for right in queries.rights(bob)] == ["every project and environment", "every project, environment dev"]
    grants.update_team(team, by=ada, name=team.name, members=[])
    assert not may(User.objects.get(pk=bob.pk), Action.POLICY, environment=dev)
    grants.delete_grant(grant, by=ada)
    grants.delete_team(team, by=ada)
    assert actions() == ["team.create", "team.update", "grant.create", "team.update", "grant.delete", "team.delete"]
    entry = AuditEntry.objects.get(action="grant.create")
    assert entry.detail == {"to": "team Platform team", "role": "lead", "project": "", "environment": "dev"}


@pytest.mark.parametrize("role", ["none", "admin", "god", ""])
def test_grant_gives_neither_nothing_nor_everything(ada: User, bob: User, role: str) -> None:
    with pytest.raises(Invalid):
        grants.create_grant(by=ada, to=bob, role=role)
    assert not Grant.objects.exists()


def test_two_teams_have_two_names(ada: User) -> None:
    grants.create_team(by=ada, name="ops", members=[])
    with pytest.raises(NameTaken):
        grants.create_team(by=ada, name="ops", members=[])
    with pytest.raises(Invalid):
        grants.create_team(by=ada, name="x" * 101, members=[])
    assert Team.objects.count() == 1


def test_grant_goes_with_its_scope(ada: User, bob: User) -> None:
    dev = Environment.objects.create(slug="dev", name="dev")
    grants.create_grant(by=ada, to=bob, role=Role.LEAD, environment=dev)
    dev.delete()
    assert not Grant.objects.exists(), "a grant for one stage must not become one for all"
