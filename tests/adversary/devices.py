"""A member's device over real HTTP: its own address and user agent, its cookies, the forms filled in."""

import json
import re
import secrets
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, RemoteDisconnected
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.adversary.mailbox import Mailbox
from tests.adversary.proofs import Proofs
from tests.adversary.world import Member

from openmai.anonymity.enrolment import prove_enrolment
from openmai.anonymity.tickets import build_answer, decode_ticket

PASSWORD: Final = "seven quiet herons at dawn"
_TOKEN: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_TICKET: Final = re.compile(r'href="[^"]*#(enrol=[^"]+)"')
_MAX_AGE: Final = re.compile(r"max-age=(\d+)")
_CODE: Final = re.compile(r"\b\d{8}\b")


class Unexpected(AssertionError):
    """A site gave another answer than the simulation needs."""


@dataclass(frozen=True)
class Answer:
    """`lasts` is for how many seconds it may be kept."""

    status: int
    location: str
    lasts: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Device:
    """One member's browser and command line; a connection lasts for one errand."""

    member: Member
    people_port: int
    talk_port: int
    cookies: dict[str, str] = field(default_factory=dict)
    forgets: bool = False
    _connections: dict[int, HTTPConnection] = field(default_factory=dict)

    def hang_up(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    # ── The real-name site ──────────────

    def people(self, path: str, form: dict[str, str] | None = None) -> Answer:
        headers = {"Host": f"localhost:{self.people_port}", "User-Agent": self.member.agent}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is None:
            return self._ask(self.people_port, "GET", path, None, headers)
        body = urlencode(form).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self._ask(self.people_port, "POST", path, body, headers)

    def fill_in(self, path: str, **fields: str) -> Answer:
        """Open a page with a form and send it; the answer must be a redirect."""
        token = _TOKEN.search(self.people(path).text)
        if token is None:
            raise Unexpected(f"no form at {path}")
        answer = self.people(path, {"csrfmiddlewaretoken": token.group(1), **fields})
        if answer.status != 302:
            raise Unexpected(f"{path} answered {answer.status}: {answer.text[-3000:]}")
        return answer

    def register(self, mailbox: Mailbox, proofs: Proofs) -> None:
        """Everything from the sign-up page to a registered key."""
        member = self.member
        self.fill_in("/en/account/signup/", real_name=member.name, email=member.email, password1=PASSWORD)
        confirm = re.search(r"https?://[^/]+(/\S+/confirm-email/\S+)", mailbox.take(member.email))
        if confirm is None:
            raise Unexpected("the mail holds no link")
        self.fill_in(confirm.group(1))
        self.log_in()
        self.fill_in("/en/employment/new/", address=member.work_address)
        code = _CODE.search(mailbox.take(member.work_address))
        if code is None:
            raise Unexpected("the mail holds no code")
        self.fill_in("/en/employment/code/", code=code.group())
        self.enrol(proofs)
        self.hang_up()

    def log_in(self) -> None:
        if self.people("/en/account/").status == 200:
            return
        self.fill_in("/en/account/login/", login=self.member.email, password=PASSWORD)

    def enrol(self, proofs: Proofs) -> None:
        found = _TICKET.search(self.people("/en/enrol/").text.replace("&amp;", "&"))
        if found is None:
            raise Unexpected("no ticket on the page")
        ticket = decode_ticket(parse_qs(found.group(1))["enrol"][0])
        with proofs.one_at_a_time:
            commitment, proof = prove_enrolment(
                proofs.enrolling,
                secret=self.member.secret,
                domain=ticket.domain,
                account=ticket.account,
                nonce=ticket.nonce,
                randbelow=secrets.randbelow,
            )
        body = build_answer(ticket=ticket, commitment=commitment, proof=proof)
        headers = {"Host": f"localhost:{self.people_port}", "Content-Type": "application/json"}
        answer = self._ask(self.people_port, "POST", "/api/v1/enrolments", body, headers)
        if answer.status != 201:
            raise Unexpected(f"enrolment: {answer.text}")

    def visit(self, pages: tuple[str, ...] = ("/en/account/", "/en/")) -> None:
        """Come by, log in if the session is over, and look at some pages."""
        if self.forgets:
            self.cookies.clear()
        if self.people(pages[0]).status == 302:
            self.log_in()
            self.people(pages[0])
        for page in pages[1:]:
            self.people(page)
        self.hang_up()

    # ── Job Talk ──────────────

    def talk(self, path: str, body: bytes | None = None) -> Answer:
        """No cookie: the talk site gives none, and this device would send none."""
        headers = {"Host": f"127.0.0.1:{self.talk_port}", "User-Agent": self.member.agent}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._ask(self.talk_port, "GET" if body is None else "POST", path, body, headers)

    def speak(self, body: bytes, *, thread: str | None) -> str:
        """Read the thread, then say something in it; returns the action's id."""
        if thread is not None:
            self.talk(f"/api/v1/threads/{thread}")
        answer = self.talk("/api/v1/submissions", body)
        self.hang_up()
        if answer.status != 202:
            raise Unexpected(f"the submission was answered {answer.status}: {answer.text}")
        return str(answer.json()["action"])

    # ── HTTP ──────────────

    def _ask(self, port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        path = urlsplit(path)._replace(scheme="", netloc="").geturl()
        response = self._send(port, method, path, body, headers)
        data = response.read()
        if port == self.people_port:
            self._keep_cookies(response)
        if response.status >= 500:
            raise Unexpected(f"{method} {path} answered {response.status}: {data[-2000:]!r}")
        lasts = _MAX_AGE.search(response.getheader("cache-control", ""))
        seconds = int(lasts.group(1)) if lasts else 0
        return Answer(response.status, response.getheader("location", ""), seconds, data)

    def _send(
        self, port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> HTTPResponse:
        """Over the connection that is open; a server may have closed it meanwhile."""
        known = self._connections.get(port)
        try:
            return self._over(known or self._connect(port), method, path, body, headers)
        except (BrokenPipeError, ConnectionResetError, RemoteDisconnected):
            if known is None:
                raise
            known.close()
            return self._over(self._connect(port), method, path, body, headers)

    def _connect(self, port: int) -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", port, timeout=60, source_address=(self.member.address, 0))
        self._connections[port] = connection
        return connection

    @staticmethod
    def _over(
        connection: HTTPConnection, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> HTTPResponse:
        connection.request(method, path, body=body, headers=headers)
        return connection.getresponse()

    def _keep_cookies(self, response: HTTPResponse) -> None:
        for line in response.headers.get_all("set-cookie") or ():
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
            if not value or value == '""':
                del self.cookies[name]
