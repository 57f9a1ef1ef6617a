"""Asking the witnesses to cosign (C2SP tlog-witness): each gets the newest checkpoint and the proof that it
grew out of the one that it signed last.
"""

from base64 import b64encode
from typing import Final

import httpx

from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.log.checkpoints import SignedCheckpoint, verify_cosignature
from openmai.anonymity.log.merkle import MAX_SIZE, parse_size
from openmai.anonymity.log.notes import SignatureLine, parse_signature
from openmai.talk.actions.log import keep_cosignature
from openmai.talk.errors import TalkError
from openmai.talk.queries.log import cosigned_size, log_tree, newest_checkpoint
from openmai.talk.rules import Rules, Witness

_TIMEOUT: Final = httpx.Timeout(10.0)
_LARGEST: Final = 65_536


class WitnessRefused(TalkError):
    """A witness is away, or did not sign; the text says what it answered."""


def ask_witnesses(rules: Rules) -> list[WitnessRefused]:
    """Ask each witness that has not signed the newest checkpoint; what went wrong, if anything."""
    newest = newest_checkpoint()
    if newest is None or not rules.witnesses:
        return []
    failures = []
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
        for witness in rules.witnesses:
            try:
                _ask(client, witness, newest, rules)
            except (WitnessRefused, AnonymityError, httpx.HTTPError) as error:
                failures.append(WitnessRefused(f"{witness.key.name}: {error or type(error).__name__}"))
    return failures


def _ask(client: httpx.Client, witness: Witness, newest: SignedCheckpoint, rules: Rules) -> None:
    old = cosigned_size(witness.key.name)
    if old == newest.head.size:
        return
    answer = _post(client, witness, newest, old)
    if answer.status_code == httpx.codes.CONFLICT:
        # It signed another one, before our database was restored or its answer was lost.
        old = parse_size(answer.text.removesuffix("\n"))
        if not 0 <= old <= min(newest.head.size, MAX_SIZE):
            raise WitnessRefused(f"it has seen {old} entries, and the log has {newest.head.size}")
        answer = _post(client, witness, newest, old)
    if answer.status_code != httpx.codes.OK or len(answer.content) > _LARGEST:
        raise WitnessRefused(f"it answered {answer.status_code}")
    keep_cosignature(_own_line(answer.text, witness, newest), size=newest.head.size, rules=rules)


def _post(client: httpx.Client, witness: Witness, newest: SignedCheckpoint, old: int) -> httpx.Response:
    return client.post(f"{witness.url}/add-checkpoint", content=request_body(newest, old))


def request_body(newest: SignedCheckpoint, old: int) -> bytes:
    """What a witness that signed `old` entries last is sent."""
    proof = log_tree(newest.head.size).consistency_proof(old)
    lines = [f"old {old}", *(b64encode(each).decode() for each in proof)]
    return ("\n".join(lines) + "\n\n").encode() + newest.data


def _own_line(text: str, witness: Witness, newest: SignedCheckpoint) -> SignatureLine:
    """The witness's own line among those of its answer, verified."""
    for line in map(parse_signature, text.removesuffix("\n").split("\n")):
        if (line.name, line.key_id) == (witness.key.name, witness.key.id):
            verify_cosignature(newest.note.with_signatures([line]), witness.key)
            return line
    raise WitnessRefused("its answer holds no signature by its key")
