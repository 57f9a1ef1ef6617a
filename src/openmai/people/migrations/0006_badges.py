"""Documents that two people look at."""

import uuid

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0002_crowd_facts"),
        ("people", "0005_evidence"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reviewer",
            fields=[
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("since_on", models.DateField()),
                ("ended_on", models.DateField(blank=True, null=True)),
            ],
        ),
        migrations.AlterField(
            model_name="employment",
            name="method",
            field=models.CharField(
                choices=[
                    ("code", "a code sent to the work address"),
                    ("dkim", "a signed mail from the work address"),
                    ("oidc", "a log-in at the employer"),
                    ("badge", "a document that two people looked at"),
                ],
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="BadgeReview",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting for the reviewers"),
                            ("accepted", "accepted"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("sealed", models.BinaryField(null=True)),
                ("digest", models.BinaryField(max_length=32)),
                ("refusal", models.CharField(blank=True, default="", max_length=40)),
                ("opened_on", models.DateField()),
                ("decided_on", models.DateField(blank=True, null=True)),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="companies.company"
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="badge_reviews",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BadgeVote",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("accepted", models.BooleanField()),
                ("number", models.BinaryField(max_length=32, null=True)),
                ("voted_on", models.DateField()),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="votes",
                        to="people.badgereview",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="votes",
                        to="people.reviewer",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="badgereview",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    django.db.models.functions.text.Length("digest"), 32
                ),
                name="badge_digest_is_hash",
            ),
        ),
        migrations.AddConstraint(
            model_name="badgereview",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("member", "company"),
                name="one_waiting_badge_a_company",
            ),
        ),
        migrations.AddConstraint(
            model_name="badgereview",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_on", None), ("sealed__isnull", False), ("state", "waiting")),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True),
                        ("decided_on__isnull", False),
                        ("sealed", None),
                    ),
                    _connector="OR",
                ),
                name="picture_goes_with_the_decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="badgevote",
            constraint=models.UniqueConstraint(fields=("review", "reviewer"), name="one_vote_a_reviewer"),
        ),
        migrations.AddConstraint(
            model_name="badgevote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("accepted", True), ("number__isnull", False)),
                    models.Q(("accepted", False), ("number", None)),
                    _connector="OR",
                ),
                name="who_accepts_reads_the_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="badgevote",
            constraint=models.CheckConstraint(
                condition=models.Q(("reviewer", models.F("member")), _negated=True),
                name="nobody_reviews_himself",
            ),
        ),
    ]
