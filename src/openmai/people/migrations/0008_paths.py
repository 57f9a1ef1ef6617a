"""Paths files; rosters of trades; shards."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("people", "0007_journals")]
    operations = [
        migrations.CreateModel(
            name="PathsFile",
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
                        name="paths_named_by_hash",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="rosterepoch",
            name="paths",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="epochs",
                to="people.pathsfile",
            ),
        ),
        migrations.AddField(
            model_name="roster",
            name="trade",
            field=models.CharField(blank=True, default="", max_length=20),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="roster", name="shard", field=models.PositiveSmallIntegerField(default=1)
        ),
        migrations.RemoveConstraint(model_name="roster", name="site_roster_has_no_company"),
        migrations.AddConstraint(
            model_name="roster",
            constraint=models.CheckConstraint(
                name="roster_of_site_company_or_trade",
                condition=Q(kind="site", company=None, trade="")
                | (~Q(kind="site") & Q(company__isnull=False, trade=""))
                | (~Q(kind="site") & Q(company=None) & ~Q(trade="")),
            ),
        ),
        migrations.AddConstraint(
            model_name="roster",
            constraint=models.CheckConstraint(name="roster_shard_from_one", condition=Q(shard__gte=1)),
        ),
    ]
