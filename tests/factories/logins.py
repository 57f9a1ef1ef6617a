"""Log-ins at employers as the tests begin them; `LOCAL` is the client that may ask this machine."""

from datetime import datetime
from random import Random
from typing import Final

from tests.factories.employer import CLIENT, SECRET
from tests.factories.people import HARBOUR, HARBOUR_DOMAIN

from openmai.people import actions
from openmai.people.models import LoginProof, Member
from openmai.platform.outward import Outward

LOCAL: Final = Outward(local=True)
TENANT: Final = {"hd": HARBOUR_DOMAIN}


def set_provider(issuer: str, now: datetime, *, tenant: bool = True, client: str = CLIENT) -> None:
    actions.set_login_provider(
        company_slug=HARBOUR,
        issuer=issuer,
        client_id=client,
        secret=SECRET,
        tenant_claim="hd" if tenant else "",
        tenant=HARBOUR_DOMAIN if tenant else "",
        on=now.date(),
        outward=LOCAL,
    )


def open_proof(member: Member, now: datetime, company: str = HARBOUR) -> LoginProof:
    return actions.open_login_proof(
        member_id=member.id, company_slug=company, now=now, randbytes=Random(7).randbytes, outward=LOCAL
    )
