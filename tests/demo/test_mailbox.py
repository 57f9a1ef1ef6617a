"""The demo's mailbox as it runs: real SMTP in and out, real DKIM, pages over HTTP."""

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import dkim
import dns.resolver
import httpx
import pytest
from tests.clusters import site_environment

from openmai.demo.dkim_keys import make_dkim_keys
from openmai.demo.mailbox.catcher import catch_mail
from openmai.demo.mailbox.store import MessageStore
from openmai.demo.mailbox.work_mail import compose, signed_by_employer
from openmai.demo.ports import HOST, Ports, Reservation
from openmai.platform.config import SmtpServer
from openmai.platform.smtp import send

ALICE = "alice@personal.example"
MAIL = (
    "From: no-reply@openmai.example\r\nTo: {to}\r\nSubject: {subject}\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    "Welcome, Alice <script>alert(1)</script>\r\nhttp://localhost:8000/en/confirm/abc/.\r\n"
)


@dataclass
class Running:
    """A mailbox and, in the people site's place, a listener that keeps what it gets."""

    ports: Ports
    arrived: MessageStore

    def url(self, path: str) -> str:
        return f"http://localhost:{self.ports.mailbox}{path}"

    def deliver(self, subject: str, to: str = ALICE) -> None:
        server = SmtpServer(host=HOST, port=self.ports.smtp)
        message = MAIL.format(to=to, subject=subject).encode()
        send(server, sender="no-reply@openmai.example", recipients=[to], message=message)


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    keys = tmp_path_factory.mktemp("dkim")
    make_dkim_keys(keys, ["luming.example"])
    reservation = Reservation(lambda _text: None, Ports(18000, 18001, 18025, 12525, 12526, 15335))
    ports, arrived = reservation.ports, MessageStore()
    listener = catch_mail(arrived, host=HOST, port=ports.inbound)
    argv = [sys.executable, "-m", "openmai.demo.mailbox"]
    argv += ["--http-port", str(ports.mailbox), "--smtp-port", str(ports.smtp), "--dns-port", str(ports.dns)]
    argv += ["--inbound-port", str(ports.inbound), "--inbound-address", "verify@openmai.example"]
    process = subprocess.Popen([*argv, "--dkim-keys", keys], env=site_environment(), stderr=subprocess.PIPE)
    running = Running(ports, arrived)
    try:
        _wait_for(running, process)
        yield running
    finally:
        process.terminate()
        assert process.wait(timeout=10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
        process.stderr.close()
        listener.stop()
        reservation.release()


def _wait_for(running: Running, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 20
    while True:
        assert process.poll() is None
        try:
            httpx.get(running.url("/en/"))
            smtplib.SMTP(HOST, running.ports.smtp).quit()
        except (OSError, httpx.HTTPError, smtplib.SMTPException):
            assert time.monotonic() < give_up
            time.sleep(0.1)
        else:
            return


def test_a_caught_mail_is_listed_under_its_recipient(mailbox: Running):
    mailbox.deliver("Confirm your address")
    page = httpx.get(mailbox.url("/en/"))
    assert page.status_code == 200
    assert ALICE in page.text
    assert "Confirm your address" in page.text


def test_a_mail_shows_its_text_safely_and_its_links(mailbox: Running):
    mailbox.deliver("Safe")
    listing = httpx.get(mailbox.url("/en/")).text
    number = listing.split("/en/message/")[1].split("/")[0]
    page = httpx.get(mailbox.url(f"/en/message/{number}/")).text
    assert "<script>alert" not in page
    assert '<a href="http://localhost:8000/en/confirm/abc/">' in page


def test_pages_are_in_chinese_too_and_keep_the_strict_policy(mailbox: Running):
    page = httpx.get(mailbox.url("/zh-hans/"))
    assert 'lang="zh-Hans"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "style=" not in page.text
    assert "set-cookie" not in page.headers


def test_a_mail_that_is_not_there_is_not_found(mailbox: Running):
    assert httpx.get(mailbox.url("/en/message/999999/")).status_code == 404


def test_a_work_mail_arrives_signed_by_the_employer(mailbox: Running):
    form = {"employee": "alice", "company": "luming.example", "subject": "openmai abc", "text": "你好"}
    answer = httpx.post(mailbox.url("/en/send/"), data=form)
    assert answer.headers["location"] == "/en/sent/"
    [caught] = mailbox.arrived.by_recipient()["verify@openmai.example"]
    assert (caught.sender, caught.subject, caught.text) == ("alice@luming.example", "openmai abc", "你好")


def test_the_signature_verifies_with_the_mailboxs_own_name_server(mailbox: Running, tmp_path: Path):
    make_dkim_keys(tmp_path, ["luming.example"])
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [HOST], mailbox.ports.dns
    answer = resolver.resolve("demo._domainkey.luming.example", "TXT")
    assert b"".join(answer[0].strings).startswith(b"v=DKIM1; k=rsa; p=")
    # Another key signs this one: the record of the mailbox must not vouch for it.
    moment = datetime(2026, 3, 20, tzinfo=UTC)
    plain = compose(sender="a@luming.example", to="b@c.example", subject="s", text="t", now=moment, token="1")
    forged = signed_by_employer(plain, domain="luming.example", keys=tmp_path, now=moment)
    assert message_from_bytes(forged)["DKIM-Signature"]
    assert not dkim.verify(forged, dnsfunc=lambda name, timeout=5: b"".join(answer[0].strings))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("employee", "alice@luming.example"),
        ("employee", "a\r\nBcc: b"),
        ("company", "google.com"),
        ("subject", ""),
    ],
)
def test_a_bad_entry_is_told_and_the_rest_is_kept(mailbox: Running, field: str, value: str):
    form = {"employee": "alice", "company": "luming.example", "subject": "kept subject", "text": "kept text"}
    before = len(mailbox.arrived.by_recipient().get("verify@openmai.example", []))
    answer = httpx.post(mailbox.url("/en/send/"), data=form | {field: value})
    assert answer.status_code == 422
    assert "kept text" in answer.text
    assert len(mailbox.arrived.by_recipient().get("verify@openmai.example", [])) == before


def test_another_site_cannot_make_the_browser_send(mailbox: Running):
    form = {"employee": "alice", "company": "luming.example", "subject": "x", "text": ""}
    answer = httpx.post(mailbox.url("/en/send/"), data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_the_oldest_mail_is_dropped_when_there_are_too_many():
    store = MessageStore(most=2)
    for number in range(3):
        store.add(sender="a", recipients=[ALICE], message=f"Subject: {number}\r\n\r\n".encode())
    assert [caught.subject for caught in store.by_recipient()[ALICE]] == ["2", "1"]
    assert store.get(1) is None
