"""The chain of audit entries, and what proves it from outside. Rows are only ever added; the store itself refuses the rest (protection)."""

from django.db import models


class AuditEntry(models.Model):
    """Who did what to which object, and by which way; `hash` covers all of it and the hash before (audit.canonical).

    `via` is None in entries from before it was kept.
    """

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=64, db_index=True)
    object = models.CharField(max_length=300)
    detail = models.JSONField(default=dict)
    via = models.JSONField(null=True, default=None)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["seq"]
        indexes = [models.Index(fields=["actor", "seq"]), models.Index(fields=["object", "seq"])]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"#{self.seq} {self.actor} {self.action} {self.object}"


class AuditHead(models.Model):
    """The one row that is locked while an entry is added, so that the chain never forks."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)


class SignedHead(models.Model):
    """Where the chain ended at a moment, signed with a key that the store does not hold, and where it has been taken to."""

    seq = models.BigIntegerField(primary_key=True)
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    signature = models.CharField(max_length=64)
    filed_at = models.DateTimeField(null=True, help_text="When it was written into the file of heads.")
    sent_at = models.DateTimeField(null=True, help_text="When the webhook took it.")

    class Meta:
        ordering = ["seq"]


class AuditAnchor(models.Model):
    """The last entry that retention took out of the store: the chain begins after it. Signed as heads are."""

    seq = models.BigIntegerField(primary_key=True)
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    signature = models.CharField(max_length=64)
    archive = models.CharField(max_length=1000, help_text="The file that holds the entries up to this one.")
    archive_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["seq"]


class AuditCheck(models.Model):
    """What the last verification found; one row, for the page to show. `whole_at` is when last all of it was gone through."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()
    took_ms = models.FloatField()
    whole_at = models.DateTimeField(null=True)
    verified_through = models.BigIntegerField()
    broken_at = models.BigIntegerField(null=True)
    problem = models.TextField(blank=True, default="")
    warnings = models.JSONField(default=list)

    @property
    def seconds(self) -> float:
        return self.took_ms / 1000
