"""The worker with real servers on loopback: SMTP out and in, DNS, epochs."""

import asyncio
import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from aiosmtpd.controller import Controller
from django.db import connection, transaction
from django.test import Client
from pytest_django import Settings
from tests.factories.people import (
    HARBOUR,
    HARBOUR_DOMAIN,
    SELECTOR,
    employ,
    enrol,
    key_record,
    queued_mails,
    rsa_key,
    sign_mail,
    write_mail,
)
from tests.factories.ports import free_port

from openmai.demo.dns import DnsServer
from openmai.people import actions, worker
from openmai.people.conf import config
from openmai.people.models import CodeChallenge, Employment, MailProof, Member
from openmai.people.queries import current_index
from openmai.people.signed_mail import MAX_BYTES
from openmai.platform.clock import utc_now
from openmai.platform.config import Listen, SmtpServer

pytestmark = pytest.mark.django_db(transaction=True)


class Catcher:
    """A mail server that keeps what it gets: (recipients, bytes)."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append((list(envelope.rcpt_tos), envelope.original_content))
        return "250 OK"


@pytest.fixture(autouse=True)
def no_mail_of_another_test(transactional_db: None) -> None:
    """The queue's tables are not Django's, so that it does not empty them between tests."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def caught() -> Iterator[Catcher]:
    catcher = Catcher()
    controller = Controller(catcher, hostname="127.0.0.1", port=free_port(), ready_timeout=10)
    controller.start()
    catcher.port = controller.port  # type: ignore[attr-defined]
    yield catcher
    controller.stop()


@pytest.fixture
def names() -> Iterator[DnsServer]:
    record = key_record(rsa_key()).decode()
    with DnsServer({f"{SELECTOR}._domainkey.{HARBOUR_DOMAIN}": record}) as server:
        yield server


@pytest.fixture
def wired(caught: Catcher, names: DnsServer, settings: Settings) -> Settings:
    """The site, with its mail going to the catcher and its questions to our name server; short epochs."""
    settings.OPENMAI = config().model_copy(
        update={
            "smtp": SmtpServer(host="127.0.0.1", port=caught.port),  # type: ignore[attr-defined]
            "dns_servers": (Listen(host=names.host, port=names.port),),
            "inbound_listen": Listen(host="127.0.0.1", port=free_port()),
            "epoch_seconds": 1,
            "epoch_min_joiners": 1,
        }
    )
    return settings


@contextmanager
def working() -> Iterator[None]:
    """The worker, in a thread with an event loop of its own."""
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    started = threading.Event()
    failed: list[BaseException] = []

    async def main() -> None:
        event = asyncio.Event()
        stop.append((asyncio.get_running_loop(), event))
        started.set()
        await worker.work(config(), clock=utc_now, stop=event)

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            failed.append(error)
            started.set()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait(10)
    try:
        _until(lambda: _listens(config().inbound_listen.port) or bool(failed))
        assert not failed, failed
        yield
    finally:
        loop, event = stop[0]
        if thread.is_alive():
            loop.call_soon_threadsafe(event.set)
        thread.join(20)
    assert not failed, failed
    assert not thread.is_alive()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(condition: Any, seconds: float = 20) -> None:
    ends = utc_now() + timedelta(seconds=seconds)
    while not condition():
        assert utc_now() < ends, "it did not happen in time"
        threading.Event().wait(0.05)


def hand_in(raw: bytes, *, to: str | None = None) -> None:
    """Deliver a mail to our mailbox, as the employer's mail server does."""
    with smtplib.SMTP("127.0.0.1", config().inbound_listen.port, timeout=10) as smtp:
        smtp.sendmail(f"alice@{HARBOUR_DOMAIN}", [to or config().inbound_address], raw)


def test_a_code_travels_over_smtp_and_leaves_no_job_behind(
    wired: Settings, caught: Catcher, as_alice: Client, alice: Member
):
    with working():
        as_alice.post("/en/employment/new/", {"address": f"alice@{HARBOUR_DOMAIN}"})
        _until(lambda: caught.mails)
        _until(lambda: queued_mails() == [])
    ((recipients, raw),) = caught.mails
    assert recipients == [f"alice@{HARBOUR_DOMAIN}"]
    assert b"Subject: Your code" in raw
    assert raw.startswith(b"Date: ")
    assert raw.count(b"Message-ID: ") == 1


def test_a_mail_that_a_killed_worker_left_behind_is_sent_after_all(
    wired: Settings, caught: Catcher, alice: Member, today: datetime
):
    actions.request_code(
        member_id=alice.id, address=f"alice@{HARBOUR_DOMAIN}", now=today, randbelow=lambda _n: 1
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    with working():
        _until(lambda: caught.mails)


def test_a_mail_of_something_that_did_not_happen_is_not_sent_though_the_worker_is_there(
    wired: Settings, caught: Catcher, alice: Member, today: datetime
):
    def ask(local_part: str) -> None:
        actions.request_code(
            member_id=alice.id,
            address=f"{local_part}@{HARBOUR_DOMAIN}",
            now=today,
            randbelow=lambda _n: 1,
        )

    with working():
        with transaction.atomic():
            ask("alice.wrong")
            transaction.set_rollback(True)
        ask("alice")
        _until(lambda: caught.mails)
        _until(lambda: queued_mails() == [])
    assert [recipients for recipients, _raw in caught.mails] == [[f"alice@{HARBOUR_DOMAIN}"]]


def test_a_signed_mail_comes_in_over_smtp_and_is_verified_through_dns(
    wired: Settings, caught: Catcher, alice: Member, today: datetime
):
    enrol(alice, now=today)
    proof = actions.open_mail_proof(
        member_id=alice.id, company_slug=HARBOUR, now=today, randbytes=lambda size: b"s" * size
    )
    raw = write_mail(subject=f"Openmai {proof.bind}", now=today)
    with working():
        hand_in(sign_mail(raw, pem=rsa_key(1024, "evil")))
        assert MailProof.objects.get().refusal == "bad-signature"
        hand_in(sign_mail(raw))
        assert MailProof.objects.get().state == "accepted"
        hand_in(sign_mail(raw))
        _until(lambda: len(caught.mails) == 2)
    assert Employment.objects.get().method == "dkim"
    assert [recipients for recipients, _raw in caught.mails] == [["alice@home.example"]] * 2


def test_the_mailbox_takes_only_what_is_meant_for_it(wired: Settings, today: datetime):
    raw = write_mail(subject="hello", now=today)
    own = config().inbound_address
    with working():
        for address in ("someone@else.example", f"x{own}", f"{own}.evil.example", "postmaster@localhost"):
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                hand_in(raw, to=address)
        with smtplib.SMTP("127.0.0.1", config().inbound_listen.port, timeout=10) as smtp:
            refused = smtp.sendmail("a@b.example", [own, own.upper()], raw)
            assert list(refused) == [own.upper()], "one recipient at a time"
        with pytest.raises(smtplib.SMTPResponseException):
            hand_in(b"Subject: x\r\n\r\n" + b"a\r\n" * (MAX_BYTES // 2))
        hand_in(raw)
        hand_in(b"\xff\xfe\r\n\r\n\0")


def test_silent_name_servers_make_the_sender_try_again(
    wired: Settings, alice: Member, today: datetime, names: DnsServer
):
    enrol(alice, now=today)
    proof = actions.open_mail_proof(
        member_id=alice.id, company_slug=HARBOUR, now=today, randbytes=lambda size: b"s" * size
    )
    wired.OPENMAI = config().model_copy(update={"dns_servers": (Listen(host="127.0.0.1", port=free_port()),)})
    with working(), pytest.raises(smtplib.SMTPDataError, match="451"):
        hand_in(sign_mail(write_mail(subject=proof.bind, now=today)))
    assert MailProof.objects.get().refusal == ""


def test_rosters_are_published_by_themselves(wired: Settings, alice: Member, today: datetime):
    employ(alice, f"alice@{HARBOUR_DOMAIN}", now=today)
    enrol(alice, now=today)
    with working():
        _until(lambda: b'"roster":"site"' in (current_index() or b""))


def test_what_has_expired_is_forgotten(wired: Settings, alice: Member, today: datetime):
    actions.request_code(
        member_id=alice.id, address=f"alice@{HARBOUR_DOMAIN}", now=today, randbelow=lambda _n: 1
    )
    CodeChallenge.objects.update(expires_at=today - timedelta(minutes=1))
    with working():
        _until(lambda: not CodeChallenge.objects.exists())


def test_short_lived_tables_are_written_anew_and_a_busy_one_is_left_for_tomorrow(alice: Member):
    def files() -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT t, pg_relation_filenode(t) FROM unnest(%s::text[]) t", [list(actions.SHORT_LIVED)]
            )
            return dict(cursor.fetchall())

    before = files()
    assert actions.rewrite_short_lived() == []
    after = files()
    assert [table for table in before if before[table] == after[table]] == []
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as busy:
        busy.execute("LOCK TABLE people_dailyuse")
        assert actions.rewrite_short_lived() == ["people_dailyuse"]
