"""Every limit of the protocol's documents in one place; `GET /api/v1/site` publishes those that clients need.

Lengths of text count Unicode code points, all others count bytes unless the name says otherwise.
"""

from typing import Final

MAX_BODY: Final = 65_536
MAX_TITLE: Final = 120
MAX_TEXT: Final = 10_000
# An opening and a reply of the greatest length, four bytes a character, a statement, an entry of the log with
# its proofs, and a checkpoint with its cosignatures.
MAX_PROOF_FILE: Final = 196_608
MAX_STATEMENT: Final = 4_096
# Room for 50,000 rosters.
MAX_INDEX: Final = 16_777_216
# 2**20 leaves of 32 bytes.
MAX_LEAVES_FILE: Final = 33_554_432
# Leaves of one shard of a roster; one more opens the next (docs/protocol.md §3).
MAX_SHARD: Final = 65_536
# Up to so many leaves everybody fetches the leaves file: it is no longer than a paths file.
MAX_WHOLE: Final = 1_024
# So many epochs before its own, a week at least, a paths file leads on from, if what changed since fits.
PATH_EPOCHS: Final = 7
# What a paths file says of changes: the listed leaves and the removals with their paths.
MAX_PATH_CHANGES: Final = 65_536
# That, a header, and 4,096 nodes of level 8.
MAX_PATHS: Final = 196_644
# A member's own tile, 256 leaves in hex.
MAX_TILE: Final = 20_480
# Names of issuers' keys in one journal; further ones stay unnamed.
MAX_NAMED_KEYS: Final = 4_096
# 65,536 joiners with their proofs of knowledge, and those names.
MAX_JOURNAL: Final = 67_108_864
# Sixty-four pages of thirty: so many proofs still fit into a body beside the longest text.
MAX_BANS: Final = 1_920
MAX_GATE_PAGES: Final = 64
MAX_BAN_LIST: Final = 1_048_576
# Entries of a log that a deep check reads; it keeps all their hashes in memory.
MAX_LOG: Final = 4_194_304
# A package of evidence: a mail and its keys, in base64.
MAX_EVIDENCE: Final = 1_048_576
# Packages that are checked at once.
MAX_DISCLOSED: Final = 65_536
# Characters of base64url.
MAX_TICKET: Final = 512
MAX_ANSWER: Final = 2_048
MAX_LABEL: Final = 120
# Objects and lists inside one another; the deepest document of the protocol has four.
MAX_DEPTH: Final = 8
# The greatest integer that every JSON library reads exactly (RFC 8259 §6).
MAX_INTEGER: Final = 2**53 - 1
NONCE_SIZE: Final = 16
# Days for which a persona may sign on after a join; then the client proves again.
JOIN_HOLDS_DAYS: Final = 7

PUBLISHED: Final[dict[str, int]] = {
    "body": MAX_BODY,
    "title": MAX_TITLE,
    "text": MAX_TEXT,
    "proof_file": MAX_PROOF_FILE,
    "bans": MAX_BANS,
    "ban_list": MAX_BAN_LIST,
}
"""What `limits` of `GET /api/v1/site` says."""
