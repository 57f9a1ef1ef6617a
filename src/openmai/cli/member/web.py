"""HTTP for the member: bounded answers, no cookies, no redirects, problems told in their own words."""

import ipaddress
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from openmai.anonymity.documents import DocumentRefused, load_json
from openmai.cli.member.errors import Refused, Unreachable, Usage
from openmai.cli.member.show import Report
from openmai.cli.member.words import gettext as _

ANSWER_LIMIT: Final = 1_048_576
_TIMEOUT: Final = httpx.Timeout(30, connect=10)
_PROBLEM: Final = "application/problem+json"


def read_origin(text: str) -> str:
    """Scheme, host and port of an address; raise `Usage` unless it is https, or http on this machine."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Usage(_("%(text)s is not the address of a site.") % {"text": text}) from error
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise Usage(_("%(text)s is not the address of a site.") % {"text": text})
    if parts.scheme == "http" and not _is_this_machine(host):
        raise Usage(
            _("%(text)s must be https: on the way, anyone could change what you read.") % {"text": text}
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def _trouble(error: Exception) -> str:
    """Why no answer came; the library's own words are English."""
    match error:
        case httpx.TimeoutException():
            return _("it took too long to answer")
        case httpx.ConnectError():
            return _("there is no connection to it")
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return _("this is no address")
        case _:
            return _("the connection broke off")


def _is_this_machine(host: str) -> bool:
    # Onion services bring their own encryption.
    if host == "localhost" or host.endswith((".localhost", ".onion")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Web:
    """A client for one origin. Each answer is read up to a limit and never more."""

    def __init__(self, origin: str) -> None:
        self.origin = read_origin(origin)
        # One name for all members and versions; cookies are refused by dropping them after each answer. Plain
        # bytes only: a compressed answer grows in memory before it can be counted.
        self._client = httpx.Client(
            base_url=self.origin,
            timeout=_TIMEOUT,
            headers={"user-agent": "openmai", "accept-encoding": "identity"},
            follow_redirects=False,
        )

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, *, limit: int = ANSWER_LIMIT, report: Report | None = None) -> bytes:
        """The bytes at `path`; `report` is told bytes so far and, if known, in all."""
        return self._request("GET", path, limit=limit, report=report)[1]

    def get_json(self, path: str, *, limit: int = ANSWER_LIMIT) -> dict[str, Any]:
        return self._object(self.get(path, limit=limit), path)

    def post_json(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """The status (2xx) and the answer."""
        status, data = self._request("POST", path, limit=ANSWER_LIMIT, content=body)
        return status, self._object(data, path)

    def _request(
        self,
        method: str,
        path: str,
        *,
        limit: int,
        report: Report | None = None,
        content: bytes | None = None,
    ) -> tuple[int, bytes]:
        headers = {} if content is None else {"content-type": "application/json"}
        try:
            with self._client.stream(method, path, content=content, headers=headers) as response:
                data = self._read(response, limit, report)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            message = _("%(origin)s cannot be reached: %(reason)s.")
            raise Unreachable(message % {"origin": self.origin, "reason": _trouble(error)}) from error
        finally:
            self._client.cookies.clear()
        if not response.is_success:
            self._refuse(response, path, data)
        return response.status_code, data

    def _read(self, response: httpx.Response, limit: int, report: Report | None) -> bytes:
        announced = response.headers.get("content-length", "")
        total = int(announced) if announced.isdecimal() and announced.isascii() else 0
        if response.headers.get("content-encoding", "identity") != "identity":
            message = _("%(origin)s sent a compressed answer, which was not asked for.")
            raise Unreachable(message % {"origin": self.origin})
        data = bytearray()
        for chunk in response.iter_raw():
            data += chunk
            if len(data) > limit:
                message = _("%(origin)s sent more than %(limit)d bytes.")
                raise Unreachable(message % {"origin": self.origin, "limit": limit})
            if report is not None:
                report(len(data), total)
        return bytes(data)

    def _refuse(self, response: httpx.Response, path: str, data: bytes) -> None:
        if response.headers.get("content-type", "").startswith(_PROBLEM):
            problem = self._object(data, path)
            detail, code = problem.get("detail"), problem.get("code")
            if isinstance(detail, str) and isinstance(code, str):
                message = _("%(origin)s: %(detail)s (%(code)s)")
                told = message % {"origin": self.origin, "detail": detail, "code": code}
                if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise Unreachable(told)
                raise Refused(told, code=code)
        message = _("%(origin)s answered %(status)d at %(path)s.")
        told = message % {"origin": self.origin, "status": response.status_code, "path": path}
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise Refused(told, code="not-found")
        raise Unreachable(told)

    def _object(self, data: bytes, path: str) -> dict[str, Any]:
        try:
            document = load_json(data, limit=ANSWER_LIMIT)
        except DocumentRefused as error:
            document = error
        if not isinstance(document, dict):
            message = _("%(origin)s sent no JSON object at %(path)s.")
            raise Unreachable(message % {"origin": self.origin, "path": path})
        return document
