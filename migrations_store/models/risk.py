"""What a revision's file is thought to risk, so that thousands are told without being read again."""

from django.db import models


class FileRisk(models.Model):
    """By the content of the file: `levels` maps each kind of database to none, low, medium, high or loss (migrations_store.risks)."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    rules = models.CharField(max_length=16, help_text="Which rules said so.")
    levels = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"risk of {self.sha256[:12]}"
