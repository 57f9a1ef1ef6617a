/**
 * What pages and the worker say to each other. The secret is in none of it; what opens a backup is: the recovery code, shown
 * once, and what a passkey says, which only a page can ask for.
 */
import type { PasskeyOutput } from "./backup.ts";
import type { ErrorCode } from "./errors.ts";

export type RosterKind = "provable" | "attested" | "site";

export interface Alias {
  readonly en: string;
  readonly zh: string;
  /** 10 to 99; shown only when two personas of a thread share the words. */
  readonly suffix: number;
  /** Bytes that the glyph avatar is drawn from. */
  readonly glyph: Uint8Array;
}

export interface Label {
  readonly slug: string;
  readonly en: string;
  readonly zh: string;
}

/** The site's transparency log. */
export interface LogFacts {
  readonly origin: string;
  /** Verifier keys as C2SP writes them: `<name>+<key id>+<base64>`. */
  readonly key: string;
  readonly witnesses: readonly string[];
  /** How many of the witnesses must have countersigned. */
  readonly quorum: number;
}

/** What the site says of its gate; the worker reads it strictly (`gatekeeper.ts`). */
export interface GateFacts {
  /** How many threads a member may enter on one day. */
  readonly slots: number;
  /** The verification key, as snarkjs writes it. */
  readonly vkey: unknown;
  readonly zkey: { readonly url: string; readonly sha256: string; readonly bytes: number };
  readonly bans: { readonly sha256: string; readonly serial: number };
}

/** The parts of `GET /api/v1/site` that the worker needs. */
export interface SiteFacts {
  readonly site: string;
  readonly season: string;
  readonly floor: number;
  readonly roster_key: string;
  readonly receipt_key: string;
  /** The season is over, and its threads are open still; set by the worker, from the device's clock. */
  readonly past?: boolean;
  readonly log: LogFacts;
  readonly gate: GateFacts;
}

/** What the site answers to a submission. */
export interface Receipt {
  readonly action: string;
  readonly state: "waiting" | "published";
  /** RFC 3339, a tick. */
  readonly due: string;
  readonly key: string;
  readonly signature: string;
}

/** A roster in which this device's member stands, as far as one may say how many hide there. */
export interface Crowd {
  readonly roster: string;
  readonly kind: RosterKind;
  readonly label: Label | null;
  readonly live: number;
  readonly settled: number;
  readonly published: string;
}

export interface IdentityFacts {
  readonly season: string;
  readonly commitment: string;
  /** Whether the member has said that the recovery code is kept. */
  readonly backedUp: boolean;
}

export interface NewBackup extends IdentityFacts {
  /** Shown once, never stored. */
  readonly code: string;
  readonly file: string;
}

export interface Answer {
  readonly ticket: string;
  readonly commitment: string;
  readonly nullifier: string;
  readonly proof: string;
}

export interface TicketFacts {
  readonly site: string;
  readonly season: string;
}

export type Draft =
  | { readonly kind: "opening"; readonly section: string; readonly title: string; readonly body: string }
  | {
      readonly kind: "reply";
      readonly thread: string;
      readonly parent: string | null;
      readonly body: string;
      /** The opening as the page shows it; its hash must be the thread's id. */
      readonly opening: unknown;
      /** The heads of the log that the voices of the thread have seen. */
      readonly checkpoints: readonly string[];
    };

export interface PersonaFacts {
  readonly roster: string;
  readonly kind: RosterKind;
  readonly label: Label | null;
  readonly alias: Alias;
  readonly key: string;
}

export interface Spoken {
  readonly action: string;
  readonly thread: string;
  readonly season: string;
  /** The submission's JSON, ready to be sent as it is. */
  readonly body: string;
  readonly persona: PersonaFacts;
  readonly joins: boolean;
}

export type ClaimName = "form" | "thread" | "content" | "signature" | "roster" | "label" | "alias" | "proof" | "log-roster" | "log-tick" | "log-order" | "witnesses";

/** What a look behind the crowd checks besides (docs/protocol.md §9). */
export type DeepClaimName = "whole-log" | "leaves" | "backing" | "knowledge" | "journals";

/** Who publishes the keys that signed, as the operator says in the log; `unnamed` members rest on a key that it does not name. */
export interface Signers {
  readonly owners: readonly string[];
  readonly unnamed: number;
}

/** A post's whole crowd, and how many of its members stand on what. */
export interface Crowded {
  readonly live: number;
  readonly dkim: number;
  readonly oidc: number;
  /** On the operator's word alone. */
  readonly word: number;
  /** The entries of the log that were read. */
  readonly entries: number;
  readonly signers: Signers;
}

export interface DeepVerdict {
  readonly failed: ClaimName | DeepClaimName | null;
  readonly detail: string;
  readonly post: VerifiedPost | null;
  readonly crowd: Crowded | null;
}

export interface VerifiedPost {
  readonly site: string;
  readonly season: string;
  readonly kind: RosterKind;
  readonly label: Label | null;
  readonly alias: { readonly en: string; readonly zh: string };
  readonly live: number;
  readonly published: string;
  /** First 16 hex digits of the SHA-256 of the key that signed the roster. */
  readonly fingerprint: string;
  /** The same of the key that signed the log. */
  readonly logFingerprint: string;
  /** The tick at which the log says that it appeared; RFC 3339. */
  readonly tick: string;
  /** The names of the witnesses who countersigned the log. */
  readonly witnesses: readonly string[];
  readonly title: string | null;
  readonly body: string;
}

export interface Verdict {
  readonly passed: readonly ClaimName[];
  readonly failed: ClaimName | null;
  readonly detail: string;
  readonly post: VerifiedPost | null;
}

export type Stage = "artifacts" | "bans" | "roster" | "hashing" | "witness" | "gate" | "signing" | "log" | "knowledge";

/** `done` of `total` in bytes for artifacts, pages for the gate, entries and proofs for log and knowledge, a share of 1 for hashing; both zero where nothing can be counted. */
export interface Progress {
  readonly stage: Stage;
  readonly done: number;
  readonly total: number;
}

/** Every method of the worker: its parameters and its result. */
export interface Methods {
  identities: { parameters: { facts: SiteFacts }; result: IdentityFacts | null };
  create: { parameters: { facts: SiteFacts }; result: NewBackup };
  backup: { parameters: { facts: SiteFacts }; result: string };
  renewCode: { parameters: { facts: SiteFacts }; result: NewBackup };
  confirmBackup: { parameters: { facts: SiteFacts }; result: IdentityFacts };
  restore: { parameters: { facts: SiteFacts; file: string; code: string }; result: IdentityFacts };
  /** A backup file sealed under what a passkey made of `salt`. */
  passkeyBackup: { parameters: { facts: SiteFacts; output: PasskeyOutput }; result: string };
  restoreByPasskey: { parameters: { facts: SiteFacts; file: string; prf: Uint8Array }; result: IdentityFacts };
  /** Begins a pairing and returns what this device shows: on the one with the key an invitation, else an answer. */
  pairBegin: { parameters: { facts: SiteFacts; invites: boolean }; result: string };
  /** Takes the other device's text and returns the digits that a person compares. */
  pairMeet: { parameters: { text: string }; result: string };
  /** After the person has compared: the secrets of the open seasons, for the other device alone. */
  pairDeliver: { parameters: { facts: SiteFacts }; result: string };
  /** After the person has compared: keeps what came; the facts of the current season's key, if it was among it. */
  pairReceive: { parameters: { facts: SiteFacts; text: string }; result: IdentityFacts | null };
  forget: { parameters: { facts: SiteFacts }; result: null };
  readTicket: { parameters: { ticket: string }; result: TicketFacts };
  enrol: { parameters: { facts: SiteFacts; ticket: string }; result: Answer };
  /** The crowd of a company (provable if it is open and holds the member, else attested), or of the site for null. */
  crowd: { parameters: { facts: SiteFacts; company: string | null }; result: Crowd };
  alias: { parameters: { facts: SiteFacts; thread: string }; result: Alias };
  /** `now` by the device's clock; `sendAt`, when it is planned to be sent, by the server's: its UTC day is the slot's. */
  speak: { parameters: { facts: SiteFacts; draft: Draft; roster: string; now: number; sendAt: number }; result: Spoken };
  /** Proves again for a submission that was refused because a proof grew old, or (`slotTaken`) because its slot was used. */
  renew: { parameters: { facts: SiteFacts; body: string; roster: string; sendAt: number; slotTaken: boolean }; result: Spoken };
  /** Whether a receipt is the site's own for this action. */
  receipt: { parameters: { facts: SiteFacts; action: string; receipt: Receipt }; result: boolean };
  trustRosterKey: { parameters: { facts: SiteFacts }; result: null };
  trustLogKey: { parameters: { facts: SiteFacts }; result: null };
  /** What this device keeps of a log that contradicted itself, as a file; null if it never did. */
  logEvidence: { parameters: { facts: SiteFacts }; result: string | null };
  trustGateKey: { parameters: { facts: SiteFacts }; result: null };
  /** Accepts an epoch of a roster although many members are gone. */
  acceptEpoch: { parameters: { facts: SiteFacts; roster: string; epoch: number }; result: null };
  verify: { parameters: { file: Uint8Array; rosterKey: string | null; log: LogFacts | null }; result: Verdict };
  /** The same, and then the post's whole crowd, from this site's log. */
  verifyDeep: { parameters: { file: Uint8Array; rosterKey: string | null; log: LogFacts | null }; result: DeepVerdict };
}

export type Method = keyof Methods;

export interface Request<M extends Method = Method> {
  readonly id: number;
  readonly method: M;
  readonly parameters: Methods[M]["parameters"];
}

export type Reply =
  | { readonly id: number; readonly kind: "progress"; readonly progress: Progress }
  | { readonly id: number; readonly kind: "claim"; readonly claim: ClaimName | DeepClaimName }
  | { readonly id: number; readonly kind: "result"; readonly result: unknown }
  | {
      readonly id: number;
      readonly kind: "error";
      readonly code: ErrorCode;
      readonly detail: string;
      readonly parameters: Readonly<Record<string, string | number>>;
    };
