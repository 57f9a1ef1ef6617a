"""How employments are proved: what is awaited, and what was accepted. All of it is bound to a commitment."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

Constraints = list[models.BaseConstraint]


def _exactly(field: str, size: int, *, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Exact(Length(field), size))


class MailProof(models.Model):
    """A signed mail that is awaited; `bind` in its Subject ties it to the member's commitment."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for your mail")
        ACCEPTED = "accepted", _("accepted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey("people.Member", on_delete=models.CASCADE, related_name="mail_proofs")
    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")
    season = models.CharField(max_length=12)
    commitment = models.BinaryField(max_length=32)
    salt = models.BinaryField(max_length=16)
    bind = models.CharField(max_length=52, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    # Why the latest mail was refused, a key of `signed_mail.REASONS`; a later mail may still be accepted.
    refusal = models.CharField(max_length=40, blank=True, default="")
    opened_on = models.DateField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.UniqueConstraint(
                fields=["member", "company"], condition=Q(state="waiting"), name="one_waiting_mail_a_company"
            ),
            models.CheckConstraint(
                name="accepted_without_refusal", condition=Q(state="waiting") | Q(refusal="")
            ),
        ]

    def __str__(self) -> str:
        return self.bind


class LoginProvider(models.Model):
    """The identity provider of an employer. Retired ones stay: evidence of their time names them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey("companies.Company", on_delete=models.PROTECT, related_name="+")
    issuer = models.CharField(max_length=255)
    client_id = models.CharField(max_length=255)
    # The client's secret, sealed; empty for a public client.
    secret = models.BinaryField()
    # "hd" or "tid" and what it must be, where one issuer serves many employers.
    tenant_claim = models.CharField(max_length=10, blank=True, default="")
    tenant = models.CharField(max_length=255, blank=True, default="")
    added_on = models.DateField()
    retired_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.UniqueConstraint(
                fields=["company"], condition=Q(retired_on=None), name="one_login_provider_a_company"
            ),
            models.CheckConstraint(
                name="tenant_is_whole",
                condition=Q(tenant_claim="", tenant="") | (Q(tenant_claim__in=["hd", "tid"]) & ~Q(tenant="")),
            ),
        ]

    def __str__(self) -> str:
        return self.issuer


class LoginProof(models.Model):
    """A log-in at the employer that is awaited; `bind` is its nonce. Deleted when used or expired."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey("people.Member", on_delete=models.CASCADE, related_name="login_proofs")
    provider = models.ForeignKey(LoginProvider, on_delete=models.CASCADE, related_name="+")
    season = models.CharField(max_length=12)
    commitment = models.BinaryField(max_length=32)
    salt = models.BinaryField(max_length=16)
    bind = models.CharField(max_length=52, unique=True)
    # Where the member's browser goes; state and verifier are derived from the id and not stored.
    address = models.TextField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.UniqueConstraint(fields=["member"], name="one_awaited_login_a_member"),
        ]

    def __str__(self) -> str:
        return self.bind


class Evidence(models.Model):
    """What verified an employment, sealed and bound to a commitment; DKIM and OIDC make it provable."""

    class Kind(models.TextChoices):
        DKIM = "dkim"
        OIDC = "oidc"
        BADGE = "badge"
        CODE = "code"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    employment = models.ForeignKey("people.Employment", on_delete=models.CASCADE, related_name="evidence")
    season = models.CharField(max_length=12)
    commitment = models.BinaryField(max_length=32)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # SHA-256 of the issuer's signature: the same mail or token is never evidence twice.
    signature = models.BinaryField(max_length=32, unique=True, null=True)
    # SHA-256 of the key that made it: the DKIM key's DER, or the JWK's thumbprint (RFC 7638).
    issuer_key = models.BinaryField(max_length=32, null=True)
    # Where the world finds that key: "<selector>._domainkey.<domain>", or the issuer whose JWKS has it.
    # None where nobody wrote it down: in rows from before names were kept.
    issuer_name = models.CharField(max_length=255, null=True)  # noqa: DJ001 - not known is not empty
    # SHA-256(evidence ‖ salt), as it stands in the log.
    digest = models.BinaryField(max_length=32, unique=True)
    sealed = models.BinaryField()
    received_on = models.DateField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["season", "commitment"], name="evidence_of_key"),
            models.Index(
                fields=["season", "issuer_key"],
                name="evidence_of_issuer",
                condition=Q(issuer_name__isnull=False),
            ),
        ]
        constraints: ClassVar[Constraints] = [
            _exactly("digest", 32, name="evidence_digest_is_hash"),
            models.CheckConstraint(
                name="provable_names_its_issuer",
                condition=Q(kind__in=["dkim", "oidc"], signature__isnull=False, issuer_key__isnull=False)
                | Q(kind__in=["badge", "code"], signature=None, issuer_key=None),
            ),
            # In the forms that journals can say (openmai.anonymity.log.issuers).
            models.CheckConstraint(
                name="issuer_named_as_published",
                condition=Q(issuer_name=None)
                | Q(kind="dkim", issuer_name__regex=r"^[a-z0-9._-]+\._domainkey\.[a-z0-9._-]+$")
                | Q(kind="oidc", issuer_name__regex=r"^https?://[!-~]+$"),
            ),
            models.UniqueConstraint(
                fields=["employment", "season", "commitment"],
                condition=Q(kind__in=["badge", "code"]),
                name="one_word_an_employment_and_key",
            ),
        ]

    def __str__(self) -> str:
        return bytes(self.digest).hex()


class Reviewer(models.Model):
    """A member who may look at documents; ended, the row stays, because votes name it."""

    member = models.OneToOneField("people.Member", primary_key=True, on_delete=models.CASCADE)
    since_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.member_id)


class BadgeReview(models.Model):
    """A picture of a badge or document that two reviewers look at; the picture goes with the decision."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for the reviewers")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey("people.Member", on_delete=models.CASCADE, related_name="badge_reviews")
    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    # The picture, sealed; null as soon as it is decided.
    sealed = models.BinaryField(null=True)
    # SHA-256(picture ‖ salt): all that is left of it afterwards.
    digest = models.BinaryField(max_length=32)
    # A key of `badge_reasons.REASONS`.
    refusal = models.CharField(max_length=40, blank=True, default="")
    opened_on = models.DateField()
    decided_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            _exactly("digest", 32, name="badge_digest_is_hash"),
            models.UniqueConstraint(
                fields=["member", "company"], condition=Q(state="waiting"), name="one_waiting_badge_a_company"
            ),
            models.CheckConstraint(
                name="picture_goes_with_the_decision",
                condition=Q(state="waiting", sealed__isnull=False, decided_on=None)
                | (~Q(state="waiting") & Q(sealed=None, decided_on__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class BadgeVote(models.Model):
    """What one reviewer said of one document; `member` repeats whose it is, for the database to compare."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(BadgeReview, on_delete=models.CASCADE, related_name="votes")
    member = models.ForeignKey("people.Member", on_delete=models.CASCADE, related_name="+")
    reviewer = models.ForeignKey(Reviewer, on_delete=models.PROTECT, related_name="votes")
    accepted = models.BooleanField()
    # Keyed hash of the number on the document, as this reviewer read it; with a refusal none.
    number = models.BinaryField(max_length=32, null=True)
    voted_on = models.DateField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.UniqueConstraint(fields=["review", "reviewer"], name="one_vote_a_reviewer"),
            models.CheckConstraint(
                name="who_accepts_reads_the_number",
                condition=Q(accepted=True, number__isnull=False) | Q(accepted=False, number=None),
            ),
            models.CheckConstraint(name="nobody_reviews_himself", condition=~Q(reviewer=models.F("member"))),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer_id} on {self.review_id}"
