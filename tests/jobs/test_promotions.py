"""Promotions through several stages, several at once, and rollbacks: with real jobs, run by a call instead of a worker."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models.signals import post_save
from django.utils import timezone

from accounts.models import Role, User
from audit.models import AuditEntry
from config.errors import Forbidden, Invalid, Refused
from environments import services as environments
from environments.models import Database, Environment, Policy
from jobs import chains, execution, restored, rollbacks, services
from jobs.batches import Move, promote_all, spread
from jobs.errors import Irreversible, KeyTaken, NothingToPromote, PlanStale
from jobs.models import Job, JobStatus, Plan, Promotion, Stage
from jobs.promotions import promote
from jobs.services import Wishes
from migrations_store.models import Project
from tests.jobs.conftest import stand_at, write_revision

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]
AddDatabase = Callable[..., Database]


@pytest.fixture
def stages(admin: User, dev: Environment, add_database: AddDatabase) -> dict[str, Environment]:
    """dev has two of three revisions; test and prod have nothing, and prod asks for an approval."""
    test = environments.create_environment(user=admin, fields={"slug": "test", "name": "test", "position": 2, "protected": False})
    prod = environments.create_environment(user=admin, fields={"slug": "prod", "name": "prod", "position": 3, "protected": True})
    stand_at(add_database(dev), "one", "two")
    add_database(test)
    add_database(prod)
    return {"dev": dev, "test": test, "prod": prod}


def chain(project: Project, user: User, stages: dict[str, Environment], **more: Any) -> Promotion:
    return promote(project, user=user, source=stages["dev"], target=stages["prod"], through=[stages["test"]], **more)[0]


def states(promotion: Promotion) -> list[str]:
    promotion.refresh_from_db()
    return [promotion.status, *promotion.stages.values_list("status", flat=True)]


def execute(promotion: Promotion, position: int) -> Job:
    job = promotion.stages.get(position=position).job
    assert job is not None
    execution.execute(job.pk)
    job.refresh_from_db()
    return job


def approve(job: Job, name: str = "rita") -> None:
    reviewer = User.objects.create_user(name, password="correct horse", role=Role.REVIEWER)
    services.decide(job, user=reviewer, decision="approve")


def test_chain_goes_on_when_the_stage_before_has_succeeded(project: Project, admin: User, stages: dict[str, Environment]) -> None:
    promotion = chain(project, admin, stages)
    chains.advance(promotion.pk)
    assert states(promotion) == ["active", "requested", "waiting"]
    assert execute(promotion, 1).status == JobStatus.SUCCEEDED
    chains.advance(promotion.pk)
    assert states(promotion) == ["active", "succeeded", "requested"]
    last = promotion.stages.get(position=2).job
    assert (last.status, last.requested_by, last.requested_revision) == (JobStatus.AWAITING_APPROVAL, admin, "two")
    approve(last)
    assert execute(promotion, 2).status == JobStatus.SUCCEEDED
    chains.sweep()
    assert states(promotion) == ["succeeded", "succeeded", "succeeded"]
    actions = AuditEntry.objects.filter(object=f"promotion {promotion.pk}").values_list("action", flat=True)
    assert list(actions) == ["promotion.request", "promotion.advance", "promotion.succeeded"]


def test_chain_brings_every_stage_to_what_was_asked_for(project: Project, admin: User, stages: dict[str, Environment], run: Run) -> None:
    """Not to what the first environment has got meanwhile."""
    promotion = chain(project, admin, stages)
    run(Database.objects.get(environment=stages["dev"]), "upgrade", "three")
    execute(promotion, 1)
    chains.advance(promotion.pk)
    assert promotion.stages.get(position=2).job.plan.to_heads == ["two"]


def test_doubled_and_lost_rings_make_one_job(project: Project, admin: User, stages: dict[str, Environment]) -> None:
    promotion = chain(project, admin, stages)
    execute(promotion, 1)
    for _ in range(3):
        chains.advance(promotion.pk)
        chains.sweep()
    assert promotion.jobs.count() == 2


def test_a_ring_that_comes_too_late_moves_nothing(project: Project, admin: User, stages: dict[str, Environment]) -> None:
    """Two rings have read the same row; the second finds that it has moved."""
    promotion = chain(project, admin, stages)
    execute(promotion, 1)
    chains._judge(promotion, promotion.stages.select_related(*chains.RELATED).get(position=1))
    stage = promotion.stages.select_related(*chains.RELATED).get(position=2)
    assert [chains._begin(promotion, stage) for _ in range(2)] == [True, False]
    assert promotion.jobs.count() == 2


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        ("cancel", "was canceled by ada"),
        ("reject", "was rejected"),
        ("fail", "failed"),
        ("delete", "was deleted"),
        ("role", "this needs Operator"),
        ("restore", "restored from a backup"),
    ],
)
def test_what_does_not_succeed_ends_the_chain_with_a_sentence(
    project: Project, admin: User, stages: dict[str, Environment], root: Path, end: str, sentence: str
) -> None:
    lead = User.objects.create_user("lea", password="correct horse", role=Role.LEAD)
    promotion = chain(project, lead, stages)
    job = promotion.stages.get(position=1).job
    if end == "cancel":
        services.cancel_job(job, user=admin, reason="not today")
    elif end == "reject":
        Job.objects.filter(pk=job.pk).update(status=JobStatus.AWAITING_APPROVAL)
        services.decide(job, user=admin, decision="reject", comment="no")
    elif end == "fail":
        write_revision(root, "two", "one", "raise RuntimeError('no')")
        execute(promotion, 1)
    elif end == "restore":
        restored.cancel_waiting()
    else:
        execute(promotion, 1)
        if end == "role":
            User.objects.filter(pk=lead.pk).update(role=Role.VIEWER)
        else:
            promotion.stages.get(position=1).database.delete()
    chains.advance(promotion.pk)
    chains.sweep()
    assert promotion.jobs.filter(database__environment=stages["prod"]).count() == 0
    promotion.refresh_from_db()
    assert promotion.status == Promotion.Status.ENDED
    assert promotion.finished_at is not None
    assert sentence in " ".join(promotion.stages.values_list("note", flat=True))
    assert AuditEntry.objects.filter(object=f"promotion {promotion.pk}", action="promotion.ended").count() == 1


def test_chain_does_not_lose_data_in_a_protected_environment_by_itself(
    project: Project, admin: User, stages: dict[str, Environment], root: Path, run: Run
) -> None:
    """Somebody has to have read what is lost there; where nothing is protected the plan's page says it."""
    write_revision(root, "three", "two", 'op.drop_table("t_one")')
    run(Database.objects.get(environment=stages["dev"]), "upgrade", "three")
    promotion = chain(project, admin, stages)
    assert execute(promotion, 1).status == JobStatus.SUCCEEDED
    chains.advance(promotion.pk)
    assert states(promotion) == ["ended", "succeeded", "ended"]
    assert "t_one" in promotion.stages.get(position=2).note


def test_stage_that_has_everything_is_passed_over(project: Project, admin: User, stages: dict[str, Environment]) -> None:
    stand_at(Database.objects.get(environment=stages["test"]), "one", "two")
    promotion = chain(project, admin, stages)
    assert states(promotion) == ["active", "succeeded", "requested"]
    assert promotion.jobs.get().status == JobStatus.AWAITING_APPROVAL


def test_chain_asks_for_every_permission_at_once(project: Project, stages: dict[str, Environment]) -> None:
    reviewer = User.objects.create_user("rolf", password="correct horse", role=Role.REVIEWER)
    with pytest.raises(Forbidden, match="needs Operator"):
        chain(project, reviewer, stages)
    assert not Promotion.objects.exists()


@pytest.mark.parametrize(
    ("source", "through", "target", "sentence"),
    [
        ("dev", ["prod"], "test", "follows the pipeline: dev, test, prod"),
        ("dev", ["test", "test"], "prod", "each environment once"),
        ("dev", ["dev"], "prod", "each environment once"),
        ("dev", [], "dev", "cannot be promoted to itself"),
    ],
)
def test_order_that_makes_no_sense_is_refused(
    project: Project, admin: User, stages: dict[str, Environment], source: str, through: list[str], target: str, sentence: str
) -> None:
    with pytest.raises(NothingToPromote, match=sentence):
        promote(project, user=admin, source=stages[source], target=stages[target], through=[stages[slug] for slug in through])


def test_wishes_of_a_chain_hold_where_they_mean_something(project: Project, admin: User, stages: dict[str, Environment]) -> None:
    """test has no run window, and the time has passed when prod's turn comes."""
    soon = timezone.now() + timedelta(minutes=5)
    promotion = chain(project, admin, stages, wishes=Wishes(run_when_approved=False, not_before=soon, in_window=True))
    first = promotion.jobs.get()
    assert (first.not_before, first.in_window) == (soon, False)
    Job.objects.filter(pk=first.pk).update(not_before=None)
    Promotion.objects.filter(pk=promotion.pk).update(not_before=timezone.now() - timedelta(minutes=1))
    execute(promotion, 1)
    chains.advance(promotion.pk)
    second = promotion.stages.get(position=2).job
    assert (second.not_before, second.run_when_approved) == (None, False)


def test_same_key_gives_the_same_promotion(project: Project, admin: User, stages: dict[str, Environment]) -> None:
    first, second = (chain(project, admin, stages, idempotency_key="k") for _ in range(2))
    assert first == second
    assert Stage.objects.count() == 2


def meanwhile(ask: Callable[[], Any]) -> tuple[Any, Any]:
    """What a request is answered with that the same one overtakes once it has made its plan, and what that one is answered with."""
    first: list[Any] = []

    def overtake(**_: object) -> None:
        post_save.disconnect(overtake, sender=Plan)
        first.append(ask())

    post_save.connect(overtake, sender=Plan)
    return ask(), first[0]


def test_same_key_at_the_same_moment_gives_the_same_answer(
    project: Project, admin: User, stages: dict[str, Environment], grown: Database
) -> None:
    """The job of the one is there after the other has looked for it, and before it makes its own."""
    move = Move(project, stages["dev"], stages["test"], name="")
    later, first = meanwhile(lambda: rollbacks.roll_back(grown, user=admin, to="one", idempotency_key="down"))
    assert later == first
    later, first = meanwhile(lambda: promote_all([move], user=admin, key="many"))
    assert later == first


def test_key_of_a_job_alone_is_not_taken_for_a_promotion(project: Project, admin: User, stages: dict[str, Environment]) -> None:
    database = Database.objects.get(environment=stages["dev"])
    job = services.request_job(database, user=admin, command="upgrade", revision="head", idempotency_key="k")
    with pytest.raises(KeyTaken, match=f"Job {job.pk} was requested with this Idempotency-Key"):
        chain(project, admin, stages, idempotency_key="k")
    with pytest.raises(KeyTaken, match="Nothing was requested now"):
        rollbacks.roll_back(database, user=admin, to="one", idempotency_key="k")
    assert not Promotion.objects.exists()


# --- several at once


def test_fleet_is_paired_by_name(project: Project, admin: User, stages: dict[str, Environment], add_database: AddDatabase) -> None:
    for name in ("eu", "us"):
        stand_at(add_database(stages["dev"], name), "one")
    for name in ("eu", "asia"):
        add_database(stages["test"], name)
    moves, alone = spread(Move(project, stages["dev"], stages["test"]))
    assert [move.key for move in moves] == ["shop:dev:test", "shop:dev:test:eu"]
    assert [sentence.split(" has")[0] for sentence in alone] == ["shop/dev/us", "shop/test/asia"]
    batch = promote_all(moves, user=admin, alone=alone)
    found = {promotion.stages.get().database.name: promotion.goal for promotion in batch.promotions.all()}
    assert found == {"": ["two"], "eu": ["one"]}
    assert len(batch.refused) == 2


def test_what_cannot_be_promoted_says_why_and_stops_no_other(
    project: Project, admin: User, stages: dict[str, Environment], add_database: AddDatabase
) -> None:
    moves = [Move(project, stages["dev"], stages["test"]), Move(project, stages["test"], stages["prod"])]
    batch = promote_all(moves, user=admin, key="form")
    assert batch.promotions.get().target == stages["test"]
    assert batch.refused[0]["what"] == "shop from test to prod"
    assert "has no revision to promote" in batch.refused[0]["why"]
    assert promote_all(moves, user=admin, key="form") == batch


def test_batch_of_which_nothing_is_promoted_is_refused(project: Project, admin: User, stages: dict[str, Environment]) -> None:
    moves = [Move(project, stages["test"], stages["prod"]), Move(project, stages["dev"], stages["test"], digest="0" * 64)]
    with pytest.raises(NothingToPromote, match="has changed since plan 00000000"):
        promote_all(moves, user=admin)
    with pytest.raises(PlanStale):
        promote_all(moves[1:], user=admin)
    assert not Job.objects.filter(promotion__isnull=False).exists()


# --- rollbacks


@pytest.fixture
def grown(stages: dict[str, Environment]) -> Database:
    """dev, with all three revisions."""
    return stand_at(Database.objects.get(environment=stages["dev"]), "one", "two", "three")


def test_rollback_leads_to_where_a_job_began(admin: User, dev: Environment, add_database: AddDatabase, run: Run) -> None:
    grown = add_database(dev)
    first, second = (run(grown, "upgrade", revision) for revision in ("two", "three"))
    grown.refresh_from_db()
    assert rollbacks.target_of(grown, f"job:{first.pk}") == "base"
    promotion, plan, job = rollbacks.roll_back(grown, user=admin, to=f"job:{second.pk}", reason="it was too slow")
    assert (promotion.kind, plan.to_heads, [step["revision"] for step in plan.steps]) == ("rollback", ["two"], ["three"])
    execution.execute(job.pk)
    chains.sweep()
    assert states(promotion) == ["succeeded", "succeeded"]
    grown.refresh_from_db()
    assert grown.current == ["two"]


def test_rollback_needs_its_own_permission(grown: Database) -> None:
    reviewer = User.objects.create_user("rosa", password="correct horse", role=Role.REVIEWER)
    with pytest.raises(Forbidden):
        rollbacks.roll_back(grown, user=reviewer, to="one")


@pytest.mark.parametrize(("undo", "word"), [("raise NotImplementedError", "refuses to run"), (None, "has no downgrade")])
def test_step_without_a_way_back_refuses_the_rollback(admin: User, grown: Database, root: Path, undo: str | None, word: str) -> None:
    write_revision(root, "four", "three", "pass", undo or "pass")
    if undo is None:
        path = root / "migrations" / "versions" / "four.py"
        path.write_text(path.read_text().split("def downgrade")[0])
    stand_at(grown, "one", "two", "three", "four")
    with pytest.raises(Irreversible, match=f"four.*{word}|{word}.*four"):
        rollbacks.roll_back(grown, user=admin, to="two")


@pytest.mark.parametrize("left_out", ["typed", "reason", "accepted", None])
def test_rollback_of_a_protected_environment_is_confirmed(
    admin: User, grown: Database, stages: dict[str, Environment], left_out: str | None
) -> None:
    Environment.objects.filter(pk=grown.environment_id).update(protected=True)
    Policy.objects.create(environment=stages["dev"])
    grown.refresh_from_db()
    plan = rollbacks.plan_rollback(grown, user=admin, to="two")
    lost = [f"{step['revision']} {loss['what']} {loss['object']}" for step in plan.steps for loss in step["data_loss"]]
    assert lost, "a dropped table loses data"
    given: dict[str, Any] = {"typed": grown.environment.slug, "reason": "too slow", "accepted": lost}
    if left_out is None:
        assert rollbacks.roll_back(grown, user=admin, to="two", **given)[2].status == JobStatus.AWAITING_APPROVAL
        return
    given.pop(left_out)
    with pytest.raises(Invalid) as refused:
        rollbacks.roll_back(grown, user=admin, to="two", **given)
    assert set(refused.value.fields) == {left_out}
    assert not Job.objects.filter(command="downgrade").exists()


@pytest.mark.parametrize("wanted", ["job:999999", "job:x", "job:", "job:-1", "nothing"])
def test_point_that_is_none_is_refused(admin: User, grown: Database, wanted: str) -> None:
    with pytest.raises(Refused):
        rollbacks.roll_back(grown, user=admin, to=wanted)
