"""Proposals on their way into a project's git source."""

from django.conf import settings
from django.db import models

from migrations_store.models.project import Project
from migrations_store.models.proposal import Proposal, ProposalVersion


class PushCredential(models.Model):
    """What the dashboard may push to a project's git source with: an access token, or an ssh key.

    `sealed` opens for the server that it was given for alone (migrations_store.credentials), and nothing shows it again.
    """

    class Kind(models.TextChoices):
        TOKEN = "token", "Access token"
        KEY = "key", "ssh key"

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="push_credential")
    kind = models.CharField(max_length=8, choices=Kind)
    username = models.CharField(max_length=100, blank=True, default="", help_text="Which the server wants beside the token.")
    sealed = models.TextField()
    server = models.CharField(max_length=300, help_text="scheme://host:port")
    set_by = models.CharField(max_length=200, help_text="The user's name.")
    set_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.project.slug}"


class ProposalPush(models.Model):
    """One version of a proposal as a new branch. `base` is the commit it stands on, `url` where a pull request is opened."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Being pushed"
        DONE = "done", "Pushed"
        FAILED = "failed", "Failed"

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="pushes")
    version = models.ForeignKey(ProposalVersion, on_delete=models.CASCADE, related_name="+")
    branch = models.CharField(max_length=255)
    base = models.CharField(max_length=64, blank=True, default="")
    commit = models.CharField(max_length=64, blank=True, default="")
    url = models.CharField(max_length=1500, blank=True, default="")
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED, db_index=True)
    error = models.JSONField(null=True, blank=True, help_text="{code, title, why, next, detail}")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=200)
    author_email = models.CharField(max_length=254)
    at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"branch {self.branch}"
