from django.db import migrations, models


def fill(apps, schema_editor):
    """From the newest snapshot of each project; what is in older ones alone has no message until it is read again."""
    snapshots, known = (apps.get_model("migrations_store", name).objects for name in ("Snapshot", "KnownRevision"))
    newest = {project: pk for pk, project in snapshots.order_by("read_at", "id").values_list("pk", "project_id")}
    for project, pk in newest.items():
        graph = snapshots.values_list("graph", flat=True).get(pk=pk)
        messages = {facts["revision"]: facts["message"][:255] for facts in graph.get("revisions", [])}
        rows = [row for row in known.filter(project_id=project) if row.revision in messages]
        for row in rows:
            row.message = messages[row.revision]
        known.bulk_update(rows, ["message"], batch_size=300)


class Migration(migrations.Migration):
    dependencies = [
        ("migrations_store", "0010_file_risk"),
    ]

    operations = [
        migrations.AddField(
            model_name="knownrevision",
            name="message",
            field=models.CharField(blank=True, default="", max_length=255),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
