"""DKIM as evidence: what a mail must be to prove an employment (docs/protocol.md §2; RFC 6376, RFC 5322).

`verify_mail` raises or returns what was proved. It judges the very headers that dkimpy hashes, and is
stricter than mail servers are: a mail that two programs could read differently is refused.
"""

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import policy
from email.headerregistry import Address
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Final

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dkim.util import InvalidTagValueList, parse_tag_value

from openmai.people.errors import PeopleError
from openmai.people.mail_reasons import REASONS
from openmai.people.txt_records import LookUp, TxtAnswer

MAX_BYTES: Final = 256 * 1024
MAX_AGE: Final = timedelta(days=3)
MAX_AHEAD: Final = timedelta(hours=1)
MIN_KEY_BITS: Final = 1024
MAX_KEY_BITS: Final = 8192
MUST_SIGN: Final = frozenset({b"from", b"to", b"subject", b"date"})
# RFC 5322 §3.6 and RFC 2045 allow each of these once.
SINGLE: Final = MUST_SIGN | {
    *(b"sender", b"reply-to", b"cc", b"bcc", b"message-id", b"in-reply-to", b"references"),
    *(b"mime-version", b"content-type", b"content-transfer-encoding", b"content-disposition"),
}
# dkimpy joins folded lines in quadratic time, and looks for each name of h= among all fields. A mail that has
# passed many servers has about a hundred fields.
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 500
MAX_SIGNED_NAMES: Final = 200
# Python reads headers in quadratic time; nobody's Subject, sender or recipients are longer.
MAX_HEADER_BYTES: Final = 2048
# The whole Subject. A machine that answers ("Re: …", "Undeliverable: …") signs for whoever wrote to it.
_SUBJECT: Final = re.compile(r"(?:openmai\s+)?([a-z2-7]{52})")
_BULK: Final = frozenset({b"bulk", b"junk", b"list", b"auto_reply"})
_BARE: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)|\0")
_DNS_LABELS: Final = re.compile(
    r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)

Headers = list[tuple[bytes, bytes]]


class MailRefused(PeopleError):
    """The mail proves nothing; `code` is a key of `REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = REASONS[code]


@dataclass(frozen=True)
class VerifiedMail:
    """What a mail proved: its sender could use `address` (lower case) under the key of `domain` itself."""

    address: str
    domain: str
    selector: str
    signature: bytes
    """SHA-256 of the signature's bytes."""
    key: bytes
    """SHA-256 of the key's DER (SubjectPublicKeyInfo)."""
    answer: TxtAnswer

    @property
    def key_name(self) -> str:
        """Where the key is published."""
        return key_name(self.selector, self.domain)


def key_name(selector: str, domain: str) -> str:
    """The name in the DNS of a key (RFC 6376 §3.6.2.1)."""
    return f"{selector}._domainkey.{domain}"


def bind_in_subject(raw: bytes) -> str:
    """The bind code that is the Subject of `raw`, but for our name; raise `MailRefused` if it is not."""
    found = _SUBJECT.fullmatch(_text(_headers(raw), b"subject").strip().lower())
    if found is None:
        raise MailRefused("no-code")
    return found[1]


def verify_mail(
    raw: bytes, *, bind: str, domains: Collection[str], to: str, now: datetime, look_up: LookUp
) -> VerifiedMail:
    """Check a raw mail (CRLF lines) against what was asked for. Raises `MailRefused` or `DnsUnavailable`.

    `domains` are the company's, `to` our mailbox; `look_up` fetches the key.
    """
    headers = _headers(raw)
    _check_single(headers)
    _check_written_anew(headers)
    address = _sender(headers)
    if address.domain not in domains:
        raise MailRefused("foreign-sender")
    if bind_in_subject(raw) != bind:
        raise MailRefused("no-code")
    _check_recipient(headers, to)
    _check_date(headers, now)
    index, tags = _signature(headers, address.domain)
    _check_tags(tags, now)
    selector = _dns_name(tags, b"s")
    answer = look_up(key_name(selector, address.domain))
    record = _key_record(answer)
    key = _check_key(record)
    _check_signature(raw, index, record)
    digest = sha256(_base64(tags[b"b"], "bad-signature")).digest()
    mailbox = f"{address.username}@{address.domain}"
    return VerifiedMail(mailbox, address.domain, selector, digest, sha256(key).digest(), answer)


def _headers(raw: bytes) -> Headers:
    """The headers exactly as dkimpy will hash them; raise `MailRefused` where parsers could disagree."""
    if len(raw) > MAX_BYTES:
        raise MailRefused("too-large")
    head = raw.split(b"\r\n\r\n", 1)[0]
    if len(head) > MAX_HEAD_BYTES:
        raise MailRefused("too-large")
    if _BARE.search(raw) or head.startswith((b" ", b"\t", b"\r\n")) or re.search(rb"(?:^|\n)From ", head):
        raise MailRefused("malformed")
    try:
        headers, _body = dkim.rfc822_parse(raw)
    except dkim.DKIMException as error:
        raise MailRefused("malformed") from error
    if len(headers) > MAX_FIELDS:
        raise MailRefused("malformed")
    return [(name.lower(), value) for name, value in headers]


def _check_single(headers: Headers) -> None:
    names = [name for name, _value in headers]
    if any(names.count(name) > 1 for name in SINGLE):
        raise MailRefused("duplicate-header")
    if not set(names) >= MUST_SIGN:
        raise MailRefused("missing-header")


def _check_written_anew(headers: Headers) -> None:
    """Refuse answers and what machines send: Mallory can make both say her code to us."""
    values = {name: value.strip().lower() for name, value in headers}
    answers = b"in-reply-to" in values or b"references" in values
    automatic = values.get(b"auto-submitted", b"no") != b"no" or values.get(b"precedence") in _BULK
    if answers or automatic:
        raise MailRefused("malformed")


def _text(headers: Headers, name: bytes) -> str:
    """The one header `name`, unfolded and decoded (RFC 2047)."""
    values = [value for known, value in headers if known == name]
    if not values:
        raise MailRefused("missing-header")
    if len(values) > 1:
        raise MailRefused("duplicate-header")
    if len(values[0]) > MAX_HEADER_BYTES:
        raise MailRefused("malformed")
    try:
        unfolded = values[0].decode("utf-8").replace("\r\n", "").strip()
        return str(policy.SMTP.header_factory(name.decode(), unfolded))
    except (ValueError, IndexError, RecursionError) as error:
        raise MailRefused("malformed") from error


def _addresses(headers: Headers, name: bytes) -> list[Address]:
    """The addresses of a header, in lower case; raise `MailRefused` if it is not plain and well-formed."""
    values = [value for known, value in headers if known == name]
    if len(values[0]) > MAX_HEADER_BYTES:
        raise MailRefused("malformed")
    try:
        unfolded = values[0].decode("ascii").replace("\r\n", "").strip()
        header = policy.SMTP.header_factory(name.decode(), unfolded)
        plain = all(each.addr_spec in unfolded for each in header.addresses)
        if not plain or header.defects or any(group.display_name is not None for group in header.groups):
            raise MailRefused("malformed")
        return [
            Address("", username=each.username.lower(), domain=each.domain.lower())
            for each in header.addresses
        ]
    except (ValueError, IndexError, AttributeError, RecursionError) as error:
        raise MailRefused("malformed") from error


def _sender(headers: Headers) -> Address:
    senders = _addresses(headers, b"from")
    if len(senders) != 1 or not senders[0].username or not senders[0].domain:
        raise MailRefused("several-senders")
    return senders[0]


def _check_recipient(headers: Headers, to: str) -> None:
    recipients = [f"{each.username}@{each.domain}" for each in _addresses(headers, b"to")]
    if to.lower() not in recipients:
        raise MailRefused("other-recipient")


def _check_date(headers: Headers, now: datetime) -> None:
    try:
        sent = parsedate_to_datetime(_text(headers, b"date"))
        # A date without a zone ("-0000") is UTC by RFC 5322.
        sent = sent if sent.tzinfo else sent.replace(tzinfo=UTC)
        fresh = now - MAX_AGE <= sent <= now + MAX_AHEAD
    except (ValueError, TypeError, OverflowError) as error:
        raise MailRefused("malformed") from error
    if not fresh:
        raise MailRefused("wrong-date")


def _signature(headers: Headers, domain: str) -> tuple[int, dict[bytes, bytes]]:
    """The index (among all signatures) and tags of the one rsa-sha256 signature by `domain` itself."""
    acceptable = []
    values = [value for name, value in headers if name == b"dkim-signature"]
    for index, value in enumerate(values):
        try:
            tags = parse_tag_value(value)
        except InvalidTagValueList:
            continue
        if tags.get(b"d", b"").lower() == domain.encode() and tags.get(b"a") == b"rsa-sha256":
            acceptable.append((index, tags))
    if not acceptable:
        raise MailRefused("not-signed")
    if len(acceptable) > 1:
        raise MailRefused("several-signatures")
    return acceptable[0]


def _check_tags(tags: dict[bytes, bytes], now: datetime) -> None:
    if b"l" in tags:
        raise MailRefused("partial-body")
    signed = [name.strip().lower() for name in tags.get(b"h", b"").split(b":")]
    if len(signed) > MAX_SIGNED_NAMES:
        raise MailRefused("bad-signature")
    if not set(signed) >= MUST_SIGN:
        raise MailRefused("unsigned-header")
    if tags.get(b"q", b"dns/txt") != b"dns/txt" or not tags.get(b"b") or not tags.get(b"bh"):
        raise MailRefused("bad-signature")
    made, expires = (_seconds(tags, name) for name in (b"t", b"x"))
    if made is not None and made > (now + MAX_AHEAD).timestamp():
        raise MailRefused("wrong-date")
    if expires is not None and expires < now.timestamp():
        raise MailRefused("wrong-date")


def _seconds(tags: dict[bytes, bytes], name: bytes) -> int | None:
    value = tags.get(name)
    if value is None:
        return None
    if not re.fullmatch(rb"[0-9]{1,12}", value):
        raise MailRefused("bad-signature")
    return int(value)


def _dns_name(tags: dict[bytes, bytes], name: bytes) -> str:
    value = tags.get(name, b"").decode("ascii", "replace").lower()
    if len(value) > 127 or not _DNS_LABELS.fullmatch(value):
        raise MailRefused("bad-signature")
    return value


def _key_record(answer: TxtAnswer) -> bytes:
    if not answer.records:
        raise MailRefused("no-key")
    if len(answer.records) > 1:
        # RFC 6376 §3.6.2.2 leaves the result undefined; a third party must reach ours.
        raise MailRefused("several-keys")
    return b"".join(answer.records[0])


def _check_key(record: bytes) -> bytes:
    """The key's DER; raise `MailRefused` unless it is an RSA key of good size, for mail, not in test mode."""
    try:
        tags = parse_tag_value(record)
    except (InvalidTagValueList, IndexError) as error:
        raise MailRefused("no-key") from error
    if tags.get(b"v", b"DKIM1") != b"DKIM1" or tags.get(b"k", b"rsa") != b"rsa" or not tags.get(b"p"):
        raise MailRefused("no-key")
    listed = {name: {each.strip() for each in tags.get(name, b"").split(b":")} for name in (b"h", b"s", b"t")}
    if b"y" in listed[b"t"]:
        raise MailRefused("test-key")
    if (b"h" in tags and b"sha256" not in listed[b"h"]) or (
        b"s" in tags and not listed[b"s"] & {b"*", b"email"}
    ):
        raise MailRefused("no-key")
    der = _base64(tags[b"p"], "no-key")
    try:
        key = load_der_public_key(der)
    except ValueError as error:
        raise MailRefused("no-key") from error
    if not isinstance(key, RSAPublicKey) or key.key_size > MAX_KEY_BITS:
        raise MailRefused("no-key")
    if key.key_size < MIN_KEY_BITS:
        raise MailRefused("short-key")
    return der


def _check_signature(raw: bytes, index: int, record: bytes) -> None:
    try:
        verifier = dkim.DKIM(raw, minkey=MIN_KEY_BITS)
        holds = verifier.verify(idx=index, dnsfunc=lambda _name, timeout=5: record)
    except Exception as error:
        # The library meets hostile bytes here: whatever it trips over, the signature was not shown to hold.
        raise MailRefused("bad-signature") from error
    if holds is not True:
        raise MailRefused("bad-signature")


def _base64(value: bytes, code: str) -> bytes:
    try:
        return base64.b64decode(re.sub(rb"\s+", b"", value), validate=True)
    except ValueError as error:
        raise MailRefused(code) from error
