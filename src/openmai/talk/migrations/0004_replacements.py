"""Which keys took the place of lost ones, as the log says it: rows of the log, added and never changed."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

KEEP = """CREATE TRIGGER log_is_kept BEFORE UPDATE OR DELETE ON talk_logreplacement
FOR EACH ROW EXECUTE FUNCTION talk_log_is_kept();"""
UNDO = "DROP TRIGGER log_is_kept ON talk_logreplacement;"


def _long(name: str, column: str) -> models.CheckConstraint:
    length = django.db.models.functions.text.Length(column)
    return models.CheckConstraint(condition=django.db.models.lookups.Exact(length, 32), name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("talk", "0003_bans"),
    ]

    operations = [
        migrations.CreateModel(
            name="LogReplacement",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="replacement",
                        serialize=False,
                        to="talk.logentry",
                    ),
                ),
                ("season", models.CharField(max_length=8)),
                ("old", models.BinaryField()),
                ("new", models.BinaryField()),
            ],
            options={
                "constraints": [
                    _long("log_replacement_old_is_field", "old"),
                    _long("log_replacement_new_is_field", "new"),
                    models.UniqueConstraint(fields=("season", "old"), name="log_replacement_old_once"),
                    models.UniqueConstraint(fields=("season", "new"), name="log_replacement_new_once"),
                ],
            },
        ),
        migrations.RunSQL(KEEP, UNDO),
    ]
