"""Projects, the immutable snapshots of their code, and revisions that are proposed for it."""

from django.conf import settings
from django.db import models


class SourceKind(models.TextChoices):
    DIRECTORY = "directory", "Directory"
    GIT = "git", "Git repository"


NEWEST_FIRST = ("-read_at", "-id")


class Project(models.Model):
    """One Alembic script directory, where its code comes from, and which Python runs it."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    source_kind = models.CharField(max_length=16, choices=SourceKind)
    source_path = models.CharField(max_length=1000, blank=True, default="", help_text="Directory: its absolute path.")
    source_url = models.CharField(max_length=1000, blank=True, default="", help_text="Git: https or ssh address.")
    source_ref = models.CharField(max_length=255, blank=True, default="main", help_text="Git: branch, tag or commit.")
    source_subdirectory = models.CharField(max_length=500, blank=True, default="", help_text="Git: folder of the project.")
    config_path = models.CharField(max_length=500, blank=True, default="alembic.ini", help_text="Relative to the source root.")
    section = models.CharField(max_length=100, blank=True, default="alembic")
    script_location = models.CharField(max_length=500, blank=True, default="", help_text="Overrides the configuration's.")
    version_locations = models.JSONField(default=list, blank=True, help_text="List of paths; overrides the configuration's.")
    python = models.CharField(max_length=500, blank=True, default="", help_text="Interpreter; empty: the dashboard's own.")
    working_directory = models.CharField(max_length=500, blank=True, default="", help_text="Empty: the source root.")
    env_vars = models.JSONField(default=dict, blank=True, help_text="Name to template.")
    x_arguments = models.JSONField(default=list, blank=True, help_text="List of name=template.")
    flask_app = models.CharField(max_length=200, blank=True, default="", help_text="module:factory()")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def latest_snapshot(self) -> "Snapshot | None":
        """Without its large columns, which few ask for."""
        return self.snapshots.order_by(*NEWEST_FIRST).defer("graph", "manifest").first()


class Snapshot(models.Model):
    """One immutable reading of a project's code.

    `graph` is the document that migrations_store.graph writes and reads (revisions, order, faults); it is large, so lists
    of snapshots defer it. `manifest` maps each path that counts to the SHA-256 of its content. Reading the same content
    again, also after others, gives the same row: only `read_at` moves, and `root` if the code now lies elsewhere.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="snapshots")
    digest = models.CharField(max_length=64)
    commit = models.CharField(max_length=64, blank=True, default="")
    root = models.CharField(max_length=1000, help_text="Where the source root lies on disk.")
    manifest = models.JSONField(default=dict)
    graph = models.JSONField(default=dict)
    heads = models.JSONField(default=list)
    bases = models.JSONField(default=list)
    revision_count = models.PositiveIntegerField(default=0)
    warnings = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(help_text="When the code was last seen to be this.")

    class Meta:
        ordering = NEWEST_FIRST
        constraints = [models.UniqueConstraint(fields=["project", "digest"], name="one_snapshot_per_digest")]

    def __str__(self) -> str:
        return f"{self.project_id}:{self.digest[:12]}"


class KnownRevision(models.Model):
    """That some snapshot of the project held a revision, so that this can be asked without opening every graph."""

    LONGEST = 255

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="known_revisions")
    revision = models.CharField(max_length=LONGEST)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "revision"], name="one_row_per_known_revision")]

    def __str__(self) -> str:
        return self.revision


class SourceText(models.Model):
    """The text of a revision file, kept once per content, so that what ran can be shown when the file is long gone."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()


class Proposal(models.Model):
    """A candidate revision under review: what autogenerate found between the models and a database. Nothing of it is in the project's code.

    `options` are those of `alembic revision` (head, splice, branch_label, version_path, depends_on). The environment is kept beside
    the database, so that who may see it is known when the connection profile is gone. `summary` counts the newest version's entries.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Being made"
        OPEN = "open", "Open"
        EMPTY = "empty", "No differences"
        FAILED = "failed", "Failed"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="proposals")
    database = models.ForeignKey("environments.Database", on_delete=models.SET_NULL, null=True, related_name="proposals")
    environment = models.ForeignKey("environments.Environment", on_delete=models.SET_NULL, null=True, related_name="+")
    against = models.CharField(max_length=300, help_text="The database in words.")
    message = models.CharField(max_length=200)
    revision_id = models.CharField(max_length=32, blank=True, default="", help_text="Empty: Alembic makes one up.")
    scratch = models.BooleanField(default=False, help_text="Compared with a scratch database to which all revisions were applied.")
    options = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED, db_index=True)
    summary = models.JSONField(default=dict, blank=True, help_text="{added, removed, changed, data_loss, red_flags} of the newest version.")
    error = models.JSONField(null=True, blank=True, help_text="{code, title, why, next, detail}")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"proposal {self.pk}"


class ProposalVersion(models.Model):
    """What one run of autogenerate gave. Never changed: making the proposal again adds the next number.

    `files` is a list of {"revision", "down_revisions", "message", "path", "python", "operations", "sql"}, mostly of one; `changes` the
    entries of migrations_store.differences; `facts` what the runner counted. `checksum` is the SHA-256 of the files' text.
    """

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
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


class Suppression(models.Model):
    """That a finding is known and accepted, with a reason and until when: in one revision or (null) in all, of one object or of all.

    An expired one counts no more, and stays as it was.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="suppressions")
    rule = models.CharField(max_length=60)
    revision = models.CharField(max_length=KnownRevision.LONGEST, null=True, blank=True)
    object = models.CharField(max_length=300, null=True, blank=True)
    reason = models.TextField()
    by = models.CharField(max_length=200, help_text="The user's name.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Null: until somebody takes it back.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.rule} in {self.project.slug}"
