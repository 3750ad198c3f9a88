from django.db import migrations


def give_policies(apps, schema_editor):
    """Environments that were protected before there were policies keep what they had: one approval by somebody else."""
    Environment, Policy = apps.get_model("environments", "Environment"), apps.get_model("environments", "Policy")
    for environment in Environment.objects.filter(protected=True):
        Policy.objects.get_or_create(environment=environment, project=None)


class Migration(migrations.Migration):

    dependencies = [
        ('environments', '0002_policies'),
    ]

    operations = [
        migrations.RunPython(give_policies, migrations.RunPython.noop),
    ]
