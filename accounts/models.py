"""Users with a role everywhere, grants that add roles in a scope, teams, and API tokens that are stored as hashes."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q


class Role(models.TextChoices):
    """What someone may do, everywhere or in a scope; accounts.permissions says what each one includes."""

    NONE = "none", "No role"
    VIEWER = "viewer", "Viewer"
    REVIEWER = "reviewer", "Reviewer"
    OPERATOR = "operator", "Operator"
    LEAD = "lead", "Lead"
    AUDITOR = "auditor", "Auditor"
    ADMIN = "admin", "Administrator"


class Theme(models.TextChoices):
    AUTO = "auto", "Like the system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Density(models.TextChoices):
    COMFORTABLE = "comfortable", "Comfortable"
    COMPACT = "compact", "Compact"


class User(AbstractUser):
    """Someone who signs in. `time_zone` is an IANA name, empty for UTC; `language` is empty for the browser's.

    `shortcuts` are those of a single key (WCAG 2.1.4).
    """

    role = models.CharField(max_length=16, choices=Role, default=Role.VIEWER)
    theme = models.CharField(max_length=8, choices=Theme, default=Theme.AUTO)
    density = models.CharField(max_length=12, choices=Density, default=Density.COMFORTABLE)
    shortcuts = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=64, blank=True, default="")
    language = models.CharField(max_length=8, blank=True, default="")

    kept_grants: "list[tuple[str, Any]]"  # by accounts.permissions, once asked for

    class Meta:
        ordering = ["username"]

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username


class Team(models.Model):
    """People who get grants together."""

    name = models.CharField(max_length=100, unique=True)
    members = models.ManyToManyField(User, related_name="teams", blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """A role for a user or a team in a scope: one project or all of them, in one environment or in all of them.

    The scope's rooms lie above this one, so they are named by strings (ADR 14).
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="grants")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="grants")
    role = models.CharField(max_length=16, choices=Role)
    project = models.ForeignKey("migrations_store.Project", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    environment = models.ForeignKey("environments.Environment", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=Q(user__isnull=True) ^ Q(team__isnull=True), name="grant_for_user_or_team")]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.pk}"


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is kept: the value is random, so a slow hash would add nothing."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"


class SignInAttempt(models.Model):
    """One attempt to sign in that has not succeeded; `key` is a hash of who tried (accounts.attempts)."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="attempt_key_at")]
