"""The cryptography of anonymous speech: pure Python, without Django, clock, network or file.

Randomness comes in as an argument. Checking raises a subclass of `errors.AnonymityError`, takes what is
expected as arguments and returns what was proved. Where to start:

| to | use | |---|---| | read numbers from outside | `fields.parse_decimal`, `fields.parse_hex` | | hash,
build rosters | `poseidon.poseidon2`, `leanimt.LeanIMT` | | name scopes and messages | `encoding.Domain` |
| check who may enrol | `enrolment.verify_enrolment` | | check who speaks | `submission.parse_submission`,
`membership.verify_membership`, `membership.verify_memberships` | | prove, as a member | `prover.Prover`,
`prover.new_secret`, `enrolment.prove_enrolment` | | sign in a thread | `keys.thread_key` | | name a
persona | `aliases.alias_of` |

`groth16` is the wall around the pairing library, `artifacts` pins the ceremony's files by hash.
"""
