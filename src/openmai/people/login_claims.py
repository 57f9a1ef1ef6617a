"""By what a person is known at the employer, so that nobody gets a second account."""

from collections.abc import Sequence

from openmai.people.conf import keyed_hash
from openmai.people.id_token import VerifiedToken
from openmai.people.work_address import address_claim


def subject_claims(proved: VerifiedToken, *, domains: Sequence[str]) -> list[bytes]:
    """Keyed hashes by which this person is known at the employer, so that he gets no second account.

    The log-in, and the confirmed address if it is at a domain of the company: it verifies nothing, but must
    not verify another account by a code.
    """
    claims = [keyed_hash("employer-login", proved.issuer.encode(), proved.subject.encode())]
    if proved.confirmed_email.rpartition("@")[2] in domains:
        claims.append(address_claim(proved.confirmed_email))
    return claims
