/** What the worker can refuse, by name. Each name has a sentence in `ui/messages`; the parameters fill its gaps. */
export type ErrorCode =
  | "no-secure-context"
  | "storage-blocked"
  | "storage-full"
  | "network"
  | "server"
  | "artifact-altered"
  | "not-canonical"
  | "bad-ticket"
  | "ticket-of-other-site"
  | "ticket-of-other-season"
  | "no-identity"
  | "identity-exists"
  | "wrong-recovery-code"
  | "bad-backup"
  | "bad-roster"
  | "roster-older"
  | "index-forked"
  | "roster-shrunk"
  | "roster-unchained"
  | "roster-remade"
  | "roster-cut-short"
  | "roster-altered"
  | "season-differs"
  | "season-over"
  | "bad-pairing"
  | "pairing-expired"
  | "no-passkey"
  | "wrong-passkey"
  | "roster-key-changed"
  | "roster-not-logged"
  | "shard-early"
  | "log-malformed"
  | "log-unsigned"
  | "log-unwitnessed"
  | "log-key-changed"
  | "log-witnesses-changed"
  | "log-older"
  | "log-behind"
  | "log-forked"
  | "log-altered"
  | "thread-log-differs"
  | "roster-unknown"
  | "not-in-roster"
  | "below-floor"
  | "bad-bans"
  | "bans-older"
  | "bans-forked"
  | "bans-outdated"
  | "bans-not-logged"
  | "nothing-standing"
  | "slots-not-logged"
  | "gate-not-logged"
  | "too-many-bans"
  | "banned"
  | "rate-exhausted"
  | "bad-gate-key"
  | "gate-key-changed"
  | "thread-altered"
  | "label-fixed"
  | "self-check-failed"
  | "proof-impossible"
  | "unexpected";

/** Root of every refusal in the worker. `detail` is for people who file a bug; it never holds a secret. */
export class ProofError extends Error {
  override readonly name = "ProofError";

  constructor(
    readonly code: ErrorCode,
    readonly detail = "",
    readonly parameters: Readonly<Record<string, string | number>> = {},
  ) {
    super(detail ? `${code}: ${detail}` : code);
  }
}
