"""Enrolment tickets and answers: one spelling, and nothing for another site or season."""

import json
import random
from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from tests.factories.cast import DOMAIN, SEASON, SITE, Cast

from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.encoding import Domain, canonical_json
from openmai.anonymity.enrolment import prove_enrolment, verify_enrolment
from openmai.anonymity.tickets import Ticket, build_answer, decode_ticket, encode_ticket, parse_answer

TICKET = Ticket("4f9d1a52-7c1f-4f2e-9a58-0d6a3b1c2e4f", b"n" * 32, SEASON, SITE)


def encoded(document: object) -> str:
    return urlsafe_b64encode(canonical_json(document)).decode().rstrip("=")


def fields(**changes: object) -> dict[str, object]:
    kept = {"account": TICKET.account, "nonce": TICKET.nonce.hex(), "season": SEASON, "site": SITE} | changes
    return {name: value for name, value in kept.items() if value is not None}


def test_a_ticket_travels_as_text():
    text = encode_ticket(TICKET)
    assert text == encoded(fields())
    assert decode_ticket(text, domain=DOMAIN) == TICKET


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        5,
        "not base64!",
        "A",
        encode_ticket(TICKET) + "=",
        encode_ticket(TICKET) + "A",
        encode_ticket(TICKET)[:-1],
        encode_ticket(TICKET) + "\n",
        "A" * 513,
        encoded([]),
        encoded(fields(account="Alice")),
        encoded(fields(account=TICKET.account.upper())),
        encoded(fields(nonce="ab")),
        encoded(fields(nonce=None)),
        encoded(fields(more=1)),
        encoded(fields(season="228")),
        urlsafe_b64encode(json.dumps(fields()).encode()).decode().rstrip("="),
    ],
    ids=lambda text: str(text)[:12],
)
def test_what_is_no_ticket_is_refused(text: object):
    with pytest.raises(DocumentRefused):
        decode_ticket(text)


def test_the_spare_bits_of_base64_are_no_second_name():
    text = next(
        encode_ticket(ticket)
        for length in range(3)
        if len(encode_ticket(ticket := replace(TICKET, site="a" * (length + 1)))) % 4
    )
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = text[:-1] + alphabet[alphabet.index(text[-1]) | 1]
    assert twin != text
    with pytest.raises(DocumentRefused):
        decode_ticket(twin)


@pytest.mark.parametrize(
    ("domain", "code"),
    [(Domain("other.example", SEASON), "wrong-site"), (Domain(SITE, "s229"), "wrong-season")],
)
def test_a_ticket_of_elsewhere_is_refused(domain: Domain, code: str):
    with pytest.raises(DocumentRefused) as refused:
        decode_ticket(encode_ticket(TICKET), domain=domain)
    assert refused.value.code == code


def test_alices_answer_proves_that_she_knows_her_secret(cast: Cast):
    commitment, proof = prove_enrolment(
        cast.enrolment_prover,
        secret=cast.alice.secret,
        domain=DOMAIN,
        account=TICKET.account,
        nonce=TICKET.nonce,
        randbelow=random.Random(5).randrange,
    )
    answer = parse_answer(build_answer(ticket=TICKET, commitment=commitment, proof=proof), domain=DOMAIN)
    assert answer.ticket == TICKET
    proved = verify_enrolment(
        domain=DOMAIN,
        account=answer.ticket.account,
        nonce=answer.ticket.nonce,
        commitment=answer.commitment,
        nullifier=answer.nullifier,
        proof=answer.proof,
    )
    assert proved.commitment == cast.alice.commitment


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"ticket": "?"}, "bad-value", "/ticket"),
        ({"ticket": encode_ticket(replace(TICKET, season="s229"))}, "wrong-season", "/ticket"),
        ({"commitment": 5}, "bad-value", "/commitment"),
        ({"commitment": "05"}, "not-canonical", "/commitment"),
        ({"nullifier": "-5"}, "not-canonical", "/nullifier"),
        ({"proof": "ab"}, "not-canonical", "/proof"),
        ({"secret": "5"}, "unknown-field", "/secret"),
    ],
)
def test_a_bad_answer_is_refused_at_its_place(changes: dict[str, object], code: str, pointer: str):
    answer = {"ticket": encode_ticket(TICKET), "commitment": "5", "nullifier": "6", "proof": "ab" * 128}
    with pytest.raises(DocumentRefused) as refused:
        parse_answer(json.dumps(answer | changes).encode(), domain=DOMAIN)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)
