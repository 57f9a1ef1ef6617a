"""The transparency log. Its rows are added and never changed, its entries are numbered without a gap, and
each hash is that of its data: the database sees to it.
"""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

_TABLES = (
    "talk_logentry", "talk_lognode", "talk_logcheckpoint", "talk_logcosignature", "talk_logtick",
    "talk_logenrolment",
)  # fmt: skip
KEEP = """
ALTER TABLE talk_logentry ADD CONSTRAINT log_entry_hash_of_data
  CHECK (hash = sha256('\\x00'::bytea || data) AND length(data) <= 65535);
CREATE FUNCTION talk_log_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE FUNCTION talk_log_has_no_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.index > 0 AND NOT EXISTS (SELECT FROM talk_logentry WHERE index = NEW.index - 1) THEN
    RAISE EXCEPTION 'the log has no gaps' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER log_has_no_gap BEFORE INSERT ON talk_logentry
  FOR EACH ROW EXECUTE FUNCTION talk_log_has_no_gap();
""" + "".join(
    f"CREATE TRIGGER log_is_kept BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION talk_log_is_kept();\n"
    for table in _TABLES
)
UNDO = (
    "".join(f"DROP TRIGGER log_is_kept ON {table};\n" for table in _TABLES)
    + """
DROP TRIGGER log_has_no_gap ON talk_logentry;
DROP FUNCTION talk_log_is_kept();
DROP FUNCTION talk_log_has_no_gap();
ALTER TABLE talk_logentry DROP CONSTRAINT log_entry_hash_of_data;
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("talk", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="LogCheckpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("note", models.BinaryField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Exact(
                            django.db.models.functions.text.Length("root"), 32
                        ),
                        name="log_checkpoint_root_length",
                    ),
                    models.CheckConstraint(condition=models.Q(("size__gte", 1)), name="log_checkpoint_size"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LogCosignature",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "checkpoint_id",
                        "witness",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "checkpoint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cosignatures",
                        to="talk.logcheckpoint",
                    ),
                ),
                ("witness", models.CharField(max_length=255)),
                ("line", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="LogEnrolment",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "season", "commitment", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("season", models.CharField(max_length=8)),
                ("commitment", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="LogEntry",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=12)),
                ("data", models.BinaryField()),
                ("hash", models.BinaryField()),
            ],
            options={
                "verbose_name_plural": "log entries",
            },
        ),
        migrations.CreateModel(
            name="LogNode",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "level", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("level", models.SmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("hash", models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name="rosterepoch",
            name="log_index",
            field=models.BigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="rosterepoch",
            name="log_root",
            field=models.BinaryField(default=bytes(32)),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="rosterepoch",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    django.db.models.functions.text.Length("log_root"), 32
                ),
                name="epoch_log_root_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterepoch",
            constraint=models.CheckConstraint(
                condition=models.Q(("log_index__gte", 0)), name="epoch_is_logged"
            ),
        ),
        migrations.CreateModel(
            name="LogTick",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="tick",
                        serialize=False,
                        to="talk.logentry",
                    ),
                ),
                ("tick", models.DateTimeField()),
                ("season", models.CharField(max_length=8)),
                ("first", models.BinaryField()),
                ("last", models.BinaryField()),
            ],
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(
                condition=models.Q(("kind__in", ["season", "artifacts", "bans", "bundle", "disclosures"])),
                fields=["kind", "-index"],
                name="log_entry_standing",
            ),
        ),
        migrations.AddConstraint(
            model_name="logentry",
            constraint=models.CheckConstraint(condition=models.Q(("index__gte", 0)), name="log_entry_index"),
        ),
        migrations.AddConstraint(
            model_name="logentry",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(django.db.models.functions.text.Length("hash"), 32),
                name="log_entry_hash_length",
            ),
        ),
        migrations.AddField(
            model_name="logenrolment",
            name="entry",
            field=models.OneToOneField(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="enrolment",
                to="talk.logentry",
            ),
        ),
        migrations.AddConstraint(
            model_name="lognode",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(django.db.models.functions.text.Length("hash"), 32),
                name="log_node_hash_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="lognode",
            constraint=models.CheckConstraint(
                condition=models.Q(("index__gte", 0), ("level__gte", 1)), name="log_node_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="logcosignature",
            constraint=models.CheckConstraint(
                condition=models.Q(("line", ""), _negated=True), name="log_cosignature_line"
            ),
        ),
        migrations.AddIndex(
            model_name="logtick",
            index=models.Index(fields=["tick", "season", "first"], name="log_tick_posts"),
        ),
        migrations.AddConstraint(
            model_name="logtick",
            constraint=models.CheckConstraint(
                condition=models.Q(("last__gte", models.F("first"))), name="log_tick_range"
            ),
        ),
        migrations.AddConstraint(
            model_name="logtick",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(django.db.models.functions.text.Length("last"), 32),
                name="log_tick_last_is_digest",
            ),
        ),
        migrations.AddConstraint(
            model_name="logtick",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(django.db.models.functions.text.Length("first"), 32),
                name="log_tick_first_is_digest",
            ),
        ),
        migrations.AddConstraint(
            model_name="logenrolment",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    django.db.models.functions.text.Length("commitment"), 32
                ),
                name="log_enrolment_is_field",
            ),
        ),
        migrations.RunSQL(KEEP, UNDO),
    ]
