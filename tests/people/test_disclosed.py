"""Evidence that was disclosed as files, checked by whoever looks behind a crowd: real mails, real log-ins."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.people import HARBOUR_DOMAIN, company_names, enrol
from tests.people.test_login_tokens import _local_logins, crooked, try_token
from tests.people.test_mail_proof import open_proof as open_mail_proof
from tests.people.test_mail_proof import signed

from openmai.anonymity.encoding import Domain, canonical_json
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.evidence import evidence_digest, read_package
from openmai.anonymity.limits import MAX_EVIDENCE
from openmai.anonymity.log.journals import JournalLeaf
from openmai.anonymity.proof_file import ClaimFailed
from openmai.cli.member.disclosed import Disclosed, check_folder, disclosed_sentence
from openmai.cli.member.errors import Usage
from openmai.people import actions
from openmai.people.conf import domain
from openmai.people.evidence import Place, unseal_bytes
from openmai.people.models import Evidence, Member
from openmai.platform.clock import utc_now

__all__ = ["_local_logins"]


@pytest.fixture
def now() -> datetime:
    """The real clock: signatures carry their own time."""
    return utc_now()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "evidence"
    made.mkdir()
    return made


def opened(kind: str) -> tuple[bytes, JournalLeaf, Domain]:
    """The newest package of a class as it is disclosed, and the leaf that it stands behind."""
    row = Evidence.objects.filter(kind=kind).latest("id")
    place = Place(row.kind, row.season, bytes(row.commitment), row.employment_id)
    commitment, key = int.from_bytes(bytes(row.commitment), "big"), row.issuer_key
    leaf = JournalLeaf(0, commitment, kind, bytes(row.digest), bytes(key) if key else None)
    return unseal_bytes(bytes(row.sealed), place.associated), leaf, domain(row.season)


@pytest.fixture
def mailed(alice: Member, now: datetime) -> tuple[bytes, JournalLeaf, Domain]:
    enrol(alice, now=now)
    proof = open_mail_proof(alice, now)
    actions.accept_mail(raw=signed(proof, now), now=now, look_up=company_names())
    return opened("dkim")


def fell(folder: Path, leaf: JournalLeaf, place: Domain) -> str:
    with pytest.raises(ClaimFailed) as refused:
        check_folder(folder, [leaf], place)
    assert refused.value.claim == "disclosed"
    return str(refused.value)


def changed(package: bytes, leaf: JournalLeaf, **facts: Any) -> tuple[bytes, JournalLeaf]:
    """Mallory writes something else into the package, and logs its hash from the beginning."""
    data = canonical_json({**json.loads(package), **facts})
    salt = bytes.fromhex(json.loads(data)["salt"])
    return data, replace(leaf, evidence=evidence_digest(data, salt))


def test_a_mail_that_was_disclosed_holds_without_the_site(
    mailed: tuple[bytes, JournalLeaf, Domain], folder: Path
):
    package, leaf, place = mailed
    (folder / "alice.json").write_bytes(package)
    found = check_folder(folder, [leaf], place)
    assert found == Disclosed(1, {"dkim": 1}, (HARBOUR_DOMAIN,))
    assert "for 1 of 1,204, and all of it holds: 1 mails and 0 log-ins" in disclosed_sentence(found, 1204)


@pytest.mark.usefixtures("_local_logins")
def test_a_log_in_that_was_disclosed_holds_without_the_site(alice: Member, now: datetime, folder: Path):
    enrol(alice, now=now)
    with crooked(alice, now) as (employer, claims):
        assert try_token(alice, now, employer.signed(claims), employer) == ""
        issuer = employer.issuer
    package, leaf, place = opened("oidc")
    (folder / "alice.json").write_bytes(package)
    assert check_folder(folder, [leaf], place).issuers == (issuer,)
    other, leaf = changed(package, leaf, client_id="somebody-else")
    (folder / "alice.json").write_bytes(other)
    assert "signature does not hold (audience)" in fell(folder, leaf, place)


def test_evidence_of_another_is_refused(mailed: tuple[bytes, JournalLeaf, Domain], folder: Path):
    package, leaf, place = mailed
    (folder / "alice.json").write_bytes(package)
    assert "alice.json: it is the evidence of nobody" in fell(folder, replace(leaf, commitment=5), place)
    assert "not the evidence whose hash was logged" in fell(folder, replace(leaf, evidence=b"e" * 32), place)
    assert "not the evidence whose hash was logged" in fell(folder, replace(leaf, kind="oidc"), place)
    assert "signed by another key" in fell(folder, replace(leaf, issuer_key=b"k" * 32), place)
    assert "another site or season" in fell(folder, leaf, Domain("other.example", place.season))
    (folder / "bob.json").write_bytes(package)
    assert "bob.json: another file is of the same leaf" in fell(folder, leaf, place)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"mail": "UmV0dXJuLVBhdGg6IDw+DQoNCg=="}, "signature does not hold"),
        ({"mail": "?"}, "lacks what its class must hold"),
        ({"mail": None}, "lacks what its class must hold"),
        ({"dns": {"name": "a.example", "records": []}}, "signature does not hold (no-key)"),
        ({"domain": "evil.example"}, "signature does not hold (foreign-sender)"),
        ({"received": "2020-01-01T00:00:00+00:00"}, "signature does not hold (wrong-date)"),
        ({"salt": "00" * 16}, "not bound to this leaf"),
    ],
    ids=str,
)
def test_a_package_that_proves_nothing_is_refused(
    mailed: tuple[bytes, JournalLeaf, Domain], folder: Path, facts: dict[str, Any], words: str
):
    package, leaf, place = mailed
    data, leaf = changed(package, leaf, **facts)
    (folder / "alice.json").write_bytes(data)
    assert words in fell(folder, leaf, place)


def test_a_file_that_is_no_package_is_refused(mailed: tuple[bytes, JournalLeaf, Domain], folder: Path):
    package, leaf, place = mailed
    for data in (
        b"",
        b"{}",
        b"[]",
        package[:-1],
        package.replace(b'":', b'": ', 1),
        b" " * MAX_EVIDENCE + b" ",
    ):
        (folder / "alice.json").write_bytes(data)
        assert "alice.json: " in fell(folder, leaf, place)
    with pytest.raises(Usage, match="cannot be read"):
        check_folder(folder / "nowhere", [leaf], place)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, 2000), byte=st.integers(0, 255), cut=st.booleans())
def test_no_byte_of_a_package_can_be_changed(
    mailed: tuple[bytes, JournalLeaf, Domain], place: int, byte: int, cut: bool
):
    package, leaf, where = mailed
    at = place % len(package)
    data = package[:at] if cut else package[:at] + bytes([byte]) + package[at + 1 :]
    try:
        read = read_package(data, where)
    except AnonymityError:
        return
    assert data == package or read.digest != leaf.evidence
