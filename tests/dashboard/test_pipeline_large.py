"""The pipeline with 1,000 databases, each with a job behind it: as many queries and as light as with a few, and what it takes."""

import gzip
import itertools
import statistics
import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard import pipeline
from environments.models import Database, Environment
from jobs.models import Job
from migrations_store.models import Project, Snapshot
from tests.support.figures import note

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PROJECTS, REQUESTS = 250, 20


def multiplied(database: Database, job: Job) -> None:
    """The same database in four environments of 250 projects, with the same job."""
    stages = [Environment.objects.create(slug=f"e{n}", name=f"e{n}", position=n + 10) for n in range(4)]
    shot, plan = Snapshot.objects.get(), job.plan
    projects = Project.objects.bulk_create(Project(slug=f"p{n:03}", name=f"p{n:03}", source_path=f"/p/{n}") for n in range(PROJECTS))
    fields = {
        field.attname: getattr(shot, field.attname) for field in Snapshot._meta.concrete_fields if field.name not in ("id", "project")
    }
    shots = Snapshot.objects.bulk_create(Snapshot(project=project, **fields) for project in projects)
    fields = {"driver": "sqlite", "state": "pending", "current": database.current, "pending_count": 1, "checked_at": database.checked_at}
    homes = [(project, shot, stage) for project, shot in zip(projects, shots, strict=True) for stage in stages]
    found = Database.objects.bulk_create(
        Database(project=project, environment=stage, database=f"/x/{project.slug}/{stage.slug}", **fields) for project, _, stage in homes
    )
    plans = [_copy(plan, database=one, snapshot=shot) for one, (_, shot, _stage) in zip(found, homes, strict=True)]
    type(plan).objects.bulk_create(plans)
    states = itertools.cycle([*["succeeded"] * 17, "failed", "awaiting_approval", "running"])
    Job.objects.bulk_create(_copy(job, database=one, plan=plan, status=next(states)) for one, plan in zip(found, plans, strict=True))


def _copy(row: Job, **others: object) -> Job:
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if not field.primary_key}
    for name in others:
        fields.pop(f"{name}_id", fields.pop(name, None))
    return type(row)(**fields, **others)


def test_pipeline_of_a_thousand_databases_takes_no_more_queries(
    client: Client, database: Database, run: Callable[..., Job]
) -> None:  # fmt: skip
    job = run(database, "upgrade", "two")

    def ask() -> tuple[int, float, bytes]:
        with CaptureQueriesContext(connection) as captured:
            began = time.perf_counter()
            page = client.get("/").content
            return len(captured), time.perf_counter() - began, page

    few = ask()[0]
    database.refresh_from_db()
    multiplied(database, job)
    ask()
    asked = [ask() for _ in range(REQUESTS)]
    times = sorted(seconds * 1000 for _, seconds, _ in asked)
    page, p95 = asked[0][2], times[int(REQUESTS * 0.95) - 1]
    note(
        f"pipeline, {Database.objects.count()} databases: {statistics.median(times):.0f} ms, p95 {p95:.0f} ms"
        f" (n={REQUESTS}), {len(page) / 1024:.0f} KB, {len(gzip.compress(page)) / 1024:.1f} KB gz, {asked[0][0]} queries"
    )
    assert page.count(b'class="pname"') == pipeline.PROJECTS
    assert len(page) < 60 * 1024
    assert len(gzip.compress(page)) < 15 * 1024
    assert max(queries for queries, *_ in asked) <= few + 1, "the list of pages is one more"
