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
from openmai.platform.fetching import Answer, AnswerRefused, Fetcher
from openmai.talk.actions.log import keep_cosignature
from openmai.talk.errors import TalkError
from openmai.talk.queries.log import cosigned_size, log_tree, newest_checkpoint
from openmai.talk.rules import Rules, Witness

_TIMEOUT: Final = httpx.Timeout(10.0)
# In all: a witness that drips keeps neither the other witnesses waiting nor the rosters.
_TOTAL_SECONDS: Final = 20.0
_LARGEST: Final = 65_536


class WitnessRefused(TalkError):
    """A witness is away, or did not sign; the text says what it answered."""


def ask_witnesses(rules: Rules) -> list[WitnessRefused]:
    """Ask each witness that has not signed the newest checkpoint; what went wrong, if anything."""
    newest = newest_checkpoint()
    if newest is None or not rules.witnesses:
        return []
    failures = []
    for witness in rules.witnesses:
        try:
            with Fetcher(witness.url, timeout=_TIMEOUT, seconds=_TOTAL_SECONDS) as fetcher:
                _ask(fetcher, witness, newest, rules)
        except (WitnessRefused, AnswerRefused, AnonymityError, httpx.HTTPError) as error:
            failures.append(WitnessRefused(f"{witness.key.name}: {error or type(error).__name__}"))
    return failures


def _ask(fetcher: Fetcher, witness: Witness, newest: SignedCheckpoint, rules: Rules) -> None:
    old = cosigned_size(witness.key.name)
    if old == newest.head.size:
        return
    answer = _post(fetcher, newest, old)
    if answer.status == httpx.codes.CONFLICT:
        # It signed another one, before our database was restored or its answer was lost.
        old = parse_size(_text(answer).removesuffix("\n"))
        if not 0 <= old <= min(newest.head.size, MAX_SIZE):
            raise WitnessRefused(f"it has seen {old} entries, and the log has {newest.head.size}")
        answer = _post(fetcher, newest, old)
    if answer.status != httpx.codes.OK:
        raise WitnessRefused(f"it answered {answer.status}")
    keep_cosignature(_own_line(_text(answer), witness, newest), size=newest.head.size, rules=rules)


def _post(fetcher: Fetcher, newest: SignedCheckpoint, old: int) -> Answer:
    return fetcher.post("/add-checkpoint", request_body(newest, old), limit=_LARGEST)


def _text(answer: Answer) -> str:
    try:
        return answer.data.decode()
    except UnicodeDecodeError:
        raise WitnessRefused("its answer is no text") from None


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
