"""Plans, jobs, their steps and their log."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from environments import urls
from environments.models import Database, Environment
from migrations_store.models import Project, Proposal, Snapshot


class Command(models.TextChoices):
    UPGRADE = "upgrade", "Upgrade"
    DOWNGRADE = "downgrade", "Downgrade"
    STAMP = "stamp", "Stamp"
    CHECK = "check", "Check"


class JobStatus(models.TextChoices):
    AWAITING_APPROVAL = "awaiting_approval", "Awaiting approval"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"
    REJECTED = "rejected", "Rejected"
    UNKNOWN = "unknown", "Unknown"


FINAL = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED, JobStatus.REJECTED)
WAITING = (JobStatus.AWAITING_APPROVAL, JobStatus.QUEUED)
ACTIVE = (JobStatus.AWAITING_APPROVAL, JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.UNKNOWN)
HOLDING = (JobStatus.RUNNING, JobStatus.UNKNOWN)


class OutcomeState(models.TextChoices):
    """What the database itself said after a job (contract: database_state)."""

    AT_TARGET = "at_target", "At target"
    UNCHANGED = "unchanged", "Unchanged"
    PARTIAL = "partial", "Partial"
    UNKNOWN = "unknown", "Unknown"


class StepStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"


class Plan(models.Model):
    """One command on one database, resolved to explicit revision ids. Never changed once made.

    `steps` is a list of {"revision", "direction", "message", "down_revisions", "checksum", "downgrade", "data_loss", "non_atomic",
    "unclear"}: what the revision's text says of it (migrations_store.effects).
    `facts` is everything that decides what happens, part by part (jobs.facts), and `digest` covers them; the SQL preview is
    evidence beside it and comes later (`preview_state`: asked, ready, unavailable).
    """

    database = models.ForeignKey(Database, on_delete=models.CASCADE, related_name="plans")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.RESTRICT, null=True, related_name="+")
    command = models.CharField(max_length=16, choices=Command)
    requested_revision = models.CharField(max_length=255, blank=True, default="")
    from_heads = models.JSONField(default=list)
    to_heads = models.JSONField(default=list)
    steps = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, db_index=True)
    preview_state = models.CharField(max_length=16, default="asked")
    preview = models.JSONField(default=dict, help_text="Revision to {sql, sql_unavailable}.")
    rows = models.JSONField(default=dict, help_text="How many rows the tables hold in which something is lost.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"plan {self.digest[:8]}"

    @property
    def atomic(self) -> bool | None:
        """Whether it is all or nothing; None where the text of a revision does not tell."""
        if self.not_atomic_because:
            return False
        return None if self.unclear else True

    @property
    def unclear(self) -> str:
        """What the texts of its revisions do not tell, in a few words; empty: they tell everything."""
        found = [
            f"{step['revision']}, line {reason['line']}: {reason['why']}" for step in self.steps for reason in step.get("unclear") or []
        ]
        return "; ".join(found[:3])

    @property
    def not_atomic_because(self) -> str:
        """Why a failure half-way leaves a part of it in the database, as far as can be seen beforehand; empty: it is all or nothing."""
        dialect = urls.dialect(self.database.driver)
        if dialect != "postgresql" and self.steps and self.command != Command.STAMP:
            return f"{'SQLite' if dialect == 'sqlite' else 'MySQL'} commits each change of the schema as it is made"
        found = [f"{step['revision']}: {reason['why']}" for step in self.steps for reason in step.get("non_atomic") or []]
        return "; ".join(found[:3])


class PromotionBatch(models.Model):
    """Several promotions that were asked for at once; each stands on its own. `refused` is a list of {"what", "why"}."""

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    refused = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)


class Promotion(models.Model):
    """Bring one environment's database to the revisions that another's has, in one stage or through several; or roll one back.

    `goal` is what every stage is brought to, as explicit revisions. A rollback has its environment as source and as target.
    """

    class Kind(models.TextChoices):
        PROMOTE = "promote", "Promotion"
        ROLLBACK = "rollback", "Rollback"

    class Status(models.TextChoices):
        ACTIVE = "active", "Under way"
        SUCCEEDED = "succeeded", "Succeeded"
        ENDED = "ended", "Ended early"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="promotions")
    source = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.PROMOTE)
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE, db_index=True)
    batch = models.ForeignKey(PromotionBatch, on_delete=models.SET_NULL, null=True, related_name="promotions")
    goal = models.JSONField(default=list)
    reason = models.TextField(blank=True, default="")
    run_when_approved = models.BooleanField(default=True)
    not_before = models.DateTimeField(null=True, blank=True)
    in_window = models.BooleanField(default=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"promotion {self.pk}"


class Job(models.Model):
    """One execution of a plan. This row is the truth; a Celery message only rings for it.

    `fence` counts the claims: whoever writes to the job must hold the current one, so a worker that was given up for dead
    cannot report success later. `held` says which gate sent it back to wait when its turn had come, and `held_until` when it is
    asked again at the latest.
    """

    database = models.ForeignKey(Database, on_delete=models.CASCADE, related_name="jobs")
    plan = models.ForeignKey(Plan, on_delete=models.RESTRICT, related_name="jobs")
    promotion = models.ForeignKey(Promotion, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs")
    command = models.CharField(max_length=16, choices=Command)
    requested_revision = models.CharField(max_length=255, blank=True, default="")
    status = models.CharField(max_length=20, choices=JobStatus, default=JobStatus.QUEUED)
    database_state = models.CharField(max_length=16, choices=OutcomeState, blank=True, default="")
    heads_after = models.JSONField(null=True, blank=True)
    reason = models.TextField(blank=True, default="")
    error = models.JSONField(null=True, blank=True, help_text="{code, title, why, next, detail}")
    changes = models.JSONField(null=True, blank=True, help_text="Command check: what differs.")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="jobs")
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)
    run_when_approved = models.BooleanField(default=True, help_text="Off: somebody has to release it once it is approved.")
    not_before = models.DateTimeField(null=True, blank=True)
    in_window = models.BooleanField(default=False, help_text="It was asked to run in the next window of the environment.")
    break_glass = models.BooleanField(default=False, help_text="Approvals, window, freeze and previous environment were passed over.")
    held = models.JSONField(null=True, blank=True, help_text="{gate, detail}: what it waits for, found when its turn had come.")
    held_until = models.DateTimeField(null=True, blank=True)
    backup = models.JSONField(null=True, blank=True, help_text="{file, size, sha256, …} of the backup made before it (jobs.backup).")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True, default="")
    pid = models.PositiveIntegerField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.TextField(blank=True, default="")
    canceled_by = models.CharField(max_length=200, blank=True, default="")
    line_count = models.PositiveIntegerField(default=0)
    fingerprint_before = models.CharField(max_length=64, blank=True, default="", help_text="Hash of the schema when the job began.")
    blocked_by = models.JSONField(null=True, blank=True, help_text="Who was in its way when it was last looked (environments.blockers).")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["database", "status"]), models.Index(fields=["status", "created_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["database"], condition=Q(status__in=["running", "unknown"]), name="one_running_job_per_database"
            ),
            models.UniqueConstraint(fields=["requested_by", "idempotency_key"], name="one_job_per_idempotency_key"),
        ]

    def __str__(self) -> str:
        return f"job {self.pk}"

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


class Comparison(models.Model):
    """What one check found between the models and its database.

    `entries` are those of migrations_store.differences; each has `since` beside it, when this difference was first seen in that
    database without having gone meanwhile, and `since_job`, by which check.
    """

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="comparison")
    database = models.ForeignKey(Database, on_delete=models.CASCADE, related_name="comparisons")
    entries = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    red_flags = models.JSONField(default=list)
    blind_spots = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"comparison of job {self.job_id}"


class ScratchDatabase(models.Model):
    """A database that the dashboard has made, or is about to make, on a scratch server. The row is there before the database and goes
    after it: whatever a worker leaves behind is known by name, and nothing else is ever dropped."""

    name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=16)
    place = models.CharField(max_length=300, help_text="Host and port of the server.")
    proposal = models.ForeignKey(Proposal, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Stage(models.Model):
    """One database on a promotion's way. Its job is made when the stage before has succeeded; `note` says how it ended."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        REQUESTED = "requested", "Requested"
        SUCCEEDED = "succeeded", "Succeeded"
        ENDED = "ended", "Ended"

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveIntegerField()
    giver = models.ForeignKey(Database, on_delete=models.SET_NULL, null=True, related_name="+")
    database = models.ForeignKey(Database, on_delete=models.CASCADE, related_name="+")
    job = models.OneToOneField(Job, on_delete=models.SET_NULL, null=True, related_name="stage")
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    note = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["promotion", "position"], name="one_stage_per_position")]


class Decision(models.TextChoices):
    APPROVE = "approve", "Approved"
    REJECT = "reject", "Rejected"


class Approval(models.Model):
    """One person's decision on one job, for the plan of this digest alone. Rows are kept: one that was withdrawn says when."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="approvals")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=8, choices=Decision)
    comment = models.TextField(blank=True, default="")
    plan_digest = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.decision} of job {self.job_id}"


class Step(models.Model):
    """One revision within a job."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    revision = models.CharField(max_length=255)
    message = models.TextField(blank=True, default="")
    direction = models.CharField(max_length=16)
    checksum = models.CharField(max_length=64, blank=True, default="", db_index=True, help_text="SHA-256 of the revision's file.")
    status = models.CharField(max_length=16, choices=StepStatus, default=StepStatus.PENDING)
    started_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="one_step_per_position")]


class LogChunk(models.Model):
    """Consecutive lines of a job's log, written together: one row a line would slow a chatty migration twenty times.

    `lines` is a list of [seq, at, stream, text], `at` in ISO 8601 UTC; seq counts from 1 without gaps.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="log_chunks")
    first_seq = models.PositiveIntegerField()
    last_seq = models.PositiveIntegerField()
    lines = models.JSONField()

    class Meta:
        ordering = ["first_seq"]
        constraints = [models.UniqueConstraint(fields=["job", "first_seq"], name="one_chunk_per_place")]


class Worker(models.Model):
    """A worker process that lives: it says so every few seconds."""

    name = models.CharField(max_length=200, primary_key=True)
    queues = models.CharField(max_length=200)
    isolation = models.CharField(max_length=300, blank=True, default="", help_text="How it runs the code of projects, as a sentence.")
    seen_at = models.DateTimeField()


class Pulse(models.Model):
    """When a periodic work was last done, such as the sweep."""

    name = models.CharField(max_length=50, primary_key=True)
    seen_at = models.DateTimeField()
