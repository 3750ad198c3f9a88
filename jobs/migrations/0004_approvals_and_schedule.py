import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0003_worker_isolation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="backup",
            field=models.JSONField(blank=True, help_text="{file, size, sha256, …} of the backup made before it (jobs.backup).", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="break_glass",
            field=models.BooleanField(default=False, help_text="Approvals, window, freeze and previous environment were passed over."),
        ),
        migrations.AddField(
            model_name="job",
            name="held",
            field=models.JSONField(blank=True, help_text="{gate, detail}: what it waits for, found when its turn had come.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="held_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="in_window",
            field=models.BooleanField(default=False, help_text="It was asked to run in the next window of the environment."),
        ),
        migrations.AddField(
            model_name="job",
            name="not_before",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="run_when_approved",
            field=models.BooleanField(default=True, help_text="Off: somebody has to release it once it is approved."),
        ),
        migrations.AddField(
            model_name="plan",
            name="facts",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="step",
            name="checksum",
            field=models.CharField(blank=True, db_index=True, default="", help_text="SHA-256 of the revision's file.", max_length=64),
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("decision", models.CharField(choices=[("approve", "Approved"), ("reject", "Rejected")], max_length=8)),
                ("comment", models.TextField(blank=True, default="")),
                ("plan_digest", models.CharField(max_length=64)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("job", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="approvals", to="jobs.job")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "ordering": ["id"],
            },
        ),
    ]
