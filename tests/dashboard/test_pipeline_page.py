"""The pipeline's filters: names, states and teams, alone and together, kept from page to page."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Grant, Role, Team, User
from dashboard import pipeline
from dashboard.templatetags import ui
from environments.models import Database, Environment
from migrations_store.models import Project
from tests.support.sessions import signed_in

pytestmark = pytest.mark.django_db


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def teams(database: Database) -> tuple[Team, Team]:
    """One has the shop, the other a project of its own."""
    other = Project.objects.create(slug="ledger", name="Ledger")
    sellers, bookkeepers = Team.objects.create(name="Sellers"), Team.objects.create(name="Bookkeepers")
    Grant.objects.create(team=sellers, role=Role.OPERATOR, project=database.project)
    Grant.objects.create(team=bookkeepers, role=Role.OPERATOR, project=other)
    return sellers, bookkeepers


def shown(client: Client, query: str) -> list[bool]:
    page = text_of(client.get(f"/?{query}"))
    return [f'class="pname" href="/projects/{slug}/"' in page for slug in ("shop", "ledger")]


def test_team_shows_its_projects_alone(client: Client, teams: tuple[Team, Team]) -> None:
    sellers, bookkeepers = teams
    assert shown(client, "") == [True, True]
    assert shown(client, f"team={sellers.pk}") == [True, False]
    assert shown(client, f"team={bookkeepers.pk}&q=led") == [False, True]
    assert shown(client, f"team={bookkeepers.pk}&q=shop") == [False, False]
    assert shown(client, "team=99999") == [True, True], "a team that there is not is no filter"
    assert f'value="{sellers.pk}" selected' in text_of(client.get(f"/?team={sellers.pk}"))


def test_only_ones_own_teams_are_offered(teams: tuple[Team, Team]) -> None:
    olga = User.objects.create_user("olga", password="correct horse", role=Role.VIEWER)
    assert "All teams" not in text_of(signed_in(olga).get("/"))
    teams[0].members.add(olga)
    page = text_of(signed_in(olga).get("/"))
    assert ("Sellers" in page, "Bookkeepers" in page) == (True, False)


def test_filters_are_kept_by_chips_pages_and_the_refresh(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch, teams: tuple[Team, Team]
) -> None:  # fmt: skip
    monkeypatch.setattr(pipeline, "PROJECTS", 1)
    last = text_of(client.get("/?page=9"))
    assert "Page 2 of 2" in last, "beyond the last is the last"
    assert last.count('class="pname"') == 1
    assert text_of(client.get("/?q=ledg&page=2")).count('class="pname"') == 1
    first = text_of(client.get("/"))
    assert "Page 1 of 2" in first
    assert 'href="/?page=2"' in first
    kept = text_of(client.get(f"/?q=o&state={database.state}&team={teams[0].pk}"))
    rest = f"q=o&amp;state={database.state}&amp;team={teams[0].pk}"
    assert f"{rest}&amp;v=" in kept
    assert f'href="/?q=o&amp;team={teams[0].pk}"' in kept, "all states, but still this team"


def test_groups_by_team_stand_in_order_and_count_what_is_in_them(client: Client, database: Database, teams: tuple[Team, Team]) -> None:
    Project.objects.create(slug="alone", name="Alone")
    Grant.objects.create(team=teams[1], role=Role.VIEWER, project=database.project)
    page = text_of(client.get("/?group=team"))
    places = [page.index(f'<div class="panel-h" id="group-{id}">') for id in (teams[1].pk, 0)]
    assert places == sorted(places), "those of no team come last"
    assert f'id="group-{teams[0].pk}"' not in page, "with several teams a project stands under the first by name"
    assert page.count('class="pname" href="/projects/shop/"') == 1
    head = page[places[0] : page.index("<table", places[0])]
    assert "2 projects" in head
    assert "1</span>" in head
    assert "group=team" in page[page.index("hx-get") : page.index("hx-trigger")], "the refresh keeps the groups"
    assert 'id="group-' not in text_of(client.get("/"))


def test_folded_group_shows_its_heading_alone(client: Client, teams: tuple[Team, Team]) -> None:
    sellers, bookkeepers = teams
    assert shown(client, f"group=team&folded={sellers.pk}") == [False, True]
    page = text_of(client.get(f"/?group=team&folded={sellers.pk},{bookkeepers.pk}"))
    assert "No project matches" not in page
    assert f'href="/?group=team&amp;folded={bookkeepers.pk}#group-{sellers.pk}" aria-expanded="false"' in page
    assert shown(client, f"group=team&team={sellers.pk}&folded=x,,9999999999") == [True, False], "what makes no sense is passed over"


def test_without_teams_nothing_is_grouped(client: Client, database: Database) -> None:
    page = text_of(client.get("/?group=team"))
    assert "Group by team" not in page
    assert 'id="group-' not in page


def test_headings_count_what_is_on_other_pages_too(client: Client, teams: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "PROJECTS", 1)
    Grant.objects.create(team=teams[0], role=Role.VIEWER, project=Project.objects.create(slug="second", name="Second"))
    page = text_of(client.get(f"/?group=team&page=2&folded={teams[1].pk}"))
    assert page.count('class="panel-h" id="group-') == 1, "the other team is on the first page"
    assert '<span class="meta">2 projects</span>' in page
    assert f'<input type="hidden" name="folded" value="{teams[1].pk}">' in page, "filtering keeps what is folded"


def test_refresh_answers_only_when_something_that_is_shown_has_changed(client: Client, database: Database) -> None:
    def version() -> str:
        return re.search(r"v=(\w+)", client.get("/partials/pipeline").content.decode())[1]

    seen = version()
    assert client.get(f"/partials/pipeline?v={seen}").status_code == 204
    for model, change in ((Database, {"pending_count": 9}), (Project, {"name": "Books"}), (Environment, {"name": "Play"})):
        model.objects.update(**change)
        answer = client.get(f"/partials/pipeline?v={seen}")
        assert answer.status_code == 200, f"{model.__name__} has changed"
        seen = version()


def test_refresh_without_a_change_says_of_which_moment_that_is_true(client: Client, database: Database) -> None:
    polled = re.search(r'hx-get="(/partials/pipeline\?[^"]+)"', client.get("/").content.decode())[1].replace("&amp;", "&")
    answer = client.get(polled)
    assert answer.status_code == 204
    assert re.fullmatch(r"\d\d:\d\d:\d\d", answer["As-Of"])
    old = re.sub(r"since=(\d+)", lambda found: f"since={int(found[1]) - 3}", polled)
    assert client.get(old).status_code == 200, "what was shown three minutes ago says how old things were then"


def test_track_has_a_dot_for_each_revision_and_a_hole_where_it_is_not_applied() -> None:
    kinds = [(True, True, False, False), (True,) * 10, ()]
    none, two_of_four, all_of_ten = ui.track_symbols(kinds).split("</symbol>")[:-1]
    assert none.endswith('<path class="w" d=""/><path d=""/></g>')
    assert '<path class="w" d="M4 5H26"/>' in two_of_four, "the line ends at the last dot"
    assert [path.count("h0") for path in two_of_four.split("<path")[1:]] == [0, 4, 2]
    assert all_of_ten.count("<path") == 2
    for kind, symbol in zip(sorted(kinds), (none, two_of_four, all_of_ten), strict=True):
        assert re.search('href="#([^"]+)"', ui.track(kind))[1] == re.search('id="([^"]+)"', symbol)[1]
