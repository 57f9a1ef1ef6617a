"""Members and what ties them to companies, keys and rosters. Times are days, except in rows that live minutes
and in rosters, whose times are public."""

import uuid
from datetime import date
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Lower
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from openmai.people.evidence_models import BadgeReview as BadgeReview
from openmai.people.evidence_models import BadgeVote as BadgeVote
from openmai.people.evidence_models import Evidence as Evidence
from openmai.people.evidence_models import LoginProof as LoginProof
from openmai.people.evidence_models import LoginProvider as LoginProvider
from openmai.people.evidence_models import MailProof as MailProof
from openmai.people.evidence_models import Reviewer as Reviewer
from openmai.people.roster_models import LeavesFile as LeavesFile
from openmai.people.roster_models import PathsFile as PathsFile
from openmai.people.roster_models import PublishedIndex as PublishedIndex
from openmai.people.roster_models import Roster as Roster
from openmai.people.roster_models import RosterEpoch as RosterEpoch
from openmai.people.roster_models import RosterJournal as RosterJournal
from openmai.people.roster_models import RosterLeaf as RosterLeaf

Constraints = list[models.BaseConstraint]


def _exactly(field: str, size: int, *, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Exact(Length(field), size))


class MemberManager(BaseUserManager["Member"]):
    """Members are made by `actions.register_member` or by allauth's sign-up; both come through here."""

    def create_user(self, *, email: str, password: str | None, joined_on: date, **fields: Any) -> "Member":
        member = self.model(email=email.lower(), joined_on=joined_on, **fields)
        member.set_password(password)
        member.save(using=self._db)
        return member


class Member(AbstractBaseUser):
    """A person with a real-name account. `email` is the personal address, confirmed by allauth."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    real_name = models.CharField(_("real name"), max_length=60)
    language = models.CharField(
        max_length=10, choices=[("en", "English"), ("zh-hans", "简体中文")], default="en"
    )
    joined_on = models.DateField()
    is_active = models.BooleanField(default=True)
    # The last log-in would be a clock of the member's presence; django.contrib.auth does without.
    last_login = None

    objects = MemberManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["real_name"]

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.CheckConstraint(name="member_email_lower_case", condition=Q(email=Lower("email"))),
            models.CheckConstraint(name="member_named", condition=~Q(real_name="")),
            models.CheckConstraint(name="member_language_known", condition=Q(language__in=["en", "zh-hans"])),
        ]

    def __str__(self) -> str:
        return self.real_name


class Employment(models.Model):
    """A verified tie between a member and a company; ended, it stays as history and gives no label."""

    class Method(models.TextChoices):
        CODE = "code", _("a code sent to the work address")
        DKIM = "dkim", _("a signed mail from the work address")
        OIDC = "oidc", _("a log-in at the employer")
        BADGE = "badge", _("a document that two people looked at")

    class Ended(models.TextChoices):
        MEMBER = "member", _("ended by you")
        OPERATOR = "operator", _("ended by the operator")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="employments")
    company = models.ForeignKey("companies.Company", on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=10, choices=Method.choices)
    verified_on = models.DateField()
    # The first day on which the employment gives no label any more, unless it is verified again.
    valid_until = models.DateField()
    reminded_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.CharField(max_length=10, choices=Ended.choices, blank=True, default="")

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.UniqueConstraint(
                fields=["member", "company"],
                condition=Q(ended_on=None),
                name="one_active_employment_a_company",
            ),
            models.CheckConstraint(
                name="employment_end_is_whole",
                condition=Q(ended_on=None, ended_by="") | (Q(ended_on__isnull=False) & ~Q(ended_by="")),
            ),
            models.CheckConstraint(
                name="employment_valid_for_a_while", condition=Q(valid_until__gt=models.F("verified_on"))
            ),
            models.CheckConstraint(
                name="employment_ends_after", condition=Q(ended_on__gte=models.F("verified_on"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} at {self.company_id}"


class AddressClaim(models.Model):
    """A work address that verifies an employment, known only by its keyed hash.

    It outlives the employment until `held_until`, so that one person cannot carry one address through several
    accounts within a season and speak with several voices.
    """

    address = models.BinaryField(primary_key=True, max_length=32)
    employment = models.ForeignKey(Employment, on_delete=models.CASCADE, related_name="addresses")
    held_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[Constraints] = [_exactly("address", 32, name="address_claim_is_hash")]

    def __str__(self) -> str:
        return bytes(self.address).hex()


class CodeChallenge(models.Model):
    """A one-time code on its way to a work address; deleted when used, replaced or expired."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="code_challenge")
    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")
    address = models.BinaryField(max_length=32)
    code = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar[Constraints] = [
            _exactly("address", 32, name="challenge_address_is_hash"),
            _exactly("code", 32, name="challenge_code_is_hash"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class DailyUse(models.Model):
    """How often a named limit was drawn on by one subject on one day (`limits.py`); yesterday's rows go."""

    subject = models.BinaryField(primary_key=True, max_length=32)
    day = models.DateField(db_index=True)
    uses = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.day}: {self.uses}"


class Enrolment(models.Model):
    """A member's commitment for one season, with the proof that its secret is known."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="enrolments")
    season = models.CharField(max_length=12)
    commitment = models.BinaryField(max_length=32)
    nullifier = models.BinaryField(max_length=32)
    proof = models.BinaryField(max_length=128)
    # What the proof says: D("enrol-pok", account, nonce). Without the nonce it names no account.
    message = models.BinaryField(max_length=32)
    # SHA-256 of the nonce of the ticket that was spent on it.
    ticket = models.BinaryField(max_length=32, unique=True)
    enrolled_on = models.DateField()
    # The secret was lost: this commitment leaves all rosters, and another one may follow it.
    replaced_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.UniqueConstraint(
                fields=["member", "season"], condition=Q(replaced_on=None), name="one_enrolment_a_season"
            ),
            models.UniqueConstraint(
                fields=["member", "season"],
                condition=Q(replaced_on__isnull=False),
                name="one_replacement_a_season",
            ),
            models.UniqueConstraint(fields=["season", "commitment"], name="one_member_a_commitment"),
            _exactly("commitment", 32, name="enrolment_commitment_size"),
            _exactly("message", 32, name="enrolment_message_size"),
            models.CheckConstraint(name="commitment_not_zero", condition=~Q(commitment=bytes(32))),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.season}"


class Replacement(models.Model):
    """A lost key and its successor: until `cleared_on` no other commitment of the member is published.

    A ban cannot be tied to a member, so a new key waits until none of the bans that could be its holder's is
    in force any more (docs/adr/0020). Everything here is public but whose it is.
    """

    enrolment = models.OneToOneField(
        Enrolment, primary_key=True, on_delete=models.CASCADE, related_name="replacement"
    )
    # Since when the old commitment stands in no roster: the time of an epoch.
    left_at = models.DateTimeField(null=True, blank=True)
    # The bans that it still waits for, as hex of SHA-256(scope ‖ nullifier); final once `judged`.
    bans = models.JSONField(default=list, blank=True)
    judged = models.BooleanField(default=False)
    cleared_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.CheckConstraint(
                name="replacement_in_order",
                condition=(Q(judged=False) | Q(left_at__isnull=False))
                & (Q(cleared_on=None) | Q(judged=True)),
            ),
        ]

    def __str__(self) -> str:
        return str(self.enrolment_id)


class SeasonReminder(models.Model):
    """That a mail about a season went to all whom it concerns: each kind goes out once."""

    class Kind(models.TextChoices):
        ENDING = "ending"
        BEGUN = "begun"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    season = models.CharField(max_length=12)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    sent_on = models.DateField()

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.UniqueConstraint(fields=["season", "kind"], name="one_reminder_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.season} {self.kind}"
