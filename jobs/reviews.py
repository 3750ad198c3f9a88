"""What waits for a person: jobs to approve, and promotions as lists. Only what the person may see."""

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from accounts.permissions import Action, reach
from config.errors import NotFound
from environments import policies
from environments.models import Policy
from jobs.approvals import may_decide
from jobs.models import Approval, Job, JobStatus, Plan, Promotion, PromotionBatch, Stage
from jobs.queries import number

PLANS = Plan.objects.select_related("created_by", "database").defer("preview", "facts")


def to_review(user: User) -> list[Job]:
    """The jobs whose approval waits for this person's word, the oldest first. A few queries, none for who may never review."""
    return _decidable(user, _shown(Job.objects.all()))


def count(user: User) -> int | None:
    """How many these are; None for those who have nothing to do with approvals."""
    if reach(user, Action.REVIEW).nowhere:
        return None if reach(user, Action.RUN).nowhere else 0
    return len(_decidable(user, Job.objects.select_related("database__project", "database__environment").order_by("pk")))


def _decidable(user: User, jobs: QuerySet[Job]) -> list[Job]:
    """Two queries more than `jobs` itself."""
    where = reach(user, Action.REVIEW)
    if where.nowhere:
        return []
    said = Approval.objects.filter(user=user, withdrawn_at=None).values("job")
    waiting = jobs.filter(where.q("database__project", "database__environment"), status=JobStatus.AWAITING_APPROVAL)
    found = list(waiting.exclude(requested_by=user).exclude(pk__in=said))
    kept = {(policy.environment_id, policy.project_id): policy for policy in Policy.objects.all()} if found else {}
    return [job for job in found if may_decide(job, user, _rules(job, kept))]


def my_requests(user: User) -> QuerySet[Job]:
    """The person's own jobs that wait for somebody else, the oldest first."""
    return _shown(Job.objects.filter(requested_by=user, status=JobStatus.AWAITING_APPROVAL))


def promotions(user: User) -> QuerySet[Promotion]:
    """Newest first, with their stages and what a list shows of the jobs."""
    stages = Stage.objects.select_related(
        "job__plan", "job__requested_by", "job__database__environment", "job__database__project", "database__environment",
        "database__project", "giver__environment",
    ).defer("job__plan__preview", "job__plan__facts")  # fmt: skip
    found = Promotion.objects.select_related("project", "source", "target", "requested_by", "batch")
    return found.prefetch_related(Prefetch("stages", queryset=stages)).filter(reach(user, Action.VIEW).q("project", "target"))


def get_promotion(user: User, id: str | int) -> Promotion:
    found = promotions(user).filter(pk=number(id, "promotion")).first()
    if found is None:
        raise NotFound(f"There is no promotion {str(id)[:40]!r}.")
    return found


def get_batch(user: User, id: str | int) -> PromotionBatch:
    """One with a promotion that the person may see, or their own."""
    batch = PromotionBatch.objects.select_related("requested_by").filter(pk=number(id, "batch")).first()
    if batch is None or not (batch.requested_by_id == user.pk or promotions(user).filter(batch=batch).exists()):
        raise NotFound(f"There is no batch of promotions {str(id)[:40]!r}.")
    return batch


def _rules(job: Job, kept: dict[tuple[int, int | None], Policy]) -> policies.Rules:
    environment = job.database.environment
    policy = kept.get((environment.pk, job.database.project_id)) or kept.get((environment.pk, None))
    return policies.rules_of(policy, environment)


def _shown(jobs: QuerySet[Job]) -> QuerySet[Job]:
    related = jobs.select_related("database__project", "database__environment", "requested_by").order_by("created_at", "pk")
    return related.prefetch_related(Prefetch("plan", queryset=PLANS), "approvals__user")
