"""Findings that somebody accepts."""

from django.db import models
from django.utils import timezone

from migrations_store.models.project import KnownRevision, Project


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

    @property
    def is_over(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
