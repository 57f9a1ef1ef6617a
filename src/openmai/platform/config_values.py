"""How the text of one variable becomes a value; each parser raises `ValueError` with the end of a sentence.

The sentence never repeats the text of a secret. A parser leaves a value alone that already has its type, so
that a test may construct a configuration directly.
"""

import ipaddress
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyrage
from pydantic import BaseModel, ConfigDict, SecretBytes, SecretStr

_SITE: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_ADDRESS: Final = re.compile(r"[^@\s<>]+@[A-Za-z0-9.-]+")
_PAGE: Final = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[^\s<>\"']*)?")
_HEX_KEY: Final = re.compile(r"[0-9a-f]{64}")
_WITNESS_KEY: Final = re.compile(r"[^\s+]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}")
_WHOLE: Final = re.compile(r"[0-9]{1,12}")
_SWITCH: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
_SECRET_CHARACTERS: Final = 50


class Listen(BaseModel):
    """A host and a port to listen on or to ask."""

    model_config = ConfigDict(frozen=True)

    host: str
    port: int


class SmtpServer(BaseModel):
    """A server that takes outgoing mail."""

    model_config = ConfigDict(frozen=True)

    host: str
    port: int
    username: str | None = None
    password: SecretStr | None = None
    starttls: bool = False


class Witness(BaseModel):
    """A witness of the log: its key as name+id+base64 (C2SP signed-note), and where it is asked."""

    model_config = ConfigDict(frozen=True)

    key: str
    url: str


class Contact(BaseModel):
    """Where the operator can be reached: `shown` to people, `href` for links."""

    model_config = ConfigDict(frozen=True)

    shown: str
    href: str


def whole_number(low: int, high: int, unit: str) -> Callable[[object], int]:
    """A parser for a whole number of `unit` between both bounds."""

    def parse(value: object) -> int:
        number = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value
        if not isinstance(number, int) or not low <= number <= high:
            raise ValueError(f'must be a whole number of {unit} from {low} to {high}, and is "{value}"')
        return number

    return parse


def switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    known = _SWITCH.get(str(value).lower())
    if known is None:
        raise ValueError(f'must be 1 or 0, and is "{value}"')
    return known


def site_id(value: object) -> str:
    if not isinstance(value, str) or not _SITE.fullmatch(value):
        raise ValueError(f'must be 1 to 64 small letters, digits, dots and hyphens, and is "{value}"')
    return value


def time_zone(value: object) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f'must be the name of a time zone that this machine knows, and is "{value}"'
        ) from None


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def origin(value: object) -> str:
    """Scheme, host and port only. Plain http would let a network rewrite the page that holds the secret."""
    parts = urlsplit(str(value))
    try:
        bare = parts.hostname is not None and f"{parts.scheme}://{parts.netloc}" == value
        port_is_valid = parts.port != 0
    except ValueError:
        bare = port_is_valid = False
    if not bare or not port_is_valid or parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        raise ValueError(f'must be http(s)://host[:port] and nothing after it, and is "{value}"')
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError(f'must begin with https:// unless the host is this machine, and is "{value}"')
    return str(value)


def database_url(value: object) -> SecretStr:
    if isinstance(value, SecretStr):
        return value
    parts = urlsplit(str(value))
    if parts.scheme not in {"postgresql", "postgres"} or len(parts.path) < 2:
        raise ValueError("must be postgresql://role:password@host/database")
    return SecretStr(str(value))


def secret_text(value: object) -> SecretStr:
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str) or len(value) < _SECRET_CHARACTERS:
        raise ValueError(f"must be at least {_SECRET_CHARACTERS} characters long")
    return SecretStr(value)


def thirty_two_bytes(value: object) -> object:
    """64 hexadecimal digits as bytes; pydantic makes a secret of them where the field asks for one."""
    if isinstance(value, bytes | SecretBytes):
        return value
    if not isinstance(value, str) or not _HEX_KEY.fullmatch(value):
        raise ValueError("must be 64 digits of lower-case hexadecimal")
    return bytes.fromhex(value)


def fernet_key(value: object) -> SecretStr:
    if isinstance(value, SecretStr):
        return value
    try:
        length = len(urlsafe_b64decode(str(value)))
    except ValueError:
        length = 0
    if length != 32:
        raise ValueError("must be 32 bytes in base64url, 44 characters")
    return SecretStr(str(value))


def mail_address(value: object) -> str:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise ValueError(f'must be one mail address, and is "{value}"')
    return value


def contact(value: object) -> Contact:
    """A mail address, or an https page that says how to write to the operator."""
    if isinstance(value, Contact):
        return value
    text = str(value)
    if _ADDRESS.fullmatch(text):
        return Contact(shown=text, href=f"mailto:{quote(text, safe='@')}")
    if not _PAGE.fullmatch(text):
        raise ValueError(f'must be a mail address or an address that begins with https://, and is "{value}"')
    return Contact(shown=text, href=text)


def listen(value: object) -> Listen:
    if isinstance(value, Listen):
        return value
    parts = urlsplit(f"//{value}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.hostname is None or port is None or parts.path or "@" in parts.netloc:
        raise ValueError(f'must be host:port, and is "{value}"')
    return Listen(host=parts.hostname, port=port)


def name_servers(value: object) -> tuple[Listen, ...]:
    if isinstance(value, tuple):
        return value
    servers = tuple(listen(part.strip()) for part in str(value).split(",") if part.strip())
    for server in servers:
        try:
            ipaddress.ip_address(server.host)
        except ValueError:
            raise ValueError(f'must be ip:port, separated by commas, and is "{value}"') from None
    return servers


def witnesses(value: object) -> tuple[Witness, ...]:
    if isinstance(value, tuple):
        return value
    parts = [part.split() for part in str(value).split(",") if part.strip()]
    if any(len(part) != 2 or not _WITNESS_KEY.fullmatch(part[0]) for part in parts):
        raise ValueError(f'must be a key and an address, separated by commas, and is "{value}"')
    return tuple(Witness(key=key, url=_witness_address(url)) for key, url in parts)


def _witness_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.path.endswith("/"):
        raise ValueError(f'must have addresses without a slash or a query at their end, and has "{url}"')
    origin(f"{parts.scheme}://{parts.netloc}")
    return url


def smtp_server(value: object) -> SmtpServer:
    """smtp://[user:password@]host:port[?starttls=1]; the sentence names no password."""
    if isinstance(value, SmtpServer):
        return value
    wrong = "must be smtp://[user:password@]host:port[?starttls=1]"
    parts = urlsplit(str(value))
    try:
        host, port, options = (
            parts.hostname,
            parts.port,
            parse_qs(parts.query, strict_parsing=bool(parts.query)),
        )
        starttls = switch(options.pop("starttls", ["0"])[0])
    except ValueError:
        raise ValueError(wrong) from None
    if parts.scheme != "smtp" or host is None or port is None or options or parts.path.strip("/"):
        raise ValueError(wrong)
    if parts.password is not None and not starttls and not is_loopback(host):
        raise ValueError(f"{wrong}, and would send a password in the clear: add ?starttls=1")
    return SmtpServer(
        host=host,
        port=port,
        username=unquote(parts.username) if parts.username is not None else None,
        password=SecretStr(unquote(parts.password)) if parts.password is not None else None,
        starttls=starttls,
    )


def age_recipient(value: object) -> str | None:
    """A public key of age (X25519), or None."""
    if value is None:
        return None
    try:
        return str(pyrage.x25519.Recipient.from_str(str(value)))
    except pyrage.RecipientError as error:
        raise ValueError("must be a public key of age, age1…") from error
