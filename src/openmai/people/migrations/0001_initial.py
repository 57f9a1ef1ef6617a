"""Members, their employments and enrolments."""

import uuid

import django.db.models.deletion
import django.db.models.functions
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [("companies", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="DailyUse",
            fields=[
                ("subject", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("day", models.DateField(db_index=True)),
                ("uses", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("email", models.EmailField(max_length=254, unique=True)),
                ("real_name", models.CharField(max_length=60, verbose_name="real name")),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("zh-hans", "简体中文")], default="en", max_length=10
                    ),
                ),
                ("joined_on", models.DateField()),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="member_email_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("real_name", ""), _negated=True), name="member_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("language__in", ["en", "zh-hans"])), name="member_language_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Employment",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("code", "a code sent to the work address"),
                            ("dkim", "a signed mail from the work address"),
                        ],
                        max_length=10,
                    ),
                ),
                ("verified_on", models.DateField()),
                ("ended_on", models.DateField(blank=True, null=True)),
                (
                    "ended_by",
                    models.CharField(
                        blank=True,
                        choices=[("member", "ended by you"), ("operator", "ended by the operator")],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="companies.company"
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="employments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AddressClaim",
            fields=[
                ("address", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("held_until", models.DateField(blank=True, null=True)),
                (
                    "employment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to="people.employment",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Enrolment",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("season", models.CharField(max_length=12)),
                ("commitment", models.BinaryField(max_length=32)),
                ("nullifier", models.BinaryField(max_length=32)),
                ("proof", models.BinaryField(max_length=128)),
                ("ticket", models.BinaryField(max_length=32, unique=True)),
                ("enrolled_on", models.DateField()),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="enrolments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("season", models.CharField(max_length=12)),
                ("commitment", models.BinaryField(max_length=32)),
                ("signature", models.BinaryField(max_length=32, unique=True)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("sealed", models.BinaryField()),
                ("received_on", models.DateField()),
                (
                    "employment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evidence",
                        to="people.employment",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MailProof",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("season", models.CharField(max_length=12)),
                ("commitment", models.BinaryField(max_length=32)),
                ("salt", models.BinaryField(max_length=16)),
                ("bind", models.CharField(max_length=52, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting for your mail"), ("accepted", "accepted")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("refusal", models.CharField(blank=True, default="", max_length=40)),
                ("opened_on", models.DateField()),
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
                        related_name="mail_proofs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CodeChallenge",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("address", models.BinaryField(max_length=32)),
                ("code", models.BinaryField(max_length=32)),
                ("expires_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="companies.company"
                    ),
                ),
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="code_challenge",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Exact(
                            django.db.models.functions.text.Length("address"), 32
                        ),
                        name="challenge_address_is_hash",
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Exact(
                            django.db.models.functions.text.Length("code"), 32
                        ),
                        name="challenge_code_is_hash",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="employment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_on", None)),
                fields=("member", "company"),
                name="one_active_employment_a_company",
            ),
        ),
        migrations.AddConstraint(
            model_name="employment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_by", ""), ("ended_on", None)),
                    models.Q(("ended_on__isnull", False), models.Q(("ended_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="employment_end_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="employment",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_on__gte", models.F("verified_on"))), name="employment_ends_after"
            ),
        ),
        migrations.AddConstraint(
            model_name="addressclaim",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    django.db.models.functions.text.Length("address"), 32
                ),
                name="address_claim_is_hash",
            ),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.UniqueConstraint(fields=("member", "season"), name="one_enrolment_a_season"),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.UniqueConstraint(
                fields=("season", "commitment"), name="one_member_a_commitment"
            ),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    django.db.models.functions.text.Length("commitment"), 32
                ),
                name="enrolment_commitment_size",
            ),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "commitment",
                        b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
                    ),
                    _negated=True,
                ),
                name="commitment_not_zero",
            ),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(fields=["season", "commitment"], name="evidence_of_key"),
        ),
        migrations.AddConstraint(
            model_name="mailproof",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("member", "company"),
                name="one_waiting_mail_a_company",
            ),
        ),
        migrations.AddConstraint(
            model_name="mailproof",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "waiting"), ("refusal", ""), _connector="OR"),
                name="accepted_without_refusal",
            ),
        ),
    ]
