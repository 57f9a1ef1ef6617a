"""Where the world finds the key behind each piece of evidence; nobody wrote it down for those from before."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("people", "0008_paths")]
    operations = [
        migrations.AddField(
            model_name="evidence",
            name="issuer_name",
            field=models.CharField(max_length=255, null=True),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(
                condition=Q(issuer_name__isnull=False),
                fields=["season", "issuer_key"],
                name="evidence_of_issuer",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=Q(issuer_name=None)
                | Q(kind="dkim", issuer_name__regex=r"^[a-z0-9._-]+\._domainkey\.[a-z0-9._-]+$")
                | Q(kind="oidc", issuer_name__regex=r"^https?://[!-~]+$"),
                name="issuer_named_as_published",
            ),
        ),
    ]
