"""The signed answer to a submission: it was accepted, and will be published by the tick that it names."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from openmai.anonymity.encoding import Domain
from openmai.anonymity.keys import public_bytes
from openmai.platform.clock import iso_seconds
from openmai.talk.rules import Rules

State = Literal["waiting", "published"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """docs/protocol.md §5, answer. `action` is the id of the content, `due` a tick."""

    action: bytes
    state: State
    due: datetime
    key: bytes
    signature: bytes

    def document(self) -> dict[str, str]:
        return {
            "action": self.action.hex(),
            "state": self.state,
            "due": iso_seconds(self.due),
            "key": self.key.hex(),
            "signature": self.signature.hex(),
        }


def sign_receipt(content_id: bytes, *, state: State, due: datetime, rules: Rules, domain: Domain) -> Receipt:
    signature = rules.receipt_key.sign(domain.receipt_bytes(content_id, iso_seconds(due)))
    return Receipt(content_id, state, due, public_bytes(rules.receipt_key), signature)
