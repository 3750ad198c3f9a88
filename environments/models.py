"""Environments, their policies, and the databases in them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from migrations_store.models import Project


class Environment(models.Model):
    """An ordered stage (dev, test, prod). A protected one needs a policy: without, nothing may run there."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    position = models.PositiveIntegerField(default=0)
    protected = models.BooleanField(default=False)
    lock_timeout = models.PositiveIntegerField(default=5, help_text="Seconds a statement may wait for a lock.")
    statement_timeout = models.PositiveIntegerField(default=0, help_text="Seconds a statement may take; 0 is no limit.")
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_until = models.DateTimeField(null=True, blank=True, help_text="Null in a freeze: until somebody lifts it.")
    freeze_reason = models.TextField(blank=True, default="", help_text="Empty: not frozen.")
    frozen_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.slug


class Policy(models.Model):
    """What a job has to keep to in an environment; with a project, the exception that holds there in its place.

    `version` is one more with each change, so that a plan knows under which rules it was made. A timeout of null is the
    environment's own. `windows` is a list of {"days": [0 for Monday, … 6], "from": "22:00", "to": "06:00"} in `time_zone`:
    jobs run only then, and at any time if it is empty. `severities` maps the rules on migrations whose level is another here
    to it (migrations_store.findings.levels): off, info, warning, error, or block, which refuses a plan.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="policies")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, blank=True, related_name="policies")
    version = models.PositiveIntegerField(default=1)
    approvals = models.PositiveSmallIntegerField(default=1)
    approver_role = models.CharField(max_length=16, default="reviewer")
    require_previous = models.BooleanField(default=False)
    require_single_head = models.BooleanField(default=False)
    forbid_downgrade = models.BooleanField(default=False)
    forbid_stamp = models.BooleanField(default=False)
    forbid_non_atomic = models.BooleanField(default=False)
    forbid_data_loss = models.BooleanField(default=False)
    lock_timeout = models.PositiveIntegerField(null=True, blank=True)
    statement_timeout = models.PositiveIntegerField(null=True, blank=True)
    windows = models.JSONField(default=list, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name.")
    backup_command = models.TextField(blank=True, default="")
    backup_timeout = models.PositiveIntegerField(default=600, help_text="Seconds.")
    approval_hours = models.PositiveIntegerField(default=72, help_text="How long an approval holds.")
    break_glass = models.BooleanField(default=True)
    severities = models.JSONField(default=dict, blank=True, help_text="Rule id to level, where it differs.")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["environment__position", "project__slug"]
        constraints = [
            models.UniqueConstraint(fields=["environment", "project"], name="one_policy_per_project"),
            # Null is never equal to null, so that the one for all projects needs a constraint of its own.
            models.UniqueConstraint(fields=["environment"], condition=Q(project__isnull=True), name="one_policy_per_environment"),
        ]

    def __str__(self) -> str:
        return f"{self.environment.slug}/{self.project.slug}" if self.project else self.environment.slug


class ChangeKind(models.TextChoices):
    """What a change is about; the last three are ways around a policy, and are treated as changes of it."""

    POLICY = "policy", "Policy"
    DELETION = "deletion", "Policy deleted"
    ENVIRONMENT = "environment", "Environment"
    MOVE = "move", "Database moved out"


class ChangeStatus(models.TextChoices):
    WAITING = "waiting", "Waits for a second person"
    APPLIED = "applied", "Took effect at once"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    SUPERSEDED = "superseded", "Superseded"


class PolicyChange(models.Model):
    """A change of the rules of an environment: in a protected one it waits until a second person approves it.

    `before` and `after` hold the values of the fields that change. It is approved only while what it began from still holds:
    `version` is the policy's then (0: there was none), and for other kinds the values of `before`.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="changes")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    database = models.ForeignKey("Database", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=16, choices=ChangeKind)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True, default="")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(max_length=16, choices=ChangeStatus, default=ChangeStatus.WAITING)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    comment = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"policy change {self.pk}"

    @property
    def is_waiting(self) -> bool:
        return self.status == ChangeStatus.WAITING


class DatabaseState(models.TextChoices):
    """What the version table says, compared with the project's newest snapshot (contract: state)."""

    UP_TO_DATE = "up_to_date", "Up to date"
    PENDING = "pending", "Pending"
    AHEAD = "ahead", "Ahead"
    UNKNOWN_REVISION = "unknown_revision", "Unknown revision"
    OVERLAPPING = "overlapping", "Overlapping"
    UNINITIALISED = "uninitialised", "Not initialised"
    UNREACHABLE = "unreachable", "Unreachable"
    UNCHECKED = "unchecked", "Not checked"


class Database(models.Model):
    """A connection profile: one database of a project in an environment, with the last reading of its version table.

    The password is write-only. It is kept as `secret`, encrypted and bound to this row (environments.secrets); its id is a
    UUID made before the first save, so that the binding exists from the start.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="databases")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="databases")
    name = models.CharField(max_length=100, blank=True, default="")
    driver = models.CharField(max_length=50, help_text="SQLAlchemy driver name, such as postgresql+psycopg2.")
    host = models.CharField(max_length=255, blank=True, default="")
    port = models.PositiveIntegerField(null=True, blank=True)
    username = models.CharField(max_length=255, blank=True, default="")
    database = models.CharField(max_length=1000, blank=True, default="")
    query = models.JSONField(default=dict, blank=True)
    secret = models.TextField(blank=True, default="", editable=False)
    secret_changed_at = models.DateTimeField(null=True, blank=True)
    version_table = models.CharField(max_length=128, blank=True, default="", help_text="Empty: alembic_version.")
    version_table_schema = models.CharField(max_length=128, blank=True, default="")
    create_if_missing = models.BooleanField(default=False, help_text="SQLite: a job may create the file.")
    created_at = models.DateTimeField(auto_now_add=True)

    state = models.CharField(max_length=20, choices=DatabaseState, default=DatabaseState.UNCHECKED)
    current = models.JSONField(default=list)
    pending = models.JSONField(default=list)
    pending_count = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True, help_text="When `current` was last seen to change.")
    error_code = models.CharField(max_length=50, blank=True, default="")
    error = models.TextField(blank=True, default="")
    server = models.CharField(max_length=200, blank=True, default="", help_text="Such as PostgreSQL 16.4.")
    latency_ms = models.FloatField(null=True, blank=True)
    identity = models.JSONField(default=dict, blank=True, help_text="Which server and database the last reading came from.")
    expected = models.JSONField(null=True, blank=True, default=None, help_text="What jobs and readings account for (environments.watcher).")
    expected_at = models.DateTimeField(null=True, blank=True)
    differences = models.PositiveIntegerField(default=0, help_text="From the models, by the last check since it moved.")
    differences_at = models.DateTimeField(null=True, blank=True)
    differences_until = models.DateTimeField(null=True, blank=True, help_text="When the first of the rules that were looked at ends.")
    moved_outside = models.JSONField(null=True, blank=True, default=None, help_text="{from, to, between}, until the next job.")

    class Meta:
        ordering = ["project__slug", "environment__position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["project", "environment", "name"], name="one_database_per_name"),
            models.CheckConstraint(condition=Q(port__isnull=True) | Q(port__lte=65535), name="port_in_range"),
        ]

    def __str__(self) -> str:
        return "/".join(part for part in (self.project.slug, self.environment.slug, self.name) if part)

    @property
    def was_read(self) -> bool:
        """Until its version table was read once, an empty `current` says nothing."""
        return bool(self.server)

    @property
    def awaits_its_file(self) -> bool:
        """SQLite: nothing is there yet, and the next job may make it."""
        return self.create_if_missing and self.state == DatabaseState.UNREACHABLE and self.error_code == "database_missing"
