"""Journals of the rosters, and what each proof of knowledge says: both go into the log."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0006_badges")]
    operations = [
        migrations.AddField(
            model_name="enrolment",
            name="message",
            field=models.BinaryField(max_length=32, default=bytes(32)),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    django.db.models.functions.text.Length("message"), 32
                ),
                name="enrolment_message_size",
            ),
        ),
        migrations.CreateModel(
            name="RosterJournal",
            fields=[
                ("sha256", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("data", models.BinaryField()),
                (
                    "epoch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="journal",
                        to="people.rosterepoch",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Exact(
                            django.db.models.functions.text.Length("sha256"), 32
                        ),
                        name="journal_named_by_hash",
                    )
                ],
            },
        ),
    ]
