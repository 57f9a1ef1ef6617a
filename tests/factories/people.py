"""The cast on the people site: members, companies with real DKIM keys, mail as it would travel.

Alice and Bob work at Harbour Logistics, Mallory at Orchid Kitchen; Charlie has an account and no employment.
"""

import base64
import email.policy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime, make_msgid
from functools import cache
from random import Random
from typing import Final
from uuid import UUID

import dkim
import dkim.crypto
import gmpy2
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.factories.cast import read_artifacts

from openmai.anonymity.enrolment import prove_enrolment
from openmai.anonymity.prover import Prover, new_secret
from openmai.anonymity.tickets import build_answer, decode_ticket, parse_answer
from openmai.companies.actions import register_company
from openmai.demo.companies import SELECTOR as DEMO_SELECTOR
from openmai.demo.dkim_signer import sign_message
from openmai.people import actions
from openmai.people.conf import config, domain
from openmai.people.models import Member
from openmai.people.txt_records import TxtAnswer

PASSWORD: Final = "correct horse battery"
HARBOUR: Final = "harbour-logistics"
ORCHID: Final = "orchid-kitchen"
HARBOUR_DOMAIN: Final = "harbour.example"
ORCHID_DOMAIN: Final = "orchid-kitchen.example"
SELECTOR: Final = "mail"


@cache
def rsa_key(bits: int = 1024, name: str = "company") -> bytes:
    """A PEM private key; the same for the same arguments within a test run."""
    key = generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def key_record(pem: bytes, *, tags: str = "v=DKIM1; k=rsa;") -> bytes:
    """The TXT record that publishes a key."""
    public = load_pem_private_key(pem, password=None).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return tags.encode() + b" p=" + base64.b64encode(der)


@cache
def weak_rsa_key(bits: int = 768) -> bytes:
    """A PEM key shorter than libraries make any more; 768 bits were factored in 2009."""
    random = Random(bits)
    p, q = (int(gmpy2.next_prime(random.getrandbits(bits // 2) | 3 << (bits // 2 - 2))) for _ in "pq")
    n, e = p * q, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = (0, n, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    body = base64.encodebytes(_der(0x30, b"".join(map(_der_integer, numbers)))).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\n".encode()


def weak_record(pem: bytes) -> bytes:
    """The TXT record for such a key, which libraries do not load."""
    parsed = dkim.crypto.parse_pem_private_key(pem)
    numbers = _der_integer(parsed["modulus"]) + _der_integer(parsed["publicExponent"])
    algorithm = _der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    key = _der(0x30, algorithm + _der(0x03, b"\0" + _der(0x30, numbers)))
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(key)


def _der_integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


@cache
def prover() -> Prover:
    """Depth 1, for enrolments."""
    return Prover(read_artifacts(1))


@dataclass
class Names:
    """A look-up without a server: owner name → records. `asked` tells what was looked up."""

    records: dict[str, list[bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> TxtAnswer:
        self.asked.append(name)
        return TxtAnswer(name, tuple((record,) for record in self.records.get(name, [])))


def company_names(pem: bytes | None = None) -> Names:
    """What the DNS says when Harbour publishes `pem`."""
    return Names({f"{SELECTOR}._domainkey.{HARBOUR_DOMAIN}": [key_record(pem or rsa_key())]})


def write_mail(
    *,
    subject: str,
    now: datetime,
    sender: str = f"alice@{HARBOUR_DOMAIN}",
    to: str | None = None,
    body: str = "",
) -> bytes:
    """An unsigned mail with CRLF lines."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = sender
    message["To"] = to or config().inbound_address
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain="mailer.example")
    message.set_content(body or "Hello")
    return message.as_bytes()


def sign_mail(
    raw: bytes,
    *,
    pem: bytes | None = None,
    signer: str = HARBOUR_DOMAIN,
    headers: tuple[bytes, ...] = (b"from", b"to", b"subject", b"date"),
    length: bool = False,
    algorithm: bytes = b"rsa-sha256",
) -> bytes:
    """`raw` under a DKIM signature of `signer`."""
    signature: bytes = dkim.sign(
        raw,
        SELECTOR.encode(),
        signer.encode(),
        pem or rsa_key(),
        include_headers=list(headers),
        length=length,
        signature_algorithm=algorithm,
    )
    return signature + raw


def prove_by_mail(member: Member, mailbox: str, *, now: datetime, company: str = HARBOUR) -> None:
    """Provable evidence as it comes about: a bind code, a mail signed as of `now`, the mail accepted."""
    awaited = actions.open_mail_proof(
        member_id=member.id, company_slug=company, now=now, randbytes=Random(mailbox).randbytes
    )
    raw = write_mail(subject=f"Openmai {awaited.bind}", now=now, sender=mailbox)
    domain = mailbox.rpartition("@")[2]
    names = Names({f"{DEMO_SELECTOR}._domainkey.{domain}": [key_record(rsa_key())]})
    signed = sign_message(raw, domain=domain, pem=rsa_key(), made=now)
    actions.accept_mail(raw=signed, now=now, look_up=names)


def make_companies(*, now: datetime) -> dict[str, UUID]:
    """Harbour Logistics and Orchid Kitchen."""
    return {
        slug: register_company(
            slug=slug, name_en=english, name_zh=chinese, trade=trade, domains=[name], on=now.date()
        )
        for slug, english, chinese, trade, name in (
            (HARBOUR, "Harbour Logistics", "港湾物流", "logistics", HARBOUR_DOMAIN),
            (ORCHID, "Orchid Kitchen", "兰厨", "kitchen", ORCHID_DOMAIN),
        )
    }


def make_member(name: str, *, now: datetime, confirmed: bool = True) -> Member:
    """A member with a personal address at home.example and `PASSWORD`."""
    member_id = actions.register_member(
        email=f"{name.lower()}@home.example", real_name=name, password=PASSWORD, now=now
    )
    if confirmed:
        actions.confirm_email(member_id=member_id)
    return Member.objects.get(id=member_id)


def employ(member: Member, mailbox: str, *, now: datetime) -> UUID:
    """Verify an employment by a code, as the pages do."""
    actions.request_code(member_id=member.id, address=mailbox, now=now, randbelow=lambda _n: 12345678)
    return actions.confirm_code(member_id=member.id, code="12345678", now=now)


def answer_for(member: Member, *, now: datetime, seed: int = 1) -> bytes:
    """A fresh ticket's real answer: what the device posts. Equal seeds are equal secrets."""
    random = Random(seed)
    ticket = actions.issue_ticket(member_id=member.id, now=now, randbytes=random.randbytes)
    return answer_ticket(ticket, seed=seed)


def answer_ticket(encoded: str, *, seed: int = 1) -> bytes:
    """The real answer to a ticket that came from a page."""
    random = Random(seed)
    ticket = decode_ticket(encoded)
    commitment, proof = prove_enrolment(
        prover(),
        secret=new_secret(random.randrange),
        domain=ticket.domain,
        account=ticket.account,
        nonce=ticket.nonce,
        randbelow=random.randrange,
    )
    return build_answer(ticket=ticket, commitment=commitment, proof=proof)


def enrol(member: Member, *, now: datetime, seed: int = 1) -> actions.Enrolled:
    """Enrol a member with a real proof."""
    body = answer_for(member, now=now, seed=seed)
    ticket = decode_ticket(json.loads(body)["ticket"])
    return actions.enrol(answer=parse_answer(body, domain=domain(ticket.season)), now=now)


@dataclass(frozen=True)
class QueuedMail:
    """A mail that waits in the queue."""

    to: list[str]
    subject: str
    text: str


def queued_mails() -> list[QueuedMail]:
    """What the site has written and not yet sent, oldest first."""
    jobs = ProcrastinateJob.objects.filter(task_name="mail.deliver").order_by("id")
    return [_read_mail(job.args) for job in jobs]


def _read_mail(args: Mapping[str, object]) -> QueuedMail:
    parser = BytesParser(policy=email.policy.default)
    message = parser.parsebytes(base64.b64decode(str(args["message"])))
    body = message.get_body(("plain",))
    text = body.get_content() if body else ""
    recipients = args["recipients"]
    assert isinstance(recipients, list)
    return QueuedMail(recipients, str(message["Subject"]), text)
