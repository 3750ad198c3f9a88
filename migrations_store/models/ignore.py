"""Differences between models and databases that somebody has looked at and calls noise."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from migrations_store.models.project import Project


class IgnoredDifference(models.Model):
    """One rule: either one object with what happens to it (`kind`, `what`, and its names), or every table whose name fits `pattern`.

    Without environment and database it is for all of the project. Where an environment is protected it counts once a second person
    has approved it. Rows are kept: one that was taken back or has expired says so, and hides nothing any more.
    """

    LONGEST = 255

    class Decision(models.TextChoices):
        NONE = "", "Not decided"
        APPROVE = "approve", "Approved"
        REJECT = "reject", "Rejected"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="ignored_differences")
    environment = models.ForeignKey("environments.Environment", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    database = models.ForeignKey("environments.Database", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=40, blank=True, default="", help_text="Of an entry of migrations_store.differences.")
    what = models.CharField(max_length=16, blank=True, default="", help_text="added, removed or changed.")
    schema = models.CharField(max_length=LONGEST, blank=True, default="")
    table = models.CharField(max_length=LONGEST, blank=True, default="")
    name = models.CharField(max_length=LONGEST, blank=True, default="", help_text="Of the column, index or constraint, if it has one.")
    pattern = models.CharField(max_length=200, blank=True, default="", help_text="Of table names, with * and ?.")
    reason = models.TextField()
    expires_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    decision = models.CharField(max_length=8, choices=Decision, blank=True, default=Decision.NONE)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    comment = models.TextField(blank=True, default="")
    taken_back_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"ignore rule {self.pk}"

    @property
    def object(self) -> str:
        """As an entry names it."""
        return ".".join(part for part in (self.schema, self.table, self.name) if part)

    @property
    def over(self) -> bool:
        """Whether it can hide nothing any more."""
        return self.taken_back_at is not None or self.decision == self.Decision.REJECT or self.expires_at <= timezone.now()

    @property
    def subject(self) -> str:
        """What it is about, such as `column customers.nick, added`."""
        return f"tables like {self.pattern}" if self.pattern else f"{self.kind} {self.object}, {self.what}"
