"""Revisions that are proposed for a project."""

from django.conf import settings
from django.db import models

from migrations_store.models.project import Project, Snapshot


class Proposal(models.Model):
    """A candidate revision under review. Nothing of it is in the project's code.

    `options` are those of `alembic revision` (head, splice, branch_label, version_path, depends_on), `heads` of a merge, and `move`
    and `onto` of a re-parenting. The environment is kept beside the database, so that who may see it is known when the connection
    profile is gone; what is no comparison has neither. `summary` counts the newest version's entries. `draft` is what the worker is to
    make of the newest version next, {"origin", "author", "note", …}, and stays where that failed; null: the proposal as it was asked for.
    """

    class Kind(models.TextChoices):
        AUTOGENERATE = "autogenerate", "Models against a database"
        EMPTY = "empty", "Empty revision"
        MERGE = "merge", "Merge of heads"
        REPARENT = "reparent", "Moved head"

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Being made"
        OPEN = "open", "Open"
        EMPTY = "empty", "No differences"
        FAILED = "failed", "Failed"
        CLOSED = "closed", "Closed"

    kind = models.CharField(max_length=16, choices=Kind, default=Kind.AUTOGENERATE)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="proposals")
    database = models.ForeignKey("environments.Database", on_delete=models.SET_NULL, null=True, related_name="proposals")
    environment = models.ForeignKey("environments.Environment", on_delete=models.SET_NULL, null=True, related_name="+")
    against = models.CharField(max_length=300, help_text="The database in words.")
    message = models.CharField(max_length=200)
    revision_id = models.CharField(max_length=32, blank=True, default="", help_text="Empty: Alembic makes one up.")
    scratch = models.BooleanField(default=False, help_text="Compared with a scratch database to which all revisions were applied.")
    scratch_kind = models.CharField(max_length=16, blank=True, default="", help_text="sqlite, postgresql or mysql; empty: the database's.")
    options = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED, db_index=True)
    summary = models.JSONField(default=dict, blank=True, help_text="{added, removed, changed, data_loss, red_flags} of the newest version.")
    error = models.JSONField(null=True, blank=True, help_text="{code, title, why, next, detail}")
    draft = models.JSONField(null=True, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"proposal {self.pk}"


class ProposalVersion(models.Model):
    """One state of a proposal. Never changed: making it again, an edit and an accepted rename add the next number.

    `files` is a list of {"revision", "down_revisions", "message", "path", "python", "operations", "sql"}, mostly of one; a file that is
    in the code already has its present text in "replaces". `changes` are the entries of migrations_store.differences, in an edited
    version those of what was compared; `facts` what the runner counted. `checksum` is the SHA-256 of the files' text.
    """

    class Origin(models.TextChoices):
        MADE = "made", "Made"
        RENAMED = "renamed", "A rename was accepted"
        EDITED = "edited", "Edited by hand"

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    origin = models.CharField(max_length=16, choices=Origin, default=Origin.MADE)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: a worker.")
    note = models.CharField(max_length=300, blank=True, default="", help_text="What its author says of it.")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.SET_NULL, null=True, related_name="+")
    heads = models.JSONField(default=list, help_text="Where the database was.")
    files = models.JSONField(default=list)
    changes = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    red_flags = models.JSONField(default=list)
    blind_spots = models.JSONField(default=list)
    checksum = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["proposal", "number"], name="one_number_per_version")]

    def __str__(self) -> str:
        return f"proposal {self.proposal_id}, version {self.number}"
