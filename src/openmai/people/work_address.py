"""Work addresses: read strictly, remembered only as keyed hashes."""

import re
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _

from openmai.companies.domains import CompanyError
from openmai.companies.queries import CompanyCard, company_of_domain
from openmai.people.conf import keyed_hash
from openmai.people.errors import Refused

# RFC 5321 dot-string; quoted local parts are legal and nobody's work address.
_LOCAL: Final = re.compile(r"(?=.{1,64}\Z)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
# Mailboxes that answer the public: whoever opens a ticket there reads what comes in, and would read the code.
# RFC 2142 names most of them.
_ROLES: Final = frozenset(
    "abuse accounts admin administrator billing care complaints contact customerservice do-not-reply "
    "feedback ftp hello help helpdesk hostmaster hr info inquiries it jobs legal list list-request "
    "mail mailer-daemon marketing media news newsletter no-reply noc noreply office orders postmaster "
    "press privacy recruiting root sales security service services spam support tickets usenet "
    "webmaster www".split()
)


class BadAddress(Refused):
    """The address cannot be read, or its domain is no company's."""

    code = "bad-address"


@dataclass(frozen=True)
class WorkAddress:
    """A well-formed address at exactly a company's domain."""

    local: str
    domain: str
    company: CompanyCard

    @property
    def mailbox(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def claim(self) -> bytes:
        return address_claim(self.mailbox)


def read_work_address(text: str) -> WorkAddress:
    """Read what a person typed; raise `BadAddress`, which says what is wrong with it."""
    local, separator, domain = text.strip().rpartition("@")
    local = local.lower()
    if not separator or not _LOCAL.match(local):
        raise BadAddress(_("Write an address such as name@company.example."))
    if is_role_mailbox(local):
        raise BadAddress(_("This is a mailbox of a department. Use an address that is yours alone."))
    try:
        company = company_of_domain(domain)
    except CompanyError as error:
        raise BadAddress(getattr(error, "reason", str(error))) from error
    return WorkAddress(local, domain.strip().lower().rstrip("."), company)


def is_role_mailbox(mailbox: str) -> bool:
    """Whether this local part or address is a department's; sub-addresses (support+123) are too."""
    return mailbox.partition("@")[0].partition("+")[0].lower() in _ROLES


def address_claim(mailbox: str) -> bytes:
    """The keyed hash (32 bytes) by which `mailbox` is known. Sub-addresses (name+tag) are their mailbox."""
    local, _at, domain = mailbox.lower().rpartition("@")
    return keyed_hash("work-address", local.split("+", 1)[0].encode(), domain.encode())
