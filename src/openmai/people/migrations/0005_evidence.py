"""Evidence of every class, log-ins at employers, and how long an employment holds."""

import uuid

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0001_initial"),
        ("people", "0004_no_clocks"),
    ]

    operations = [
        # Sealed in a form that this release does not read; no release with it exists.
        migrations.RunSQL("DELETE FROM people_evidence", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="LoginProof",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("season", models.CharField(max_length=12)),
                ("commitment", models.BinaryField(max_length=32)),
                ("salt", models.BinaryField(max_length=16)),
                ("bind", models.CharField(max_length=52, unique=True)),
                ("address", models.TextField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="LoginProvider",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("issuer", models.CharField(max_length=255)),
                ("client_id", models.CharField(max_length=255)),
                ("secret", models.BinaryField()),
                ("tenant_claim", models.CharField(blank=True, default="", max_length=10)),
                ("tenant", models.CharField(blank=True, default="", max_length=255)),
                ("added_on", models.DateField()),
                ("retired_on", models.DateField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="employment",
            name="reminded_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="employment",
            name="valid_until",
            field=models.DateField(default="2001-01-01"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="evidence",
            name="issuer_key",
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="evidence",
            name="kind",
            field=models.CharField(
                choices=[("dkim", "Dkim"), ("oidc", "Oidc"), ("badge", "Badge"), ("code", "Code")],
                max_length=10,
                default="dkim",
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="employment",
            name="method",
            field=models.CharField(
                choices=[
                    ("code", "a code sent to the work address"),
                    ("dkim", "a signed mail from the work address"),
                    ("oidc", "a log-in at the employer"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="evidence",
            name="signature",
            field=models.BinaryField(max_length=32, null=True, unique=True),
        ),
        migrations.RunSQL(
            "UPDATE people_employment SET valid_until = verified_on + 180", migrations.RunSQL.noop
        ),
        migrations.AddConstraint(
            model_name="employment",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until__gt", models.F("verified_on"))),
                name="employment_valid_for_a_while",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    django.db.models.functions.text.Length("digest"), 32
                ),
                name="evidence_digest_is_hash",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("issuer_key__isnull", False),
                        ("kind__in", ["dkim", "oidc"]),
                        ("signature__isnull", False),
                    ),
                    models.Q(("issuer_key", None), ("kind__in", ["badge", "code"]), ("signature", None)),
                    _connector="OR",
                ),
                name="provable_names_its_issuer",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ["badge", "code"])),
                fields=("employment", "season", "commitment"),
                name="one_word_an_employment_and_key",
            ),
        ),
        migrations.AddField(
            model_name="loginproof",
            name="member",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="login_proofs",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="loginprovider",
            name="company",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="companies.company"
            ),
        ),
        migrations.AddField(
            model_name="loginproof",
            name="provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.loginprovider"
            ),
        ),
        migrations.AddConstraint(
            model_name="loginprovider",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_on", None)),
                fields=("company",),
                name="one_login_provider_a_company",
            ),
        ),
        migrations.AddConstraint(
            model_name="loginprovider",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("tenant", ""), ("tenant_claim", "")),
                    models.Q(("tenant_claim__in", ["hd", "tid"]), models.Q(("tenant", ""), _negated=True)),
                    _connector="OR",
                ),
                name="tenant_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="loginproof",
            constraint=models.UniqueConstraint(fields=("member",), name="one_awaited_login_a_member"),
        ),
    ]
