"""How many requests for data were answered, as the operator says it: a number that only grows."""

from django.db import migrations, models

KEEP = """CREATE TRIGGER log_is_kept BEFORE UPDATE OR DELETE ON talk_disclosures
FOR EACH ROW EXECUTE FUNCTION talk_log_is_kept();"""
UNDO = "DROP TRIGGER log_is_kept ON talk_disclosures;"


class Migration(migrations.Migration):
    dependencies = [("talk", "0006_log_nodes")]
    operations = [
        migrations.CreateModel(
            name="Disclosures",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "season", "count", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("season", models.CharField(max_length=8)),
                ("count", models.BigIntegerField()),
            ],
            options={
                "verbose_name_plural": "disclosures",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(count__gte=0), name="disclosures_count")
                ],
            },
        ),
        migrations.RunSQL(KEEP, UNDO),
    ]
