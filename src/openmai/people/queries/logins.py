"""The log-ins at employers: which companies have one, and what a member is shown before he goes there."""

from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from openmai.companies.queries import CompanyCard, companies_by_id
from openmai.people.models import LoginProof, LoginProvider


@dataclass(frozen=True)
class LoginProofPage:
    """Where the member will log in: `host` is shown, `address` is the link."""

    id: UUID
    company: CompanyCard
    host: str
    address: str


def login_providers() -> list[tuple[CompanyCard, LoginProvider]]:
    """Every active provider, by the company's slug."""
    rows = list(LoginProvider.objects.filter(retired_on=None))
    companies = companies_by_id(row.company_id for row in rows)
    return sorted(((companies[row.company_id], row) for row in rows), key=lambda pair: pair[0].slug)


def login_host(company_id: UUID) -> str:
    """The host that the company's employees log in at; "" if there is none."""
    provider = LoginProvider.objects.filter(company=company_id, retired_on=None).first()
    return urlsplit(provider.issuer).netloc if provider else ""


def login_proof_page(proof: LoginProof) -> LoginProofPage:
    company_id = proof.provider.company_id
    company = companies_by_id([company_id])[company_id]
    return LoginProofPage(proof.id, company, urlsplit(proof.address).netloc, proof.address)
