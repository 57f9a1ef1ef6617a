"""TXT records for DKIM keys, each answer kept as it came."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from openmai.people.errors import PeopleError

TIMEOUT_SECONDS: Final = 5.0


class DnsUnavailable(PeopleError):
    """No server answered in time: the mail should come again later."""


class NameServer(Protocol):
    """An address to ask."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


@dataclass(frozen=True)
class TxtAnswer:
    """What the DNS said: one tuple of strings for each TXT record, sorted; none if there is no record."""

    name: str
    records: tuple[tuple[bytes, ...], ...]

    def document(self) -> dict[str, object]:
        """JSON for the archive; strings in base64."""
        shown = [[base64.b64encode(part).decode() for part in record] for record in self.records]
        return {"name": self.name, "type": "TXT", "records": shown}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "TxtAnswer":
        """What `document` made; raise `ValueError`, `KeyError` or `TypeError` if it did not."""
        records = tuple(
            tuple(base64.b64decode(part, validate=True) for part in record) for record in document["records"]
        )
        return cls(str(document["name"]), records)


LookUp = Callable[[str], TxtAnswer]


def resolver_look_up(servers: Sequence[NameServer]) -> LookUp:
    """A look-up by dnspython: at `servers`, or at the system's if there are none."""
    resolver = dns.resolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(server.host, server.port) for server in servers]
    resolver.lifetime = TIMEOUT_SECONDS
    # Only as a stub resolver does it: the answer of an upstream cache is what evidence records anyway.
    resolver.cache = None

    def look_up(name: str) -> TxtAnswer:
        try:
            answer = resolver.resolve(name, dns.rdatatype.TXT, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return TxtAnswer(name, ())
        except (dns.exception.DNSException, OSError) as error:
            raise DnsUnavailable(f"the name servers do not answer for {name}") from error
        records = (tuple(rdata.strings) for rdata in answer if isinstance(rdata, TXT))
        return TxtAnswer(name, tuple(sorted(records)))

    return look_up
