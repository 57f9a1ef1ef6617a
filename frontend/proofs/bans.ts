/**
 * The public list of bans, read strictly, and the pages that the gate proves about (docs/protocol.md).
 *
 * A ban names a persona in a thread, never a member. Whose it is only the member's own device can tell.
 */
import { circuitInput, Domain, sha256 } from "./encoding.ts";
import { ProofError } from "./errors.ts";
import { parseDecimal, parseHex, toHex } from "./field.ts";
import { nullifierOf } from "./identity.ts";
import type { Poseidon } from "./poseidon.ts";
import { exactKeys, parseCanonical, parseCount, parseSeason, parseSite } from "./schema.ts";

/** Bans that one proof speaks about: the size of the circuit. */
export const PAGE = 30;
/** Sixty-four pages, whose proofs still fit into a submission beside the longest text (`openmai.anonymity.limits`). */
export const MAX_BANS = 1_920;
/** Bytes of the longest list. */
export const MAX_LIST = 1_048_576;

const REASON = /^[a-z][a-z-]{0,31}$/;
const MOMENT = /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$/;

export interface Ban {
  /** 64 hexadecimal digits. */
  readonly thread: string;
  /** D("thread", thread). Computed here: a list that named any scope could name a member, by the nullifier of their enrolment. */
  readonly scope: bigint;
  readonly nullifier: bigint;
  readonly until: string;
  readonly reason: string;
}

export interface BanList {
  readonly site: string;
  readonly season: string;
  readonly serial: number;
  readonly bans: readonly Ban[];
  /** Its name: the SHA-256 of its bytes. */
  readonly sha256: string;
}

/** The ban inputs of one proof, as the circuit takes them; a place that is left over is (0, 0), which bans nobody. */
export interface BanPage {
  readonly scopes: readonly bigint[];
  readonly nullifiers: readonly bigint[];
}

const refuse = (what: string): never => {
  throw new ProofError("bad-bans", what);
};

function parseBan(value: unknown, domain: Domain): Ban {
  const { thread, nullifier, until, reason } = exactKeys(value, ["thread", "nullifier", "until", "reason"]);
  if (typeof until !== "string" || !MOMENT.test(until)) return refuse("until");
  if (typeof reason !== "string" || !REASON.test(reason)) return refuse("reason");
  const scope = domain.threadScope(parseHex(thread, 32, "thread"));
  const parsed = { thread: thread as string, scope, nullifier: parseDecimal(nullifier, "nullifier"), until, reason };
  return parsed.nullifier === 0n ? refuse("a nullifier of 0") : parsed;
}

const isBefore = (a: Ban, b: Ban): boolean => a.thread < b.thread || (a.thread === b.thread && a.nullifier < b.nullifier);

/** Reads the list from its bytes. Throws `bad-bans`, `too-many-bans`, or `not-canonical` as any document does. */
export function parseBans(bytes: Uint8Array): BanList {
  if (bytes.length > MAX_LIST) throw new ProofError("too-many-bans", "", { limit: MAX_BANS });
  const { type, site, season, serial, bans } = exactKeys(parseCanonical(bytes), ["type", "site", "season", "serial", "bans"]);
  if (type !== "openmai/bans/v1" || !Array.isArray(bans)) return refuse("type");
  if (bans.length > MAX_BANS) throw new ProofError("too-many-bans", "", { limit: MAX_BANS });
  const domain = new Domain(parseSite(site), parseSeason(season));
  const parsed = bans.map((ban) => parseBan(ban, domain));
  // In one order, and each once: two lists of the same bans would otherwise be two.
  if (parsed.some((ban, i) => i > 0 && !isBefore(parsed[i - 1]!, ban))) return refuse("order");
  return { site: domain.site, season: domain.season, serial: parseCount(serial, "serial"), bans: parsed, sha256: toHex(sha256(bytes)) };
}

/** bans[0:30], bans[30:60], …; a list without bans is one page, so that every join carries a gate proof. */
export function pagesOf({ bans }: BanList): BanPage[] {
  const count = Math.max(1, Math.ceil(bans.length / PAGE));
  return Array.from({ length: count }, (_, page) => {
    const places = Array.from({ length: PAGE }, (_, i) => bans[page * PAGE + i]);
    return {
      scopes: places.map((ban) => (ban === undefined ? 0n : circuitInput(ban.scope))),
      nullifiers: places.map((ban) => ban?.nullifier ?? 0n),
    };
  });
}

/** Throws `banned`, with reason and end, if one of the bans is of a persona of this secret: it could prove nothing. */
export function refuseBanned({ bans }: BanList, poseidon: Poseidon, secret: bigint): void {
  const mine = bans.filter(({ scope, nullifier }) => nullifierOf(poseidon, secret, scope) === nullifier);
  // Of several the last to end is the one that counts.
  const last = mine.sort((a, b) => (a.until < b.until ? 1 : -1))[0];
  if (last !== undefined) throw new ProofError("banned", "", { reason: last.reason, until: last.until });
}
