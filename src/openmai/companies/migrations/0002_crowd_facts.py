"""What may be told of a company's verified staff."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="CrowdFacts",
            fields=[
                (
                    "company",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="crowd",
                        serialize=False,
                        to="companies.company",
                    ),
                ),
                ("live", models.PositiveIntegerField()),
                ("provable", models.PositiveIntegerField()),
                ("season_share", models.PositiveSmallIntegerField(null=True)),
                ("half_year_share", models.PositiveSmallIntegerField(null=True)),
                ("older_share", models.PositiveSmallIntegerField(null=True)),
                ("published_on", models.DateField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("provable__lte", models.F("live"))), name="provable_within_live"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("season_share", None),
                            ("season_share__in", [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
                            _connector="OR",
                        ),
                        name="season_share_in_tens",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("half_year_share", None),
                            ("half_year_share__in", [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
                            _connector="OR",
                        ),
                        name="half_year_share_in_tens",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("older_share", None),
                            ("older_share__in", [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
                            _connector="OR",
                        ),
                        name="older_share_in_tens",
                    ),
                ],
            },
        ),
    ]
