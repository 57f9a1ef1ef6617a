"""Which identity provider speaks for a company: named by the operator, and by nobody else."""

from datetime import date
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openmai.anonymity.encoding import length_prefixed
from openmai.companies.queries import company_by_slug
from openmai.people.conf import config
from openmai.people.errors import Refused
from openmai.people.evidence import seal_bytes, unseal_bytes
from openmai.people.id_token import TokenRefused
from openmai.people.login_flow import discover
from openmai.people.models import LoginProof, LoginProvider
from openmai.platform.outward import Outward, Unreachable

MAX_SECRET: Final = 1024
# One issuer for the accounts of all their customers: only the tenant tells whose employee somebody is.
SHARED_ISSUERS: Final = {"accounts.google.com": "hd", "login.microsoftonline.com": "tid"}


class ProviderRefused(Refused):
    """The identity provider cannot be used as described."""

    code = "bad-provider"


def set_login_provider(
    *,
    company_slug: str,
    issuer: str,
    client_id: str,
    secret: str,
    tenant_claim: str = "",
    tenant: str = "",
    on: date,
    outward: Outward,
) -> UUID:
    """Name a company's identity provider, instead of the one before; raise `ProviderRefused`.

    Its configuration is fetched and judged, so that a mistyped issuer is told now.
    """
    company = company_by_slug(company_slug)
    if company is None:
        raise ProviderRefused(_("No company here has the short name %(slug)s.") % {"slug": company_slug})
    _check(issuer, client_id, secret, tenant_claim, tenant)
    try:
        discover(issuer, outward)
    except (Unreachable, TokenRefused) as error:
        raise ProviderRefused(
            _("%(issuer)s does not answer as an identity provider: %(why)s")
            % {"issuer": issuer, "why": str(error)}
        ) from error
    with transaction.atomic():
        _retire(company.id, on)
        provider = LoginProvider(
            company_id=company.id,
            issuer=issuer,
            client_id=client_id,
            tenant_claim=tenant_claim,
            tenant=tenant,
            added_on=on,
        )
        provider.secret = seal_bytes(secret.encode(), _associated(provider)) if secret else b""
        provider.save(force_insert=True)
    return provider.id


def _check(issuer: str, client_id: str, secret: str, tenant_claim: str, tenant: str) -> None:
    parts = urlsplit(issuer)
    if not parts.hostname or parts.query or parts.fragment or len(issuer) > 255 or "{" in issuer:
        raise ProviderRefused(_("An issuer is an address without ? and #, exactly as its tokens name it."))
    if not 0 < len(client_id) <= 255 or len(tenant) > 255 or len(secret) > MAX_SECRET:
        raise ProviderRefused(_("The client id, the secret or the tenant is missing or too long."))
    if bool(tenant_claim) != bool(tenant) or tenant_claim not in {"", "hd", "tid"}:
        raise ProviderRefused(_("The tenant is named by hd (Google) or tid (Microsoft) and its value."))
    needed = SHARED_ISSUERS.get(parts.hostname)
    if needed and tenant_claim != needed:
        raise ProviderRefused(
            _("%(host)s serves many employers: name the tenant by %(claim)s.")
            % {"host": parts.hostname, "claim": needed}
        )


def retire_login_provider(*, company_slug: str, on: date) -> None:
    """Take a company's log-in away; what it proved stays. Raise `ProviderRefused`."""
    company = company_by_slug(company_slug)
    with transaction.atomic():
        if company is None or not _retire(company.id, on):
            raise ProviderRefused(_("This company has no log-in here."))


def _retire(company_id: UUID, on: date) -> int:
    active = LoginProvider.objects.filter(company=company_id, retired_on=None)
    LoginProof.objects.filter(provider__in=active).delete()
    # Nobody logs in with it any more, so nobody needs its secret.
    return active.update(retired_on=on, secret=b"")


def secret_of(provider: LoginProvider) -> str:
    """The client's secret; "" for a public client. Raise `SealBroken` if the row was changed."""
    sealed = bytes(provider.secret)
    return unseal_bytes(sealed, _associated(provider)).decode() if sealed else ""


def _associated(provider: LoginProvider) -> list[bytes]:
    named = (config().site_id, provider.issuer, provider.client_id)
    return [b"openmai/v1/login-provider\0", *(length_prefixed(each.encode()) for each in named)]
