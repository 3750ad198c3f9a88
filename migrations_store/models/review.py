"""What people say of proposals."""

from django.conf import settings
from django.db import models

from migrations_store.models.proposal import Proposal, ProposalVersion


class ReviewDecision(models.TextChoices):
    COMMENT = "comment", "Commented"
    APPROVE = "approve", "Approved"
    REQUEST_CHANGES = "request_changes", "Asked for changes"


class ThreadKind(models.TextChoices):
    OBJECT = "object", "An object"
    LINE = "line", "A line of the file"
    GENERAL = "general", "The proposal"


class Review(models.Model):
    """One person's word on one version. `checksum` is that of the files they were shown, which is the version's: it counts for no other."""

    version = models.ForeignKey(ProposalVersion, on_delete=models.CASCADE, related_name="reviews")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=16, choices=ReviewDecision)
    comment = models.TextField(blank=True, default="")
    checksum = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.decision} of {self.version}"


class Thread(models.Model):
    """A conversation at one place. `anchor` is an entry's key, `FILE:LINE` of the version it was opened at (the file by its place
    among the version's), or empty; `quote` is the line as it was, by which it is found again in a newer version."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="threads")
    kind = models.CharField(max_length=16, choices=ThreadKind)
    anchor = models.CharField(max_length=1000, blank=True, default="")
    quote = models.TextField(blank=True, default="")
    version = models.ForeignKey(ProposalVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"thread {self.pk} of {self.proposal}"


class Comment(models.Model):
    """Never changed: what was answered has to stay."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="comments")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"comment {self.pk}"


class Viewed(models.Model):
    """That one person has looked at an object (an entry's key) as it was then: `digest` is of the entry."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="viewed")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=1000)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["proposal", "user", "key"], name="one_tick_per_object")]

    def __str__(self) -> str:
        return self.key
