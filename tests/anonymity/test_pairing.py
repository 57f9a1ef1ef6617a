"""Pairing: two devices end up with the same secrets, and whoever stands between them with none."""

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.cast import DOMAIN, SITE

from openmai.anonymity.encoding import Domain
from openmai.anonymity.fields import L
from openmai.anonymity.pairing import (
    MAX_PAIRING_TEXT,
    Met,
    Pairing,
    PairingRefused,
    _write,
)

VECTORS = Path(__file__).resolve().parents[2] / "frontend" / "tests" / "pairing.json"
PAST = Domain(SITE, "s227")
SECRETS = [(PAST, 11), (DOMAIN, L - 1)]


def begin(seed: int, *, invites: bool, site: str = SITE) -> Pairing:
    return Pairing.begin(site, random=random.Random(seed).randbytes(32), invites=invites)


@pytest.fixture(scope="module")
def old() -> Pairing:
    return begin(1, invites=True)


@pytest.fixture(scope="module")
def new() -> Pairing:
    return begin(2, invites=False)


@pytest.fixture(scope="module")
def both(old: Pairing, new: Pairing) -> tuple[Met, Met]:
    return old.meet(new.text), new.meet(old.text)


def vectors() -> dict[str, object]:
    """What the front end must compute too; seeds are the private keys, in hex."""
    old, new = begin(1, invites=True), begin(2, invites=False)
    met = old.meet(new.text)
    return {
        "site": SITE,
        "old": random.Random(1).randbytes(32).hex(),
        "new": random.Random(2).randbytes(32).hex(),
        "invitation": old.text,
        "answer": new.text,
        "digits": met.digits,
        "delivery": met.deliver(SECRETS),
        "secrets": [{"season": domain.season, "secret": str(secret)} for domain, secret in SECRETS],
    }


def test_the_front_end_is_tested_with_what_this_package_computes():
    assert json.loads(VECTORS.read_text()) == vectors()


def test_both_show_the_same_digits_and_the_new_one_gets_the_secrets(both: tuple[Met, Met]):
    first, second = both
    assert first.digits == second.digits
    assert len(first.digits.replace(" ", "")) == 9
    assert second.receive(first.deliver(SECRETS)) == SECRETS
    assert second.receive(first.deliver(SECRETS[1:])) == SECRETS[1:]


def test_texts_fit_into_small_codes_and_may_be_typed(old: Pairing, new: Pairing, both: tuple[Met, Met]):
    first, second = both
    for text in (old.text, new.text, first.deliver(SECRETS)):
        assert len(text) < 180
        assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    typed = " \n".join(first.deliver(SECRETS).lower()[place : place + 5] for place in range(0, 200, 5))
    assert second.receive(typed) == SECRETS


def test_somebody_in_between_shows_other_digits_on_each_side(old: Pairing, new: Pairing):
    to_old, to_new = begin(3, invites=False), begin(4, invites=True)
    assert old.meet(to_old.text).digits != new.meet(to_new.text).digits


def test_a_delivery_of_another_pairing_does_not_open(both: tuple[Met, Met], old: Pairing):
    yesterday = old.meet(begin(5, invites=False).text).deliver(SECRETS)
    with pytest.raises(PairingRefused, match="another device"):
        both[1].receive(yesterday)


def test_a_delivery_does_not_open_for_whoever_saw_everything(
    old: Pairing, new: Pairing, both: tuple[Met, Met]
):
    delivery = both[0].deliver(SECRETS)
    for watching in (begin(6, invites=False).meet(old.text), begin(7, invites=True).meet(new.text)):
        with pytest.raises(PairingRefused, match="another device"):
            watching.receive(delivery)


def test_each_step_takes_only_its_own_text(old: Pairing, new: Pairing, both: tuple[Met, Met]):
    delivery = both[0].deliver(SECRETS)
    wrong: list[tuple[Callable[[str], object], str]] = [
        (new.meet, new.text),
        (old.meet, old.text),
        (new.meet, delivery),
        (both[1].receive, old.text),
    ]
    for take, text in wrong:
        with pytest.raises(PairingRefused, match="another step"):
            take(text)


def test_a_device_at_another_site_is_told_apart(old: Pairing):
    with pytest.raises(PairingRefused, match="another site"):
        begin(2, invites=False, site="elsewhere.example").meet(old.text)


def test_a_device_does_not_pair_with_itself(old: Pairing):
    mirrored = Pairing(SITE, old.own, invites=False)
    with pytest.raises(PairingRefused, match="itself"):
        mirrored.meet(old.text)


@pytest.mark.parametrize(
    "point",
    [
        bytes(32),
        b"\1" + bytes(31),
        bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    ],
)
def test_a_key_of_low_order_is_no_key(old: Pairing, new: Pairing, point: bytes):
    body = base64.b32decode(new.text.partition(":")[2] + "=" * (-len(new.text.partition(":")[2]) % 8))
    with pytest.raises(PairingRefused, match="no key"):
        old.meet(_write(2, point + body[33:41]))


def test_any_slip_of_one_character_and_any_cut_is_noticed(new: Pairing, both: tuple[Met, Met]):
    delivery = both[0].deliver(SECRETS)
    for place in range(len("OPENMAI:"), len(delivery)):
        other = "B" if delivery[place] == "A" else "A"
        with pytest.raises(PairingRefused):
            both[1].receive(delivery[:place] + other + delivery[place + 1 :])
        with pytest.raises(PairingRefused):
            both[1].receive(delivery[:place])


def sealed(met: Met, plain: bytes) -> str:
    """A delivery by somebody who holds the pairing's key and does not keep to the form."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return _write(3, AESGCM(met.key).encrypt(bytes(12), plain, b"openmai/v1/pair-delivery"))


@pytest.mark.parametrize(
    "plain",
    [
        b"\0\0\xe4" + bytes(32),
        b"\0\0\xe4" + L.to_bytes(32, "big"),
        b"\xff\xff\xff" + b"\1".rjust(32, b"\0"),
        (b"\0\0\xe4" + b"\1".rjust(32, b"\0")) * 2,
        b"\0\0\xe5" + b"\1".rjust(32, b"\0") + b"\0\0\xe4" + b"\1".rjust(32, b"\0"),
    ],
)
def test_what_is_no_secret_is_not_kept(both: tuple[Met, Met], plain: bytes):
    with pytest.raises(PairingRefused, match="no key in it"):
        both[1].receive(sealed(both[0], plain))


@pytest.mark.parametrize("plain", [b"", b"\0", bytes(34), bytes(36), bytes(105)])
def test_a_delivery_of_another_length_is_refused(both: tuple[Met, Met], plain: bytes):
    with pytest.raises(PairingRefused):
        both[1].receive(sealed(both[0], plain))


@given(st.one_of(st.text(max_size=2000), st.from_regex(r"OPENMAI:[A-Z2-7]{0,200}", fullmatch=True)))
def test_whatever_a_camera_reads_is_taken_or_refused(both: tuple[Met, Met], new: Pairing, text: str):
    for take in (new.meet, both[1].receive):
        with pytest.raises(PairingRefused):
            take(text)


@given(st.binary(max_size=80), st.integers(0, 255))
def test_whatever_a_well_formed_text_holds_is_taken_or_refused(both: tuple[Met, Met], body: bytes, kind: int):
    text = _write(kind, body)
    assert len(text) <= MAX_PAIRING_TEXT
    with pytest.raises(PairingRefused):
        both[1].receive(text)


def test_the_key_of_a_pairing_is_in_no_printed_form(both: tuple[Met, Met]):
    assert both[0].key.hex() not in repr(both[0])
    assert str(both[0].key) not in repr(both[0])


def test_keys_are_made_of_the_randomness_that_is_passed_in(old: Pairing):
    own = X25519PrivateKey.from_private_bytes(random.Random(1).randbytes(32))
    assert begin(1, invites=True).text == old.text
    assert own.public_key() == old.own.public_key()
