"""Paths files, and their names with the epochs."""

import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


def _digest(name: str, field: str) -> models.CheckConstraint:
    length = django.db.models.functions.text.Length(field)
    return models.CheckConstraint(name=name, condition=django.db.models.lookups.Exact(length, 32))


class Migration(migrations.Migration):
    dependencies = [("talk", "0004_replacements")]
    operations = [
        migrations.CreateModel(
            name="RosterPaths",
            fields=[
                ("id", models.BinaryField(primary_key=True, serialize=False)),
                ("data", models.BinaryField()),
            ],
            options={
                "verbose_name_plural": "roster paths",
                "constraints": [_digest("paths_id_is_digest", "id")],
            },
        ),
        migrations.AddField(
            model_name="rosterepoch",
            name="paths",
            field=models.BinaryField(default=bytes(32)),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="rosterepoch", constraint=_digest("epoch_paths_is_digest", "paths")
        ),
    ]
