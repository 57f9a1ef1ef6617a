"""The demo's name server and its choice of ports."""

import socket
from datetime import datetime

import dkim
import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import pytest

from openmai.demo.dkim_keys import dkim_record, new_dkim_key
from openmai.demo.dkim_signer import sign_message
from openmai.demo.dns import DnsServer
from openmai.demo.ports import HOST, Ports, Reservation, is_free

OWNER = "demo._domainkey.luming.example"
MESSAGE = (
    b"From: alice@luming.example\r\nTo: verify@openmai.example\r\nSubject: bound\r\n"
    b"Date: Fri, 20 Mar 2026 10:00:30 +0000\r\nMessage-ID: <1@luming.example>\r\n\r\nhello\r\n"
)


@pytest.fixture(scope="module")
def pem() -> bytes:
    return new_dkim_key()


@pytest.fixture
def names(pem: bytes):
    with DnsServer({OWNER: dkim_record(pem)}) as server:
        yield server


def resolver(server: DnsServer) -> dns.resolver.Resolver:
    made = dns.resolver.Resolver(configure=False)
    made.nameservers, made.port, made.lifetime = [server.host], server.port, 3
    return made


def texts(server: DnsServer, name: str, *, tcp: bool = False) -> bytes:
    return b"".join(resolver(server).resolve(name, "TXT", tcp=tcp)[0].strings)


@pytest.mark.parametrize("tcp", [False, True])
def test_a_key_record_is_answered_whole(names: DnsServer, pem: bytes, tcp: bool):
    assert texts(names, OWNER, tcp=tcp).decode() == dkim_record(pem)


def test_other_names_of_the_company_do_not_exist(names: DnsServer):
    with pytest.raises(dns.resolver.NXDOMAIN):
        texts(names, "other._domainkey.luming.example")


def test_other_types_of_the_name_are_empty(names: DnsServer):
    with pytest.raises(dns.resolver.NoAnswer):
        resolver(names).resolve(OWNER, "A")


def test_everybody_elses_names_are_refused(names: DnsServer):
    query = dns.message.make_query("example.com", "TXT")
    assert dns.query.udp(query, names.host, port=names.port, timeout=3).rcode() == dns.rcode.REFUSED


def test_what_is_no_query_gets_no_answer(names: DnsServer):
    assert names.answer(b"\x00") is None
    assert names.answer(dns.message.make_response(dns.message.make_query(OWNER, "TXT")).to_wire()) is None


def test_a_company_can_rotate_its_key(names: DnsServer):
    names.set(OWNER, "v=DKIM1; p=")
    assert texts(names, OWNER) == b"v=DKIM1; p="
    names.set(OWNER, None)
    with pytest.raises(dns.resolver.NoNameservers):
        texts(names, OWNER)


def test_a_signed_mail_verifies_with_the_record(names: DnsServer, pem: bytes, now: datetime):
    signed = sign_message(MESSAGE, domain="luming.example", pem=pem, made=now)
    lookup = lambda name, timeout=5: texts(names, name.decode())  # noqa: E731 - dkimpy wants a callable
    assert dkim.verify(signed, dnsfunc=lookup)
    assert not dkim.verify(signed.replace(b"bound", b"bent!"), dnsfunc=lookup)


def free_ports() -> Ports:
    """Six usual ports that are free now, far from the demo's own."""
    start = next(p for p in range(20_000, 30_000, 20) if all(is_free(p + i) for i in range(20)))
    return Ports(start, start + 1, start + 2, start + 3, start + 4, start + 5)


def test_the_usual_ports_are_taken_silently():
    said: list[str] = []
    usual = free_ports()
    reservation = Reservation(said.append, usual)
    assert reservation.ports == usual
    assert said == []
    reservation.release()


def test_a_taken_port_is_said_and_replaced_without_taking_anothers():
    said: list[str] = []
    usual = free_ports()
    with socket.socket() as taken:
        taken.bind((HOST, usual.people))
        taken.listen()
        reservation = Reservation(said.append, usual)
    assert said == [f"Port {usual.people} is taken; the people site takes {usual.people + 6} instead."]
    assert reservation.ports.talk == usual.talk
    reservation.release()


def test_two_demos_at_once_never_get_the_same_port():
    usual = free_ports()
    first, second = Reservation(lambda _text: None, usual), Reservation(lambda _text: None, usual)
    ports = {*vars(first.ports).values(), *vars(second.ports).values()}
    assert len(ports) == 12
    first.release()
    third = Reservation(lambda _text: None, usual)
    assert third.ports == usual
    second.release()
    third.release()
