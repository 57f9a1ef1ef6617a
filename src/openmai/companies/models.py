"""Companies and the mail domains that belong to them."""

import uuid
from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

SLUG = r"^[a-z0-9][a-z0-9-]{0,62}$"
A_LABELS = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"


class Trade(models.TextChoices):
    """What a company lives by; every trade has its place, not only software."""

    TECH = "tech", _("Technology")
    FINANCE = "finance", _("Finance")
    MANUFACTURING = "manufacturing", _("Manufacturing")
    HEALTH = "health", _("Hospitals and care")
    LOGISTICS = "logistics", _("Logistics")
    KITCHEN = "kitchen", _("Restaurants and kitchens")
    RETAIL = "retail", _("Shops and retail")
    EDUCATION = "education", _("Education")
    CONSTRUCTION = "construction", _("Construction")
    PUBLIC = "public", _("Public service")
    OTHER = "other", _("Other trades")


class Company(models.Model):
    """An employer. The slug is part of roster ids (docs/protocol.md §3) and never changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(max_length=63, unique=True, validators=[RegexValidator(SLUG)])
    name_en = models.CharField(max_length=80)
    name_zh = models.CharField(max_length=80)
    trade = models.CharField(max_length=20, choices=Trade.choices)
    registered_on = models.DateField()

    class Meta:
        verbose_name_plural = "companies"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="company_slug_form", condition=models.Q(slug__regex=SLUG)),
            models.CheckConstraint(name="company_trade_known", condition=models.Q(trade__in=Trade.values)),
            models.CheckConstraint(
                name="company_named", condition=~models.Q(name_en="") & ~models.Q(name_zh="")
            ),
        ]

    def __str__(self) -> str:
        return self.name_en


class CrowdFacts(models.Model):
    """What may be told of a company's verified staff, as of its last roster epoch; people writes it.

    Absent while the crowd is below the floor. The shares are percentages in steps of ten, so that nobody
    stands out; a band that nobody is in has none.
    """

    company = models.OneToOneField(Company, primary_key=True, on_delete=models.CASCADE, related_name="crowd")
    live = models.PositiveIntegerField()
    provable = models.PositiveIntegerField()
    season_share = models.PositiveSmallIntegerField(null=True)
    half_year_share = models.PositiveSmallIntegerField(null=True)
    older_share = models.PositiveSmallIntegerField(null=True)
    published_on = models.DateField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="provable_within_live", condition=models.Q(provable__lte=models.F("live"))
            ),
            *(
                models.CheckConstraint(
                    name=f"{band}_share_in_tens",
                    condition=models.Q(**{band + "_share": None})
                    | models.Q(**{band + "_share__in": list(range(10, 101, 10))}),
                )
                for band in ("season", "half_year", "older")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company_id}: {self.live}"


class Domain(models.Model):
    """A mail domain of exactly one company. Subdomains are other domains."""

    name = models.CharField(primary_key=True, max_length=253, validators=[RegexValidator(A_LABELS)])
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="domains")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="domain_a_labels", condition=models.Q(name__regex=A_LABELS)),
        ]

    def __str__(self) -> str:
        return self.name
