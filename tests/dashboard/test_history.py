"""The parts of the history page: what is drawn, found, replayed and exported, on real projects."""

import gzip
import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client

from accounts.models import User
from dashboard.graph_map import EDGE, TOP, traced
from dashboard.graph_svg import STYLE
from dashboard.svg import policy
from environments import services as environments
from environments.models import Database
from jobs import timeline
from jobs.models import Job
from migrations_store import graph as graphs
from migrations_store import lanes, risks
from migrations_store import services as store
from migrations_store.models import FileRisk, Project
from tests.environments.conftest import write_version
from tests.jobs.conftest import grow, table, write_revision
from tests.support import figures

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]
Add = Callable[..., Database]
SVG = "{http://www.w3.org/2000/svg}"


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"/projects/shop/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def write(root: Path, id: str, lines: str) -> None:
    """A revision with more to say than its parent."""
    path = root / "migrations" / "versions" / f"{id}.py"
    path.write_text(f'"""makes {id}"""\nrevision = {id!r}\n{lines}\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n')


# --- what is drawn


def test_a_missing_parent_is_a_ghost_with_the_files_that_name_it(client: Client, project: Project, root: Path) -> None:
    write_revision(root, "lost", "gone", *table("t_lost"))
    write_revision(root, "lost2", "gone", *table("t_lost2"))
    drawn = lanes.drawn(graphs.load(store.take_snapshot(project, user=None)))
    ghosts = [ghost for found in drawn.ghosts.values() for ghost in found]
    assert [(ghost.revision, sorted(ghost.named_by)) for ghost in ghosts] == [("gone", ["lost", "lost2"])]
    shown = page(client)
    assert shown.count('class="ghost"') == 1
    assert "migrations/versions/lost.py:7" in shown
    assert "migrations/versions/lost2.py:7" in shown


def test_depends_on_is_a_dashed_line_and_said_in_words(client: Client, project: Project, root: Path) -> None:
    write(root, "apart", 'down_revision = None\ndepends_on = "two"')
    graph = graphs.load(store.take_snapshot(project, user=None))
    rows = dict(zip(graph.order, lanes.layout(graph), strict=True))
    assert [edge.dashed for edge in rows["apart"].edges if edge.kind == "out"] == [True]
    assert {edge.dashed for edge in rows["two"].edges if edge.kind == "in"} == {False, True}
    assert "Depends on two" in page(client)


def test_every_line_that_begins_ends_at_the_revision_it_leads_to(project: Project, root: Path) -> None:
    write_revision(root, "side", "one", *table("t_side"))
    write(root, "merge", 'down_revision = ("three", "side")')
    write(root, "far", 'down_revision = "merge"\ndepends_on = "one"')
    graph = graphs.load(store.take_snapshot(project, user=None))
    waiting: dict[int, int] = {}
    for row in lanes.layout(graph):
        assert {edge.source: edge.color for edge in row.edges if edge.kind != "out"} == waiting
        waiting = {edge.target: edge.color for edge in row.edges if edge.kind != "in"}
    assert waiting == {}


def test_every_line_of_the_map_ends_at_a_revision(project: Project, root: Path) -> None:
    write_revision(root, "side", "one", *table("t_side"))
    write(root, "far", 'down_revision = "three"\ndepends_on = "one"')
    rows = lanes.layout(graphs.load(store.take_snapshot(project, user=None)))
    nodes = {(str(EDGE + 10 * row.lane), f"{TOP + 16 * place:.1f}") for place, row in enumerate(rows)}
    lines = [line for _colour, _dashed, shape in traced(rows, 16, 10, 6) for line in shape.split("M")[1:]]
    points = [[part.split() for part in re.split("[VL]", line)] for line in lines]
    starts = {tuple(line[0]) for line in points}
    ends = {(line[0][0], *line[-1]) if len(line[-1]) == 1 else tuple(line[-1]) for line in points}
    assert ends <= nodes | starts
    assert starts <= nodes | ends


def test_risk_and_way_back_are_marked(client: Client, project: Project, database: Database, root: Path) -> None:
    write_revision(root, "drop", "three", 'op.drop_table("t_one")', undo="raise NotImplementedError")
    snapshot = store.take_snapshot(project, user=None)
    risks.judge_all(snapshot)
    shown = page(client)
    assert "Data loss" in shown
    assert "downgrade refuses" in shown
    assert page(client, "?risk=loss").count('id="r-') == 1


def test_a_page_judges_a_few_files_itself(client: Client, project: Project, database: Database) -> None:
    assert not FileRisk.objects.exists()
    assert page(client).count("Low") >= 3
    assert FileRisk.objects.count() == 3


# --- finding


def test_search_in_place_marks_its_matches(client: Client, project: Project, root: Path) -> None:
    grow(root, 150)
    store.take_snapshot(project, user=None)
    shown = page(client, "?q=r003&show=history")
    assert '<tr id="r-r003" class="sel found">' in shown
    assert 'id="r-r004"' in shown
    assert 'class="ht"' in shown
    assert "1 / 1" in shown


def test_search_goes_by_environment(client: Client, run: Run, database: Database) -> None:
    run(database, "upgrade", "two")
    assert re.findall(r'id="r-(\w+)"', page(client, "?env=dev")) == ["two", "one"]
    assert re.findall(r'id="r-(\w+)"', page(client, "?env=-dev")) == ["three"]
    assert re.findall(r'id="r-(\w+)"', page(client, "?env=-dev&q=one")) == []


def test_matches_beyond_the_first_rows_can_be_reached(client: Client, project: Project, root: Path) -> None:
    grow(root, 150)
    store.take_snapshot(project, user=None)
    last = re.findall(r'id="r-(\w+)"', page(client, "?q=r"))[-1]
    assert len(re.findall(r'id="r-(\w+)"', page(client, f"?q=r&after={last}"))) > 50


def test_chips_lead_to_environments_heads_and_base(client: Client, run: Run, database: Database, root: Path, project: Project) -> None:
    run(database, "upgrade", "two")
    write_revision(root, "other", "two", *table("t_other"))
    store.take_snapshot(project, user=None)
    environments.check_database_now(database)
    shown = page(client)
    assert re.search(r'href="\?at=two[^>]*>.*?dev <b aria-hidden="true">−2</b>', shown)
    assert "head other" in shown
    assert "2 unmerged heads" in shown


# --- earlier moments


def test_the_slider_replays_where_each_environment_stood(client: Client, run: Run, database: Database) -> None:
    first = run(database, "upgrade", "one")
    run(database, "upgrade", "three")
    shown = page(client, f"?when={first.pk}")
    assert "As of" in shown
    assert "1 move ago" in shown
    assert "Above: 2 pending on dev" in shown
    assert "Upgrade 2" not in shown, "nothing is offered from an earlier moment"
    assert client.get("/projects/shop/?event=1")["Location"] == f"/projects/shop/?when={first.pk}"
    assert client.get("/projects/shop/?event=2")["Location"] == "/projects/shop/?"


def test_before_the_first_look_nothing_is_known(client: Client, run: Run, database: Database) -> None:
    job = run(database, "upgrade", "one")
    assert job.started_at
    [event] = (line := timeline.of([database])).events
    assert (event.before, event.heads, event.job) == ([], ["one"], job)
    assert line.heads_at(database, job.started_at) == []
    assert line.heads_at(database, job.started_at - timedelta(seconds=1)) is None
    shown = page(client, f"?when={(job.started_at - timedelta(hours=1)).isoformat()}".replace("+", "%2B"))
    assert "nobody knows where it stood" in shown


def test_a_move_without_a_job_is_part_of_the_story(client: Client, run: Run, database: Database) -> None:
    run(database, "upgrade", "one")
    write_version(Path(database.database), "two")
    environments.check_database_now(database)
    assert [(event.before, event.heads, event.job is None) for event in timeline.of([database]).events][1:] == [(["one"], ["two"], True)]
    moved = timeline.of([database]).events[-1]
    assert "Somebody outside the dashboard" in page(client, f"?when={moved.key}".replace("+", "%2B"))


def test_a_moment_that_is_none_is_refused(client: Client, project: Project, database: Database) -> None:
    assert client.get("/projects/shop/?when=yesterday").status_code == 404
    assert client.get("/projects/shop/?when=2026-99-99").status_code == 404


# --- as a file


def test_svg_stands_alone_and_holds_hostile_text(client: Client, run: Run, database: Database, root: Path, project: Project) -> None:
    run(database, "upgrade", "two")
    write_revision(root, "evil", "three", "pass", message="</text><script>alert(1)</script>\x07\u202e")
    store.take_snapshot(project, user=None)
    answer = client.get("/projects/shop/history.svg")
    assert (answer["Content-Type"], answer["Content-Security-Policy"]) == ("image/svg+xml; charset=utf-8", policy(STYLE))
    drawing = ET.fromstring(answer.content)  # noqa: S314 our own
    assert drawing.findtext(f"{SVG}title") == "History of shop"
    assert "Heads: evil" in (drawing.findtext(f"{SVG}desc") or "")
    assert {element.tag for element in drawing.iter()} <= {
        SVG + tag for tag in ("svg", "title", "desc", "style", "path", "circle", "text", "tspan")
    }
    assert "unsafe" not in policy(STYLE)
    assert any("dev" in (mark.text or "") for mark in drawing.iter(f"{SVG}tspan"))


# --- much of it


@pytest.mark.slow
def test_five_thousand_revisions(
    client: Client, admin: User, project: Project, root: Path, django_assert_max_num_queries: Callable
) -> None:
    """The first window, a search in place and the file of all of them; how long they take is printed."""
    grow(root, 5000)
    store.take_snapshot(project, user=None)
    page(client)
    with django_assert_max_num_queries(17):
        shown, took = timed(lambda: page(client))
    size, packed = len(shown.encode()), len(gzip.compress(shown.encode()))
    nodes = len(re.findall(r"<[a-z]", shown))
    figures.note(f"history of 5,003: first window {took:.0f} ms, {size / 1000:.1f} KB, {packed / 1000:.1f} KB gz, {nodes} nodes (n=1)")
    whole, took = timed(lambda: page(client, "?runs=show"))
    more = f"{len(whole.encode()) / 1000:.1f} KB, {len(gzip.compress(whole.encode())) / 1000:.1f} KB gz"
    figures.note(f"history of 5,003 unfolded: {took:.0f} ms, {more}, {len(re.findall(r'<[a-z]', whole))} nodes (n=1)")
    assert nodes < 3000
    assert len(re.findall(r"<[a-z]", whole)) < 3000
    found, took = timed(lambda: page(client, "?q=r1&show=history"))
    figures.note(f"history of 5,003: search in place {took:.0f} ms (n=1)")
    assert "1100 of 5003 found" in found.replace(",", "")
    drawing, took = timed(lambda: client.get("/projects/shop/history.svg").content)
    figures.note(
        f"history of 5,003 as SVG: {took:.0f} ms, {len(drawing) / 1000:.0f} KB, {len(gzip.compress(drawing)) / 1000:.0f} KB gz (n=1)"
    )
    assert drawing.count(b"<circle") == 5003


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    return work(), (time.perf_counter() - begun) * 1000
