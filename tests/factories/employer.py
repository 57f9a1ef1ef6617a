"""Employers' identity providers on this machine, over real HTTP.

`Employer` is the certified provider from npm. `CrookedEmployer` answers whatever a test wants it to: what no
honest provider would sign.
"""

import hmac
import json
import re
import subprocess
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jws
from joserfc.jwk import RSAKey
from tests.factories.cast import ROOT
from tests.factories.ports import free_port

CLIENT: Final = "openmai-at-work"
SECRET: Final = "a secret that the employer gave us: %&+"
STOP_SECONDS: Final = 5


@dataclass(frozen=True)
class Employer:
    """A running provider; every account of it can log in with any password."""

    issuer: str

    def log_in(self, address: str, *, login: str) -> httpx.URL:
        """What a browser does from the link to the way back, which it returns and does not follow."""
        with httpx.Client(trust_env=False) as browser:
            response = browser.get(address)
            for _step in range(12):
                location = response.headers.get("location")
                if location is None:
                    response = _submit(browser, response, login)
                elif not httpx.URL(self.issuer).join(location).host == "localhost":
                    break
                elif httpx.URL(self.issuer).join(location).port != httpx.URL(self.issuer).port:
                    return httpx.URL(location)
                else:
                    response = browser.get(httpx.URL(self.issuer).join(location))
        raise AssertionError(f"the provider ended with {response.status_code}: {response.text[:500]}")


def _submit(browser: httpx.Client, page: httpx.Response, login: str) -> httpx.Response:
    """Fill the form of the page: log in, or agree."""
    action, prompt = (
        re.search(pattern, page.text) for pattern in (r'action="([^"]+)"', r'name="prompt" value="(\w+)"')
    )
    assert action, page.text[:500]
    assert prompt, page.text[:500]
    return browser.post(action[1], data={"prompt": prompt[1], "login": login, "password": "any"})


@contextmanager
def employer(accounts: Mapping[str, Mapping[str, Any]], *, redirect_uri: str) -> Iterator[Employer]:
    """Run the certified provider with these accounts (login → claims) and two clients."""
    port = free_port()
    client = {"client_secret": SECRET, "redirect_uris": [redirect_uri]}
    clients = [{"client_id": name, **client} for name in (CLIENT, "somebody-else")]
    command = ["node", "tests/factories/employer.mjs"]
    settings = json.dumps({"port": port, "clients": clients, "accounts": accounts})
    process = subprocess.Popen(
        [*command, settings], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield Employer(f"http://localhost:{port}")
    finally:
        process.terminate()
        process.wait(timeout=STOP_SECONDS)
        process.stdout.close()  # type: ignore[union-attr]


@cache
def signing_key(_whose: str) -> RSAKey:
    """The same for the same owner within a test run; all have one name."""
    return RSAKey.generate_key(2048, {"kid": "work", "use": "sig"})


@dataclass
class CrookedEmployer:
    """A provider whose token, configuration and keys a test replaces. `asked` are the paths it was asked."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: signing_key("the employer's"))
    token: Callable[[], str] = lambda: ""
    changes: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] | None = None
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, list[str]]] = field(default_factory=list)

    @property
    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.changes,
        }

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        if path in self.answers:
            return self.answers[path]
        public = [self.key.as_dict(private=False)] if self.keys is None else self.keys
        documents = {
            "/.well-known/openid-configuration": lambda: self.configuration,
            "/token": lambda: {"id_token": self.token(), "token_type": "Bearer"},
            "/keys": lambda: {"keys": public},
        }
        found = documents.get(path)
        return (200, json.dumps(found()).encode()) if found else (404, b"{}")

    def signed(self, claims: Mapping[str, Any], *, header: Mapping[str, Any] | None = None) -> str:
        """`claims` under the employer's own key."""
        protected = {"alg": "RS256", "kid": "work", **(header or {})}
        return jws.serialize_compact(
            protected, json.dumps(dict(claims)), self.key, algorithms=["RS256", "PS256"]
        )

    def unsigned(self, claims: Mapping[str, Any]) -> str:
        """`claims` with `alg: none`, and an empty signature."""
        return f"{_part({'alg': 'none'})}.{_part(dict(claims))}."

    def confused(self, claims: Mapping[str, Any]) -> str:
        """`claims` under HS256, with the public key as the secret."""
        public = self.key.as_pem(private=False)
        signed = f"{_part({'alg': 'HS256', 'kid': 'work'})}.{_part(dict(claims))}"
        made = hmac.new(public, signed.encode(), sha256).digest()
        return f"{signed}.{urlsafe_b64encode(made).decode().rstrip('=')}"


def _part(document: object) -> str:
    return urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@contextmanager
def crooked_employer() -> Iterator[CrookedEmployer]:
    """Run it on a free port."""
    crooked = CrookedEmployer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            crooked.forms.append(parse_qs(body.decode()))
            self._answer()

        def _answer(self) -> None:
            status, body = crooked.answer(urlsplit(self.path).path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status == 302:
                self.send_header("Location", body.decode())
                body = b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    crooked.issuer = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield crooked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
