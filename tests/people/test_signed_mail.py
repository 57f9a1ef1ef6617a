"""What a DKIM-signed mail must be in order to prove an employment (V2)."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.factories.people import (
    HARBOUR_DOMAIN,
    SELECTOR,
    Names,
    company_names,
    key_record,
    rsa_key,
    sign_mail,
    weak_record,
    weak_rsa_key,
    write_mail,
)

from openmai.people.mail_reasons import REASONS
from openmai.people.signed_mail import (
    MAX_BYTES,
    MAX_FIELDS,
    MAX_HEAD_BYTES,
    MAX_SIGNED_NAMES,
    MailRefused,
    VerifiedMail,
    bind_in_subject,
    verify_mail,
)
from openmai.people.txt_records import DnsUnavailable, TxtAnswer
from openmai.platform.clock import utc_now

BIND = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"
TO = "verify@test.openmai.example"
KEY_NAME = f"{SELECTOR}._domainkey.{HARBOUR_DOMAIN}"
Rewrite = Callable[[bytes], bytes]


@pytest.fixture
def now() -> datetime:
    """The real clock: signatures carry their own time (t=), which the signing library reads itself."""
    return utc_now()


def judge(raw: bytes, now: datetime, names: Names | None = None, **changes: Any) -> VerifiedMail:
    expected: dict[str, Any] = {"bind": BIND, "domains": [HARBOUR_DOMAIN], "to": TO, "now": now}
    return verify_mail(raw, look_up=names or company_names(), **(expected | changes))


def mail(now: datetime, **changes: Any) -> bytes:
    return write_mail(**({"subject": f"Openmai {BIND}", "now": now} | changes))


def refused(raw: bytes, now: datetime, names: Names | None = None, **changes: Any) -> str:
    with pytest.raises(MailRefused) as caught:
        judge(raw, now, names, **changes)
    return caught.value.code


def test_a_properly_signed_mail_proves_its_sender(now: datetime):
    names = company_names()
    proved = judge(sign_mail(mail(now)), now, names)
    assert (proved.address, proved.domain, proved.selector) == (
        f"alice@{HARBOUR_DOMAIN}",
        HARBOUR_DOMAIN,
        SELECTOR,
    )
    assert names.asked == [KEY_NAME]
    assert proved.answer.records == ((key_record(rsa_key()),),)


def test_the_sender_may_have_a_name_and_the_code_any_case(now: datetime):
    raw = mail(now, sender=f"Alice Li <Alice@{HARBOUR_DOMAIN}>", subject=f" {BIND.upper()} ")
    assert judge(sign_mail(raw), now).address == f"alice@{HARBOUR_DOMAIN}"


def test_a_signature_of_the_mail_provider_beside_the_companys_is_ignored(now: datetime):
    both = sign_mail(sign_mail(mail(now)), signer="provider.example", pem=rsa_key(1024, "provider"))
    assert judge(both, now).domain == HARBOUR_DOMAIN


@pytest.mark.parametrize(
    "sender",
    [
        "mallory@evil.example",
        f"alice@sub.{HARBOUR_DOMAIN}",
        "alice@harb0ur.example",
        f"alice@{HARBOUR_DOMAIN}.evil.example",
        f'"alice@{HARBOUR_DOMAIN}" <mallory@evil.example>',
    ],
)
def test_from_must_be_at_the_company(now: datetime, sender: str):
    assert refused(sign_mail(mail(now, sender=sender)), now) == "foreign-sender"


def test_the_signer_must_be_the_company_itself(now: datetime):
    for signer in ("evil.example", f"mail.{HARBOUR_DOMAIN}", "example"):
        assert refused(sign_mail(mail(now), signer=signer), now) == "not-signed"
    assert refused(mail(now), now) == "not-signed"


def test_a_forged_from_under_a_foreign_signature_is_refused(now: datetime):
    # Mallory controls evil.example and its DNS, and writes Alice's address into From.
    names = Names({f"{SELECTOR}._domainkey.evil.example": [key_record(rsa_key(1024, "evil"))]})
    forged = sign_mail(mail(now), signer="evil.example", pem=rsa_key(1024, "evil"))
    assert refused(forged, now, names) == "not-signed"


def test_a_signature_by_another_key_is_refused(now: datetime):
    assert refused(sign_mail(mail(now), pem=rsa_key(1024, "evil")), now) == "bad-signature"


@pytest.mark.parametrize(
    "sender",
    [
        f"alice@{HARBOUR_DOMAIN}, mallory@evil.example",
        f"alice@{HARBOUR_DOMAIN}, bob@{HARBOUR_DOMAIN}",
    ],
)
def test_from_holds_one_address(now: datetime, sender: str):
    assert refused(sign_mail(mail(now, sender=sender)), now) == "several-senders"


def test_a_group_in_from_is_refused(now: datetime):
    raw = re.sub(rb"From: [^\r]*", f"From: staff: alice@{HARBOUR_DOMAIN};".encode(), mail(now))
    assert refused(sign_mail(raw), now) == "malformed"


@pytest.mark.parametrize("missing", [b"from", b"to", b"subject", b"date"])
def test_from_to_subject_and_date_must_be_signed(now: datetime, missing: bytes):
    signed = tuple(name for name in (b"from", b"to", b"subject", b"date") if name != missing)
    if missing == b"from":
        # No signer leaves From out, so the list is cut afterwards.
        raw = re.sub(rb"h=from : ", b"h=", sign_mail(mail(now)))
    else:
        raw = sign_mail(mail(now), headers=signed)
    assert refused(raw, now) == "unsigned-header"


def test_a_body_length_is_refused(now: datetime):
    raw = sign_mail(mail(now), length=True)
    assert b" l=" in raw
    assert refused(raw, now) == "partial-body"


@pytest.mark.parametrize("name", ["From", "To", "Subject", "Date", "Message-ID", "Reply-To", "Content-Type"])
def test_a_duplicate_header_is_refused(now: datetime, name: str):
    value = f"alice@{HARBOUR_DOMAIN}" if name == "From" else "anything"
    extra = f"{name}: {value}\r\n".encode() * (2 if name == "Reply-To" else 1)
    for raw in (extra + sign_mail(mail(now)), sign_mail(extra + mail(now))):
        assert refused(raw, now) == "duplicate-header"


@pytest.mark.parametrize("name", ["From", "To", "Subject", "Date"])
def test_a_missing_header_is_refused(now: datetime, name: str):
    raw = re.sub(rf"{name}: [^\r]*\r\n".encode(), b"", mail(now))
    expected = {"From": "missing-header", "Subject": "missing-header"}.get(name, "missing-header")
    signed = raw if name == "From" else sign_mail(raw)
    assert refused(signed, now) == expected


def test_a_key_below_1024_bits_is_refused(now: datetime):
    pem = weak_rsa_key()
    names = Names({KEY_NAME: [weak_record(pem)]})
    assert refused(sign_mail(mail(now), pem=pem), now, names) == "short-key"


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (b"v=DKIM1; k=rsa; p=", "no-key"),
        (b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "no-key"),
        (b"v=DKIM1; k=rsa; p=AAAA", "no-key"),
        (b"v=DKIM1; k=rsa; p=%%%", "no-key"),
        (b"v=spf1 -all", "no-key"),
        (b"", "no-key"),
        (key_record(rsa_key(), tags="v=DKIM1; t=y;"), "test-key"),
        (key_record(rsa_key(), tags="v=DKIM1; h=sha1;"), "no-key"),
        (key_record(rsa_key(), tags="v=DKIM1; s=tlsrpt;"), "no-key"),
        (key_record(rsa_key(), tags="v=DKIM2;"), "no-key"),
    ],
)
def test_an_unusable_key_is_refused(now: datetime, record: bytes, code: str):
    assert refused(sign_mail(mail(now)), now, Names({KEY_NAME: [record]})) == code


def test_no_record_and_two_records_are_refused(now: datetime):
    assert refused(sign_mail(mail(now)), now, Names()) == "no-key"
    two = Names({KEY_NAME: [key_record(rsa_key()), key_record(rsa_key(1024, "other"))]})
    assert refused(sign_mail(mail(now)), now, two) == "several-keys"


def test_two_signatures_of_the_company_are_refused(now: datetime):
    assert refused(sign_mail(sign_mail(mail(now))), now) == "several-signatures"


def test_another_algorithm_is_no_signature(now: datetime):
    assert refused(sign_mail(mail(now), algorithm=b"rsa-sha1"), now) == "not-signed"


@pytest.mark.parametrize("shift", [timedelta(days=-3, minutes=-1), timedelta(hours=1, minutes=1)])
def test_an_old_or_future_date_is_refused(now: datetime, shift: timedelta):
    assert refused(sign_mail(mail(now + shift)), now) == "wrong-date"


@pytest.mark.parametrize("shift", [timedelta(days=-2), timedelta(minutes=50)])
def test_a_recent_date_is_taken(now: datetime, shift: timedelta):
    judge(sign_mail(mail(now + shift)), now)


@pytest.mark.parametrize("date", ["yesterday", "Fri, 99 Mar 2026 10:00:00 +0000", "", "0"])
def test_a_date_that_is_none_is_refused(now: datetime, date: str):
    raw = re.sub(rb"Date: [^\r]*", f"Date: {date}".encode(), mail(now))
    assert refused(sign_mail(raw), now) == "malformed"


def test_a_signature_of_tomorrow_is_refused(now: datetime):
    made = int((now + timedelta(hours=2)).timestamp())
    assert refused(re.sub(rb"; t=\d+", b"; t=%d" % made, sign_mail(mail(now))), now) == "wrong-date"


def test_an_expired_signature_is_refused(now: datetime):
    raw = re.sub(rb"; t=\d+", b"; t=1; x=2", sign_mail(mail(now)))
    assert refused(raw, now) == "wrong-date"


@pytest.mark.parametrize(
    "subject",
    [
        "Hello",
        f"Re: {BIND}",
        f"Automatic reply: Openmai {BIND}",
        f"Openmai {BIND[:-1]}",
        f"Openmai x{BIND}",
        f"{BIND} {BIND[::-1]}",
        f"Openmai {BIND}2",
    ],
)
def test_the_subject_holds_exactly_this_code(now: datetime, subject: str):
    assert refused(sign_mail(mail(now, subject=subject)), now) == "no-code"


@pytest.mark.parametrize(
    "header",
    [
        b"Auto-Submitted: auto-replied",
        b"Precedence: auto_reply",
        b"In-Reply-To: <1@evil.example>",
        b"References: <1@evil.example>",
    ],
)
def test_an_answer_to_mallorys_mail_is_no_evidence(now: datetime, header: bytes):
    assert refused(sign_mail(header + b"\r\n" + mail(now)), now) == "malformed"


@pytest.mark.parametrize("name", [b"Subject", b"From", b"To"])
@pytest.mark.parametrize("value", [b"a" + 40_000 * b"\r\n a", 1_800 * b"("])
def test_a_header_that_is_slow_to_read_is_not_read(now: datetime, name: bytes, value: bytes):
    raw = re.sub(rb"(?m)^%b: [^\r]*" % name, lambda _: name + b": " + value, mail(now))
    assert refused(raw, now) in ("malformed", "no-code", "too-large")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("From", f"{'Alice ' * 400}<alice@{HARBOUR_DOMAIN}>"),
        ("To", ", ".join([f"colleague{number}@{HARBOUR_DOMAIN}" for number in range(100)] + [TO])),
        ("Subject", f"Openmai{' ' * 2_100}{BIND}"),
    ],
)
def test_a_header_longer_than_anybodys_is_refused(now: datetime, name: str, value: str):
    """Each would be good evidence but for its length: length is what makes reading slow."""
    raw = re.sub(rf"(?m)^{name}: [^\r]*".encode(), f"{name}: {value}".encode(), mail(now))
    assert refused(sign_mail(raw), now) == "malformed"


def fields(number: int) -> bytes:
    return b"".join(b"X-Hop-%d: mailer.example\r\n" % each for each in range(number))


def test_what_passed_many_servers_is_taken(now: datetime):
    names = (b"from", b"to", b"subject", b"date", *(b"x-hop-%d" % number for number in range(100)))
    judge(sign_mail(fields(300) + mail(now), headers=names), now)


def test_a_mail_of_very_many_fields_is_refused(now: datetime):
    assert refused(sign_mail(fields(MAX_FIELDS) + mail(now)), now) == "malformed"


def test_a_signature_over_very_many_names_is_refused(now: datetime):
    names = (b"from", b"to", b"subject", b"date", *(b"x-%d" % number for number in range(MAX_SIGNED_NAMES)))
    assert refused(sign_mail(mail(now), headers=names), now) == "bad-signature"


def test_a_head_of_enormous_length_is_refused(now: datetime):
    folded = b"X-Hop: a" + b"\r\n a" * (MAX_HEAD_BYTES // 4) + b"\r\n"
    assert refused(sign_mail(folded + mail(now)), now) == "too-large"


def test_an_address_stands_in_the_header_as_it_is_read(now: datetime):
    hidden = f"alice@=?utf-8?q?{HARBOUR_DOMAIN}?="
    raw = re.sub(rb"(?m)^From: [^\r]*", f"From: {hidden}".encode(), mail(now))
    assert refused(sign_mail(raw), now) == "malformed"


def test_another_requests_code_is_not_this_one(now: datetime):
    assert refused(sign_mail(mail(now)), now, bind=BIND[::-1]) == "no-code"


def test_the_mail_must_be_addressed_to_us(now: datetime):
    raw = sign_mail(mail(now, to="someone@else.example"))
    assert refused(raw, now) == "other-recipient"


def _break_body(raw: bytes) -> bytes:
    return raw.replace(b"Hello", b"Hallo")


def _break_subject(raw: bytes) -> bytes:
    return raw.replace(b"Subject: Openmai", b"Subject: openmai")


def _break_signature(raw: bytes) -> bytes:
    return re.sub(rb"b=(.)", lambda found: b"b=" + (b"A" if found[1] != b"A" else b"B"), raw, count=1)


@pytest.mark.parametrize("change", [_break_body, _break_subject, _break_signature])
def test_a_change_on_the_way_breaks_the_signature(now: datetime, change: Rewrite):
    raw = sign_mail(mail(now))
    assert change(raw) != raw
    assert refused(change(raw), now) == "bad-signature"


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"\r\n", b"\n"),
        lambda raw: raw.replace(b"Hello", b"Hel\nlo"),
        lambda raw: raw.replace(b"Hello", b"Hel\rlo"),
        lambda raw: raw.replace(b"Hello", b"Hel\0lo"),
        lambda raw: b" " + raw,
        lambda raw: b"\r\n" + raw,
        lambda raw: b"From mallory Mon Jan  1 00:00:00 2026\r\n" + raw,
        lambda raw: b"From : x@y.example\r\n" + raw,
        lambda raw: b"no colon here\r\n" + raw,
        lambda raw: b"",
    ],
)
def test_a_mail_that_could_be_read_in_two_ways_is_refused(now: datetime, change: Rewrite):
    assert refused(change(sign_mail(mail(now))), now) in {"malformed", "missing-header", "no-code"}


def test_a_great_mail_is_refused(now: datetime):
    assert refused(sign_mail(mail(now) + b"Hello\r\n" * (MAX_BYTES // 7)), now) == "too-large"


@pytest.mark.parametrize(
    "header",
    [
        b"DKIM-Signature: " + b"a" * 20_000,
        b"DKIM-Signature: v=1; a=rsa-sha256; d=harbour.example; d=harbour.example",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=harbour.example; s=..; h=from:to:subject:date; bh=x; b=x",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=harbour.example; s=mail; h=from:to:subject:date; bh=x; b=\xff",
        b"DKIM-Signature: v=9; a=rsa-sha256; d=harbour.example; s=mail;"
        b" h=from:to:subject:date; bh=eA==; b=eA==",
        b"DKIM-Signature: v=1; a=rsa-sha256; c=z/z; d=harbour.example; s=mail;"
        b" h=from:to:subject:date; bh=eA==; b=eA==",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=harbour.example; s=mail; h=from:to:subject:date; bh=eA==; b==",
        b"DKIM-Signature:",
    ],
)
def test_hostile_signatures_are_only_refused(now: datetime, header: bytes):
    assert refused(header + b"\r\n" + mail(now), now) in {"not-signed", "bad-signature", "malformed"}


def test_hostile_headers_are_only_refused(now: datetime):
    for value in (b"\xff\xfe", b"=?utf-8?b?////?=", b"<" * 5000, b"a@b@c", b"@", b"()", b'"', b"=?x?q?=00?="):
        raw = re.sub(rb"From: [^\r]*", b"From: " + value, mail(now))
        assert refused(raw, now) in {"malformed", "several-senders", "foreign-sender"}


def test_silent_name_servers_mean_later_not_no(now: datetime):
    def silent(name: str) -> TxtAnswer:
        raise DnsUnavailable(name)

    with pytest.raises(DnsUnavailable):
        verify_mail(sign_mail(mail(now)), bind=BIND, domains=[HARBOUR_DOMAIN], to=TO, now=now, look_up=silent)


def test_every_reason_can_be_told():
    assert all(str(reason) for reason in REASONS.values())
    with pytest.raises(MailRefused):
        bind_in_subject(b"Subject: nothing\r\n\r\n")
