"""The diagram of a proposal: what is marked, where tables stand, and what other tools get."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as some

from accounts.models import User
from dashboard import diagram, diagram_svg
from dashboard.diagram import Card, Diagram, Line
from environments.models import Database
from migrations_store.models import Proposal
from tests.support.proposals import USERS, add_version, column, drawn, proposed

pytestmark = pytest.mark.django_db
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = 'a"><script>{|}\\ b'


@pytest.fixture
def proposal(database: Database, admin: User) -> Proposal:
    return proposed(database, user=admin)


def of(proposal: Proposal) -> Diagram:
    found = diagram.of(proposal.versions.first())
    assert found is not None
    return found


def test_what_changes_is_marked(proposal: Proposal) -> None:
    users, orders = of(proposal).cards
    assert (users.what, orders.what, orders.more) == ("changed", "", 7)
    assert {line.name: line.what for line in users.lines} == {"id": "", "fax": "added", "team_id": "", "phone": "removed"}
    assert [(card.name, line.name, other.name, at) for card, line, other, at in of(proposal).links] == [
        ("orders", "user_id", "users", "id")
    ]


def test_whole_tables_mark_their_columns(proposal: Proposal) -> None:
    made = {"op": "create_table", "schema": None, "table": "users", "definition": {"columns": [], "constraints": [], "comment": None}}
    add_version(proposal, operations=[made])
    (users, orders) = of(proposal).cards
    assert (users.what, {line.what for line in users.lines}) == ("added", {"added"})
    assert (orders.what, {line.what for line in orders.lines}) == ("", {""})


def test_renamed_column_stands_once_under_its_new_name(proposal: Proposal) -> None:
    renamed = {
        "op": "alter_column",
        "schema": None,
        "table": "users",
        "column": {"name": "phone"},
        "before": {"name": "phone"},
        "after": {"name": "fax"},
    }
    add_version(proposal, operations=[renamed])
    users = of(proposal).cards[0]
    assert {line.name: line.what for line in users.lines} == {"id": "", "fax": "changed", "team_id": ""}


def test_page_shows_drawing_list_and_files(client: Client, proposal: Proposal) -> None:
    page = " ".join(client.get(f"/proposals/{proposal.pk}/?tab=diagram").content.decode().split())
    assert f'<img src="/proposals/{proposal.pk}/diagram.svg?version=1" alt="The tables below, as a drawing">' in page
    assert '<code translate="no">user_id</code> → <code translate="no">users.id</code>' in page
    assert "2 more are not drawn" in page
    for form, word in (("dot", "digraph"), ("mmd", "erDiagram")):
        answer = client.get(reverse("proposal-diagram", args=[proposal.pk, form]))
        assert answer["Content-Disposition"] == f'attachment; filename="proposal-{proposal.pk}.{form}"'
        assert answer.content.decode().startswith(word)
    assert client.get(reverse("proposal-diagram", args=[proposal.pk, "exe"])).status_code == 404


def test_proposal_without_tables_has_no_diagram(client: Client, proposal: Proposal) -> None:
    add_version(proposal, facts={"diagram": None})
    page = client.get(f"/proposals/{proposal.pk}/?tab=diagram").content.decode()
    assert 'href="?tab=diagram"' not in page
    assert 'href="?" aria-current="page"' in page
    assert client.get(reverse("proposal-diagram", args=[proposal.pk, "svg"])).status_code == 404


def test_drawing_stands_alone_and_holds_any_name(client: Client, proposal: Proposal) -> None:
    add_version(
        proposal, facts={"diagram": {"tables": [USERS, drawn(HOSTILE, (HOSTILE, "x" * 90, "users.id"), ("\u202ek\0", "", ""))], "more": 0}}
    )
    answer = client.get(reverse("proposal-diagram", args=[proposal.pk, "svg"]))
    assert answer["Content-Type"].startswith("image/svg+xml")
    assert "default-src 'none'; style-src 'sha256-" in answer["Content-Security-Policy"]
    root = ET.fromstring(answer.content)  # noqa: S314 our own drawing
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {"svg", "title", "style", "g", "rect", "text", "path"}
    assert any(HOSTILE in (element.text or "") for element in root.iter(f"{SVG}title"))
    text = client.get(reverse("proposal-diagram", args=[proposal.pk, "dot"])).content.decode()
    assert r"a\"\>\<script\>\{\|\}" in text
    plain = client.get(reverse("proposal-diagram", args=[proposal.pk, "mmd"])).content.decode()
    assert f't2["{HOSTILE.replace(chr(34), chr(39))}"] {{' in plain
    assert "    x" in plain.replace("x" * 90, "x")
    assert all(
        re.fullmatch(r'    \w+ [A-Za-z]\w*( [A-Z, ]+)?( "[^"]*")?', row, re.ASCII) for row in plain.splitlines() if row.startswith("    ")
    )


def test_index_of_a_columns_name_marks_no_column(proposal: Proposal) -> None:
    index = {"op": "drop_index", "schema": None, "table": "users", "name": "phone", "columns": ["phone"], "unique": True, "options": {}}
    add_version(proposal, operations=[index | {"concurrently": False}])
    users = of(proposal).cards[0]
    assert (users.what, {line.what for line in users.lines}) == ("changed", {""})


def test_renamed_table_stands_once_under_its_new_name(proposal: Proposal) -> None:
    renamed = {"op": "rename_table", "schema": None, "table": "orders", "to": "users"}
    add_version(proposal, operations=[renamed])
    assert [(card.name, card.what) for card in of(proposal).cards] == [("users", "changed")]


def test_changes_elsewhere_mark_nothing(proposal: Proposal) -> None:
    add_version(proposal, operations=[column("add_column", "fax", table="elsewhere")])
    assert {card.what for card in of(proposal).cards} == {""}


def table(number: int, leads: list[int]) -> Card:
    lines = [Line("id", "INTEGER", True, "", ()), *(Line(f"k{to}", "INTEGER", False, "", (f"t{to}.id",)) for to in leads)]
    return Card(f"t{number}", "", tuple(lines), number % 3)


@given(some.lists(some.lists(some.integers(0, 32), max_size=6, unique=True), min_size=1, max_size=30))
def test_no_table_stands_over_another_whatever_leads_where(leads: list[list[int]]) -> None:
    """Rings, tables that lead to themselves, and keys to tables that are not there."""
    cards = tuple(table(number, to) for number, to in enumerate(leads))
    places = list(diagram_svg.placed(Diagram(cards, 0)).values())
    assert len(places) == len(cards)
    for one in places:
        assert min(one.x, one.y) >= diagram_svg.EDGE
        for other in places:
            apart_x = abs(one.x - other.x) >= diagram_svg.WIDTH
            apart_y = one.y + one.height < other.y or other.y + other.height < one.y
            assert one is other or apart_x or apart_y
    ET.fromstring(diagram_svg.draw(Diagram(cards, 0), "t"))  # noqa: S314 as above


def test_table_stands_right_of_what_it_leads_to() -> None:
    tables: list[Any] = [table(0, []), table(1, [0]), table(2, [1, 0]), table(3, [])]
    places = diagram_svg.placed(Diagram(tuple(tables), 0))
    assert places["t0"].x == places["t3"].x < places["t1"].x < places["t2"].x
