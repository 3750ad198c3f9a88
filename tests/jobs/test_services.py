"""Asking for jobs, canceling them, promoting."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import Role, User
from config.errors import Forbidden, Invalid
from dashboard.job_view import database_sentence
from environments import services as environments
from environments.models import Database, Environment
from jobs import execution, explanations, gates, reaper, services
from jobs.errors import NotCancelable, NothingToPromote, PlanStale
from jobs.models import Job, JobStatus, OutcomeState, StepStatus
from jobs.plans import make_plan
from jobs.promotions import promote
from jobs.supervisor import Exit
from migrations_store.models import Project
from tests.jobs.conftest import stand_at, table, write_revision

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]


def test_a_plan_is_explicit_and_ordered(admin: User, database: Database) -> None:
    plan = make_plan(database, user=admin, command="upgrade", revision="head")
    assert [step["revision"] for step in plan.steps] == ["one", "two", "three"]
    assert (plan.from_heads, plan.to_heads) == ([], ["three"])


def test_the_same_facts_give_the_same_digest(admin: User, database: Database) -> None:
    digests = {make_plan(database, user=admin, command="upgrade", revision=target).digest for target in ("head", "three", "+3")}
    assert len(digests) == 1


def test_another_target_code_or_profile_gives_another_digest(admin: User, database: Database, root: Path) -> None:
    def digest() -> str:
        return make_plan(database, user=admin, command="upgrade", revision="two").digest

    seen = [digest(), make_plan(database, user=admin, command="upgrade", revision="one").digest]
    write_revision(root, "three", "two", *table("t_new"))
    seen.append(digest())
    database.project.x_arguments = ["tenant=a"]
    database.project.save()
    seen.append(digest())
    assert len(set(seen)) == 4


def test_a_command_that_is_none_is_refused(admin: User, database: Database) -> None:
    with pytest.raises(Invalid, match="no command 'drop'"):
        make_plan(database, user=admin, command="drop", revision="head")


def test_a_stale_digest_is_refused(admin: User, run: Run, database: Database) -> None:
    stale = make_plan(database, user=admin, command="upgrade", revision="head").digest
    run(database, "upgrade", "one")
    database.refresh_from_db()
    with pytest.raises(PlanStale, match="has changed"):
        services.request_job(database, user=admin, command="upgrade", revision="head", plan_digest=stale)


def test_a_repeated_key_gives_the_first_job(admin: User, database: Database) -> None:
    one, two = (services.request_job(database, user=admin, command="upgrade", revision="head", idempotency_key="k") for _ in range(2))
    assert one.pk == two.pk


def test_a_viewer_may_not_ask_for_a_job(db: None, database: Database) -> None:
    viewer = User.objects.create_user("eve", role=Role.VIEWER)
    with pytest.raises(Forbidden, match="Viewer; this needs"):
        services.request_job(database, user=viewer, command="upgrade", revision="head")


def test_a_waiting_job_is_canceled_at_once(admin: User, database: Database) -> None:
    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    services.cancel_job(job, user=admin, reason="changed my mind")
    assert (job.status, job.database_state) == (JobStatus.CANCELED, OutcomeState.UNCHANGED)
    with pytest.raises(NotCancelable, match="already"):
        services.cancel_job(job, user=admin)


def test_a_job_in_a_protected_environment_waits(admin: User, prod: Environment, add_database: Callable[..., Database]) -> None:
    database = add_database(prod)
    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    execution.execute(job.pk)
    job.refresh_from_db()
    assert job.status == JobStatus.AWAITING_APPROVAL
    assert [gate.name for gate in gates.of(job.plan, job=job) if not gate.passed] == ["approval"]


def test_a_promotion_brings_what_the_source_has(
    admin: User, run: Run, project: Project, dev: Environment, prod: Environment, add_database: Callable[..., Database]
) -> None:
    run(add_database(dev), "upgrade", "two")
    add_database(prod)
    _, plan, job = promote(project, user=admin, source=dev, target=prod)
    assert [step["revision"] for step in plan.steps] == ["one", "two"]
    assert job.status == JobStatus.AWAITING_APPROVAL


def test_a_promotion_brings_nothing_that_the_source_lacks(
    admin: User, run: Run, project: Project, dev: Environment, prod: Environment, add_database: Callable[..., Database]
) -> None:
    run(add_database(dev), "upgrade", "one")
    add_database(prod)
    with pytest.raises(NothingToPromote, match="does not have two"):
        promote(project, user=admin, source=dev, target=prod, revision="two")


def test_a_promotion_from_an_empty_database_is_refused(
    admin: User, project: Project, dev: Environment, prod: Environment, add_database: Callable[..., Database]
) -> None:
    add_database(dev)
    add_database(prod)
    with pytest.raises(NothingToPromote, match="no revision to promote"):
        promote(project, user=admin, source=dev, target=prod)


def test_a_job_whose_worker_vanished_ends_with_what_the_database_says(admin: User, database: Database) -> None:
    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    execution.claim(job.pk)
    reaper.take_over(job.pk, reaper.VANISHED)
    job.refresh_from_db()
    assert (job.status, job.database_state, job.heads_after) == (JobStatus.FAILED, OutcomeState.UNCHANGED, [])


def test_what_a_worker_found_stays_when_the_database_is_read_later(admin: User, database: Database) -> None:
    """The server went away in the middle, and its own worker could not read it: that worker is not lost, and nothing contradicts itself."""
    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    execution.claim(job.pk)
    cut = {
        "event": "error",
        "type": "OperationalError",
        "message": "server closed the connection unexpectedly",
        "file": "one.py",
        "line": 3,
    }
    error = explanations.explain(cut, Exit(1), "", place="shop", database_state="unknown")
    Job.objects.filter(pk=job.pk).update(status=JobStatus.UNKNOWN, error=error)
    reaper.sweep()
    job.refresh_from_db()
    assert (job.status, job.database_state) == (JobStatus.FAILED, OutcomeState.UNCHANGED)
    assert job.error is not None
    assert (job.error["code"], job.error["title"]) == (error["code"], error["title"])
    assert "Version and schema are as they were before." in job.error["why"]
    assert "could not be read" not in job.error["why"]


def test_another_database_says_nothing_about_a_lost_job(
    admin: User, database: Database, add_database: Callable[..., Database], tmp_path: Path
) -> None:
    """The profile is pointed elsewhere, or the database was dropped and made anew, while the job waits for its verdict."""
    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    execution.claim(job.pk)
    stand_at(add_database(name="other"), "one", "two", "three")
    environments.update_database(database, user=admin, fields={"url": f"sqlite:///{tmp_path}/devother.db"})
    reaper.take_over(job.pk, reaper.VANISHED)
    job.refresh_from_db()
    assert (job.status, job.database_state, job.heads_after) == (JobStatus.FAILED, OutcomeState.UNKNOWN, None)
    assert job.error is not None
    assert job.error["why"] == f"{reaper.VANISHED} {reaper.ELSEWHERE}"
    assert {step.status for step in job.steps.all()} == {StepStatus.SKIPPED}
    assert "another database" in database_sentence(job)


def test_a_silent_job_is_taken_over_and_a_lively_one_is_not(admin: User, database: Database) -> None:
    from datetime import timedelta

    from django.utils import timezone

    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    execution.claim(job.pk)
    reaper.sweep()
    assert Job.objects.get(pk=job.pk).status == JobStatus.RUNNING
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=2))
    reaper.sweep()
    assert Job.objects.get(pk=job.pk).status == JobStatus.FAILED
