/** The part of a proof file that is about the log (docs/protocol.md §8): what was logged, and in which order. */
import { canonicalJson } from "../encoding.ts";
import { ProofError } from "../errors.ts";
import { equalBytes, parseHex, toHex } from "../field.ts";
import type { LogFacts } from "../messages.ts";
import type { Opened, RosterStatement } from "../rosters.ts";
import { exactKeys, parseCount, parseText, type Fields } from "../schema.ts";
import { openCheckpoint, originOf, type SignedHead } from "./checkpoint.ts";
import { rosterLeaf } from "./entries.ts";
import { witnessesOf } from "./evidence.ts";
import { cosignersOf, parseVerifierKey, type NamedKey } from "./note.ts";
import { isConsistent, isIncluded, leafHash, type Head } from "./tree.ts";

const MAX_HASHES = 64;
const MAX_WITNESSES = 32;
const MAX_POSTS = 200;
const TICK = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
const DIGEST = /^[0-9a-f]{64}$/;

interface Placed {
  readonly index: number;
  readonly path: readonly Uint8Array[];
}

export interface LogPart {
  readonly key: Uint8Array;
  readonly witnesses: readonly NamedKey[];
  readonly checkpoint: Uint8Array;
  /** In the tree of the join's own head. */
  readonly roster: Placed;
  /** From the join's head to the checkpoint. */
  readonly consistency: readonly Uint8Array[];
  /** In the tree of the checkpoint. */
  readonly tick: Placed & { readonly time: string; readonly posts: readonly string[] };
}

const refuse = (detail: string): never => {
  throw new ProofError("not-canonical", detail);
};

function listOf<T>(value: unknown, most: number, read: (each: unknown) => T): T[] {
  return Array.isArray(value) && value.length <= most ? value.map(read) : refuse("a list");
}

const hashes = (value: unknown): Uint8Array[] => listOf(value, MAX_HASHES, (each) => parseHex(each, 32, "hash"));
const placed = ({ index, proof }: Fields): Placed => ({ index: parseCount(index, "index"), path: hashes(proof) });

function parseTick(value: unknown): LogPart["tick"] {
  const fields = exactKeys(value, ["index", "proof", "entry"]);
  const { tick, posts } = exactKeys(fields.entry, ["tick", "posts"]);
  const ids = listOf(posts, MAX_POSTS, (each) => (typeof each === "string" && DIGEST.test(each) ? each : refuse("a post's id")));
  if (ids.length === 0 || ids.some((id, i) => i > 0 && id <= ids[i - 1]!)) refuse("the posts of a tick");
  return { ...placed(fields), time: typeof tick === "string" && TICK.test(tick) ? tick : refuse("a tick"), posts: ids };
}

/** Reads the part; nothing is proved yet. Throws `not-canonical` or `log-malformed`. */
export function parseLogPart(value: unknown): LogPart {
  const fields = exactKeys(value, ["key", "witnesses", "checkpoint", "roster", "consistency", "tick"]);
  return {
    key: parseHex(fields.key, 32, "log key"),
    witnesses: listOf(fields.witnesses, MAX_WITNESSES, (each) => parseVerifierKey(each, 4)),
    checkpoint: new TextEncoder().encode(parseText(fields.checkpoint, "checkpoint")),
    roster: placed(exactKeys(fields.roster, ["index", "proof"])),
    consistency: hashes(fields.consistency),
    tick: parseTick(fields.tick),
  };
}

/**
 * The claim `log-roster`: the roster stood in the log when the persona joined, and that log has grown into the one that
 * was signed. With `trusted` no other key may have signed it.
 */
export function checkRosterLogged(part: LogPart, joined: Head, opened: Opened<RosterStatement>, envelope: unknown, trusted: LogFacts | null): SignedHead {
  const { site } = opened.statement;
  if (trusted !== null && !equalBytes(parseVerifierKey(trusted.key, 1).key, part.key)) return refuse("the log is signed by another key than the known one");
  const signed = openCheckpoint(part.checkpoint, { name: originOf(site), key: part.key });
  const { index, path } = part.roster;
  if (joined.size !== index + 1) return refuse("the join names another head than that of its roster");
  if (!isIncluded({ leaf: rosterLeaf(opened.statement, envelope), index, path, ...joined })) return refuse("the roster is not in the log");
  if (!isConsistent(joined, signed, part.consistency)) return refuse("the log that the join names is another");
  return signed;
}

/** The claim `log-tick`: the log says that this post has appeared. */
export function checkTickLogged({ tick }: LogPart, signed: Head, domain: { site: string; season: string }, post: Uint8Array): void {
  const { index, path, time, posts } = tick;
  if (!posts.includes(toHex(post))) refuse("the log's entry does not name the post");
  const { site, season } = domain;
  const leaf = leafHash(canonicalJson({ type: "openmai/log/tick/v1", site, season, tick: time, posts }));
  if (!isIncluded({ leaf, index, path, size: signed.size, root: signed.root })) refuse("the post is not in the log");
}

/** The claim `log-order`: the roster was logged before the post, so it was not made up for it. */
export function checkOrder({ tick }: LogPart, joined: Head): void {
  if (tick.index < joined.size) refuse("the post was logged before its roster");
}

/** The claim `witnesses`: every countersignature of a known witness holds, and there are enough of them. */
export function checkWitnesses(part: LogPart, { note }: SignedHead, trusted: LogFacts | null): string[] {
  return trusted === null ? cosignersOf(note, part.witnesses, 0) : cosignersOf(note, witnessesOf(trusted), trusted.quorum);
}
