"""What may be done to the registry."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from openmai.companies.domains import CompanyError, company_domain
from openmai.companies.models import Company, CrowdFacts, Domain, Trade


class CompanyRefused(CompanyError):
    """The company cannot be registered as described."""


class UnknownCompany(CompanyError):
    """No company has this slug."""


class DomainTaken(CompanyError):
    """The domain belongs to a company already."""


def register_company(
    *, slug: str, name_en: str, name_zh: str, trade: str, domains: Sequence[str], on: date
) -> UUID:
    """Register a company with its mail domains; raise `BadDomain`, `DomainTaken` or `CompanyRefused`."""
    names = [company_domain(domain) for domain in domains]
    company = Company(slug=slug, name_en=name_en, name_zh=name_zh, trade=trade, registered_on=on)
    try:
        company.full_clean()
    except ValidationError as error:
        raise CompanyRefused(_why(error)) from error
    with transaction.atomic():
        company.save(force_insert=True)
        for name in names:
            _add(company, name)
    return company.id


def record_crowd(*, company_id: UUID, live: int, provable: int, shares: Mapping[str, int], on: date) -> None:
    """What the company's page tells of its verified staff; `shares` is band → percentage in tens."""
    CrowdFacts.objects.update_or_create(
        company_id=company_id,
        defaults={
            "live": live,
            "provable": min(provable, live),
            "season_share": shares.get("season"),
            "half_year_share": shares.get("half-year"),
            "older_share": shares.get("older"),
            "published_on": on,
        },
    )


def forget_crowd(*, company_id: UUID) -> None:
    """Tell nothing of a crowd that is too small."""
    CrowdFacts.objects.filter(company=company_id).delete()


def _why(error: ValidationError) -> str:
    found = {field: " ".join(messages) for field, messages in error.message_dict.items()}
    if "trade" in found:
        found["trade"] += f" ({', '.join(Trade.values)})"
    return "\n".join(f"{field}: {text}" for field, text in found.items())


def add_domain(*, slug: str, domain: str) -> str:
    """Give a company one more mail domain, return its canonical form.

    Raises `UnknownCompany`, `BadDomain` or `DomainTaken`.
    """
    name = company_domain(domain)
    company = Company.objects.filter(slug=slug).first()
    if company is None:
        raise UnknownCompany(_("No company here has the short name %(slug)s.") % {"slug": slug})
    _add(company, name)
    return name


def _add(company: Company, name: str) -> None:
    try:
        with transaction.atomic():
            Domain.objects.create(name=name, company=company)
    except IntegrityError as error:
        raise DomainTaken(_("%(domain)s belongs to a company already.") % {"domain": name}) from error
