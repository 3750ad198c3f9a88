from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('environments', '0007_differences'),
    ]

    operations = [
        migrations.AddField(
            model_name='database',
            name='differences_until',
            field=models.DateTimeField(blank=True, help_text='When the first of the rules that were looked at ends.', null=True),
        ),
    ]
