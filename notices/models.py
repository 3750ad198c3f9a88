"""Notices for people, channels that lead outside, and the log of what was sent there."""

import uuid

from django.conf import settings
from django.db import models


class Kind(models.TextChoices):
    """What is told of."""

    APPROVAL_WANTED = "approval_wanted", "An approval is wanted"
    APPROVED = "approved", "A request was approved"
    REJECTED = "rejected", "A request was rejected"
    JOB_FAILED = "job_failed", "A job failed"
    JOB_SUCCEEDED = "job_succeeded", "A job succeeded"
    BREAK_GLASS = "break_glass", "Somebody broke the glass"
    MOVED_OUTSIDE = "moved_outside", "A database was changed outside the dashboard"
    POLICY_CHANGE_WANTED = "policy_change_wanted", "A change of policy waits for a second person"
    REVIEW_WANTED = "review_wanted", "A proposal waits for review"
    PROPOSAL_APPROVED = "proposal_approved", "A proposal was approved"
    CHANGES_REQUESTED = "changes_requested", "Changes to a proposal were asked for"
    IGNORE_WANTED = "ignore_wanted", "An ignore rule waits for a second person"
    PROPOSAL_REPLY = "proposal_reply", "Somebody commented on a proposal"
    PROPOSAL_PUSHED = "proposal_pushed", "A proposal was pushed, or could not be"


class Notice(models.Model):
    """One thing that one person should know; `url` is the path of the page that shows it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=32, choices=Kind)
    text = models.TextField()
    url = models.CharField(max_length=300)
    at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["user", "read_at"], name="notice_user_read")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Way(models.TextChoices):
    EMAIL = "email", "E-mail"
    WEBHOOK = "webhook", "Webhook"


class Channel(models.Model):
    """Where notices are sent: an e-mail address or a webhook.

    A webhook's address may be the secret by which it is known (Slack's is), so it is sealed like the signing secret; `shown` is the part
    that pages and logs name. The id is made before the first save, so that both are bound to the row from the start.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    way = models.CharField(max_length=16, choices=Way)
    address = models.TextField(editable=False, help_text="Sealed.")
    shown = models.CharField(max_length=255)
    secret = models.TextField(blank=True, default="", editable=False, help_text="Sealed; signs webhooks.")
    kinds = models.JSONField(default=list)
    project = models.ForeignKey("migrations_store.Project", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    environment = models.ForeignKey("environments.Environment", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One message to one channel. While `next_at` is set it is tried then; claiming moves `next_at` on, which succeeds once."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    kind = models.CharField(max_length=32)
    content = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def given_up(self) -> bool:
        return self.done_at is None and self.next_at is None
