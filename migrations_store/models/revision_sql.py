"""The SQL of revisions, as it was written when somebody looked at one."""

from django.db import models

from migrations_store.models.project import KnownRevision, Project


class RevisionSql(models.Model):
    """What Alembic's offline mode wrote of one file, both ways, for each kind of database: kept by the file's content.

    `dialects` maps each to {"upgrade", "downgrade"}, each {"sql", "sql_unavailable"}, the one that env.py configured first;
    `unavailable` says why there is nothing at all.
    """

    class State(models.TextChoices):
        ASKED = "asked", "Being written"
        READY = "ready", "Written"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="revision_sql")
    sha256 = models.CharField(max_length=64)
    revision = models.CharField(max_length=KnownRevision.LONGEST)
    state = models.CharField(max_length=8, choices=State, default=State.ASKED, db_index=True)
    dialects = models.JSONField(default=dict)
    unavailable = models.TextField(blank=True, default="")
    asked_at = models.DateTimeField(auto_now_add=True)
    written_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "sha256"], name="one_sql_per_file")]

    def __str__(self) -> str:
        return f"SQL of {self.revision}"
