"""What may be done to the registry."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from openmai.companies.domains import CompanyError, company_domain
from openmai.companies.models import Company, Domain


class CompanyRefused(CompanyError):
    """The company cannot be registered as described."""


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
        raise CompanyRefused(" ".join(error.messages)) from error
    with transaction.atomic():
        company.save(force_insert=True)
        for name in names:
            _add(company, name)
    return company.id


def add_domain(*, company_id: UUID, domain: str) -> str:
    """Give a company one more mail domain, return its canonical form; raise `BadDomain` or `DomainTaken`."""
    name = company_domain(domain)
    _add(Company.objects.get(id=company_id), name)
    return name


def _add(company: Company, name: str) -> None:
    try:
        with transaction.atomic():
            Domain.objects.create(name=name, company=company)
    except IntegrityError as error:
        raise DomainTaken(_("%(domain)s belongs to a company already.") % {"domain": name}) from error
