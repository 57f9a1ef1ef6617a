/** Domain separation: how scopes and messages are made (docs/protocol.md §1). */
import { sha256 as hash256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import canonicalize from "canonicalize";
import { ProofError } from "./errors.ts";
import { be32, concat, fromBytes, parseHex, toHex } from "./field.ts";

export type Argument = string | Uint8Array | bigint;

const utf8 = new TextEncoder();

export const sha256 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => hash256(bytes) as Uint8Array<ArrayBuffer>;

/** First 16 hex digits of the SHA-256 of a key in hex, as people compare it. */
export const fingerprint = (keyHex: string): string => toHex(sha256(parseHex(keyHex, 32, "key"))).slice(0, 16);

/** The RFC 8785 bytes of a document; throws `not-canonical` if it has none. */
export function canonicalJson(document: unknown): Uint8Array<ArrayBuffer> {
  try {
    return utf8.encode(canonicalize(document)) as Uint8Array<ArrayBuffer>;
  } catch (error) {
    throw new ProofError("not-canonical", String(error));
  }
}

/** Semaphore v4's own reduction of a 256-bit integer into the field: keccak256(be32(value)) >> 8. */
export function circuitInput(value: bigint): bigint {
  return fromBytes(keccak_256(be32(value))) >> 8n;
}

export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concat(length, bytes);
}

function argumentBytes(argument: Argument): Uint8Array {
  if (typeof argument === "string") return utf8.encode(argument);
  return typeof argument === "bigint" ? be32(argument) : argument;
}

/** A site in a season: everything hashed for one says nothing in another. */
export class Domain {
  constructor(
    readonly site: string,
    readonly season: string,
  ) {}

  /** D(tag, …) as a 256-bit integer. Strings are UTF-8, integers 32 bytes big-endian. */
  digest(tag: string, ...args: readonly Argument[]): bigint {
    const parts = [this.site, this.season, ...args].map((argument) => lengthPrefixed(argumentBytes(argument)));
    return fromBytes(sha256(concat(utf8.encode(`openmai/v1/${tag}\0`), ...parts)));
  }

  threadScope(threadId: Uint8Array): bigint {
    return this.digest("thread", threadId);
  }

  enrolScope(): bigint {
    return this.digest("enrol");
  }

  enrolMessage(account: string, nonce: Uint8Array): bigint {
    return this.digest("enrol-pok", account, nonce);
  }

  /** What a membership proof says when a persona enters a thread; `first` is the id of its first content. */
  joinMessage(join: { threadId: Uint8Array; key: Uint8Array; roster: string; root: bigint; checkpoint: string; first: Uint8Array }): bigint {
    return this.digest("join", join.threadId, join.key, join.roster, join.root, join.checkpoint, join.first);
  }

  /** What a day's rate slots are counted under; `day` is "YYYY-MM-DD". */
  rateScope(day: string): bigint {
    return this.digest("rate", day);
  }

  /** The 32 bytes that a persona signs for each of its actions. */
  actionBytes(contentId: Uint8Array): Uint8Array {
    return be32(this.digest("action", contentId));
  }

  /** The 32 bytes that the talk site signs when it accepts. */
  receiptBytes(contentId: Uint8Array, due: string): Uint8Array {
    return be32(this.digest("receipt", contentId, due));
  }
}
