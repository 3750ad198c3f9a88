"""Projects and the immutable snapshots of their code."""

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
    reviews_needed = models.PositiveSmallIntegerField(default=1, help_text="Approvals that a proposal needs before it is pushed.")
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
    """That some snapshot of the project held a revision, so that this can be asked without opening every graph.

    `message` is the newest one that a snapshot had, cut: what a search through all projects looks at.
    """

    LONGEST = 255

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="known_revisions")
    revision = models.CharField(max_length=LONGEST)
    message = models.CharField(max_length=LONGEST, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "revision"], name="one_row_per_known_revision")]

    def __str__(self) -> str:
        return self.revision


class SourceText(models.Model):
    """The text of a revision file, kept once per content, so that what ran can be shown when the file is long gone."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()
