"""The transparency log (docs/protocol.md §10): C2SP tlog-tiles, checkpoints, cosignatures, and what the
entries say.

`merkle` and `tiles` know hashes only, `notes` and `checkpoints` signatures, `entries` what this site logs,
`issuers` whose keys signed for the leaves, `view` how a client reads somebody else's log and which words it
refuses it with.
"""
