"""Lost keys and their successors, and which reminders of a season went out."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0002_rosters"),
    ]

    operations = [
        migrations.CreateModel(
            name="Replacement",
            fields=[
                (
                    "enrolment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="replacement",
                        serialize=False,
                        to="people.enrolment",
                    ),
                ),
                ("left_at", models.DateTimeField(blank=True, null=True)),
                ("bans", models.JSONField(blank=True, default=list)),
                ("judged", models.BooleanField(default=False)),
                ("cleared_on", models.DateField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="SeasonReminder",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("season", models.CharField(max_length=12)),
                ("kind", models.CharField(choices=[("ending", "Ending"), ("begun", "Begun")], max_length=10)),
                ("sent_on", models.DateField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="enrolment",
            name="one_enrolment_a_season",
        ),
        migrations.AddField(
            model_name="enrolment",
            name="replaced_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaced_on", None)),
                fields=("member", "season"),
                name="one_enrolment_a_season",
            ),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaced_on__isnull", False)),
                fields=("member", "season"),
                name="one_replacement_a_season",
            ),
        ),
        migrations.AddConstraint(
            model_name="replacement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("judged", False), ("left_at__isnull", False), _connector="OR"),
                    models.Q(("cleared_on", None), ("judged", True), _connector="OR"),
                ),
                name="replacement_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="seasonreminder",
            constraint=models.UniqueConstraint(fields=("season", "kind"), name="one_reminder_a_kind"),
        ),
    ]
