from django.db import migrations


def one_stage_each(apps, schema_editor):
    """Promotions from before had one job and no stages."""
    Stage, Job = apps.get_model("jobs", "Stage"), apps.get_model("jobs", "Job")
    for job in Job.objects.filter(promotion__isnull=False).select_related("promotion", "plan"):
        promotion = job.promotion
        final = job.status in ("succeeded", "failed", "canceled", "rejected")
        Stage.objects.create(
            promotion=promotion, position=1, database_id=job.database_id, job=job,
            status="succeeded" if job.status == "succeeded" else "ended" if final else "requested",
        )
        promotion.goal, promotion.reason, promotion.finished_at = job.plan.to_heads, job.reason, job.finished_at
        promotion.status = "succeeded" if job.status == "succeeded" else "ended" if final else "active"
        promotion.save()


class Migration(migrations.Migration):
    """Apart from 0005: PostgreSQL changes no table in which rows were just written."""

    dependencies = [("jobs", "0005_promotion_stages")]

    operations = [migrations.RunPython(one_stage_each, migrations.RunPython.noop)]
