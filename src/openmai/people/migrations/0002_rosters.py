"""Rosters and their epochs."""

import uuid

import django.db.models.deletion
import django.db.models.functions
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="PublishedIndex",
            fields=[
                ("serial", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("season", models.CharField(max_length=12)),
                ("envelope", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="LeavesFile",
            fields=[
                ("sha256", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("data", models.BinaryField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Exact(
                            django.db.models.functions.text.Length("sha256"), 32
                        ),
                        name="leaves_named_by_hash",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Roster",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("season", models.CharField(max_length=12)),
                ("name", models.CharField(max_length=90)),
                (
                    "kind",
                    models.CharField(
                        choices=[("site", "Site"), ("provable", "Provable"), ("attested", "Attested")],
                        max_length=10,
                    ),
                ),
                ("waiting_since", models.DateTimeField(blank=True, null=True)),
                (
                    "company",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="companies.company",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RosterEpoch",
            fields=[
                ("sha256", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("epoch", models.PositiveIntegerField()),
                ("envelope", models.BinaryField()),
                ("size", models.PositiveIntegerField()),
                ("live", models.PositiveIntegerField()),
                ("settled", models.PositiveIntegerField()),
                ("published_at", models.DateTimeField()),
                ("superseded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "leaves",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="epochs",
                        to="people.leavesfile",
                    ),
                ),
                (
                    "roster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="epochs", to="people.roster"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RosterLeaf",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("index", models.PositiveIntegerField()),
                ("commitment", models.BinaryField(max_length=32)),
                ("joined_epoch", models.PositiveIntegerField()),
                ("removed_epoch", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "roster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="leaves", to="people.roster"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="roster",
            constraint=models.UniqueConstraint(fields=("season", "name"), name="one_roster_a_name"),
        ),
        migrations.AddConstraint(
            model_name="roster",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("company", None), ("kind", "site")),
                    models.Q(models.Q(("kind", "site"), _negated=True), ("company__isnull", False)),
                    _connector="OR",
                ),
                name="site_roster_has_no_company",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterepoch",
            constraint=models.UniqueConstraint(fields=("roster", "epoch"), name="one_statement_an_epoch"),
        ),
        migrations.AddConstraint(
            model_name="rosterepoch",
            constraint=models.UniqueConstraint(
                condition=models.Q(("superseded_at", None)), fields=("roster",), name="one_current_epoch"
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterepoch",
            constraint=models.CheckConstraint(condition=models.Q(("epoch__gte", 1)), name="epoch_from_one"),
        ),
        migrations.AddConstraint(
            model_name="rosterepoch",
            constraint=models.CheckConstraint(
                condition=models.Q(("live__lte", models.F("size")), ("settled__lte", models.F("live"))),
                name="settled_within_live_within_size",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterleaf",
            constraint=models.UniqueConstraint(fields=("roster", "index"), name="one_leaf_a_place"),
        ),
        migrations.AddConstraint(
            model_name="rosterleaf",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_epoch", None)),
                fields=("roster", "commitment"),
                name="one_live_leaf_a_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterleaf",
            constraint=models.CheckConstraint(
                condition=models.Q(("index__lt", 1048576)), name="leaf_within_capacity"
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterleaf",
            constraint=models.CheckConstraint(
                condition=models.Q(("removed_epoch__gt", models.F("joined_epoch"))), name="leaf_leaves_after"
            ),
        ),
    ]
