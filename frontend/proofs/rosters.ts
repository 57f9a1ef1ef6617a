/** Rosters: signed statements of who may speak, and the leaves they are made of (docs/protocol.md §3). */
import { checkText } from "./content.ts";
import { ProofError } from "./errors.ts";
import { sha256, canonicalJson } from "./encoding.ts";
import { concat, fromBytes, parseDecimal, parseHex, R, toHex } from "./field.ts";
import { LeanIMT } from "./leanimt.ts";
import type { Label, RosterKind, SiteFacts } from "./messages.ts";
import { isSignedBy } from "./personas.ts";
import type { Poseidon } from "./poseidon.ts";
import { exactKeys, parseCanonical, parseCount, parseDate, parseRosterId, parseSeason, parseSite, parseLabelSlug } from "./schema.ts";
import type { Fields } from "./schema.ts";

const CAPACITY = 2 ** 20;
/** Places of a shard that is full (`openmai.anonymity.limits`). */
export const MAX_SHARD = 65_536;
const MAX_LABEL = 120;
const STATEMENT_FIELDS = [
  "type", "site", "season", "roster", "epoch", "label", "root", "size", "live", "settled", "leaves", "paths", "journal", "published",
] as const;

export interface RosterStatement {
  readonly site: string;
  readonly season: string;
  readonly roster: string;
  readonly epoch: number;
  readonly label: Label | null;
  readonly root: bigint;
  readonly size: number;
  readonly live: number;
  readonly settled: number;
  readonly leaves: string;
  readonly paths: string;
  /** SHA-256 of what came and went with this epoch; the log's affair, and no client's. */
  readonly journal: string;
  readonly published: string;
}

export interface IndexEntry {
  readonly roster: string;
  readonly epoch: number;
  readonly statement: string;
}

export interface RosterIndex {
  readonly site: string;
  readonly season: string;
  readonly serial: number;
  readonly rosters: readonly IndexEntry[];
}

export interface Opened<T> {
  readonly statement: T;
  readonly key: Uint8Array;
}

/** What makes a company's label provable, attested or absent. */
export function kindOf(roster: string): RosterKind {
  const whole = wholeRoster(roster);
  if (whole === "site") return "site";
  return whole.endsWith("/provable") ? "provable" : "attested";
}

/** The shard that must be full before this one opens; null for the first. */
export function shardBefore(roster: string): string | null {
  const [whole, number] = roster.split("#");
  if (number === undefined) return null;
  return number === "2" ? whole! : `${whole!}#${Number(number) - 1}`;
}

/** The roster without its shard. */
export const wholeRoster = (roster: string): string => roster.split("#")[0]!;

/** The slug of the roster's label: a company's, "industry/" and a trade, or null for the site's. */
export function labelSlug(roster: string): string | null {
  const [of, slug] = wholeRoster(roster).split("/");
  if (slug === undefined) return null;
  return of === "company" ? slug : `industry/${slug}`;
}

/** The rosters, best evidence first, in which the members of this label stand; null for the site's. */
export function rostersOf(slug: string | null): string[] {
  if (slug === null) return ["site"];
  const of = slug.startsWith("industry/") ? slug : `company/${slug}`;
  return [`${of}/provable`, `${of}/attested`];
}

const isHash = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

/** Checks an envelope's one key and signature; `expected` is the only key to accept, or null to accept the one it names. */
function openEnvelope(envelope: unknown, tag: string, expected: Uint8Array | null): Opened<unknown> {
  const { key, signature, statement } = exactKeys(envelope, ["key", "signature", "statement"]);
  const signer = parseHex(key, 32, "key");
  const message = concat(new TextEncoder().encode(`openmai/v1/${tag}\0`), canonicalJson(statement));
  if (expected !== null && toHex(expected) !== toHex(signer)) throw new ProofError("bad-roster", "signed by another key");
  if (!isSignedBy(signer, parseHex(signature, 64, "signature"), message)) throw new ProofError("bad-roster", "signature");
  return { statement, key: signer };
}

export function parseLabel(value: unknown): Label | null {
  if (value === null) return null;
  const { slug, en, zh } = exactKeys(value, ["slug", "en", "zh"]);
  return { slug: parseLabelSlug(slug), en: checkText(en, "label", 1, MAX_LABEL), zh: checkText(zh, "label", 1, MAX_LABEL) };
}

/** Opens the envelope of a roster's statement, already parsed. Throws `bad-roster` or `not-canonical`. */
export function openStatement(envelope: unknown, expected: Uint8Array | null): Opened<RosterStatement> {
  const { statement, key } = openEnvelope(envelope, "roster-statement", expected);
  return { statement: parseStatement(exactKeys(statement, STATEMENT_FIELDS)), key };
}

function parseStatement(fields: Fields): RosterStatement {
  const statement: RosterStatement = {
    site: parseSite(fields.site),
    season: parseSeason(fields.season),
    roster: parseRosterId(fields.roster),
    epoch: parseCount(fields.epoch, "epoch", 1),
    label: parseLabel(fields.label),
    root: parseDecimal(fields.root, "root"),
    size: parseCount(fields.size, "size", 1),
    live: parseCount(fields.live, "live"),
    settled: parseCount(fields.settled, "settled"),
    leaves: isHash(fields.leaves) ? fields.leaves : "",
    paths: isHash(fields.paths) ? fields.paths : "",
    journal: isHash(fields.journal) ? fields.journal : "",
    published: parseDate(fields.published),
  };
  const { size, live, settled, label, roster } = statement;
  // A root of 0 belongs to the empty tree, and the circuit grants it to anybody (threat 2).
  const consistent = statement.root !== 0n && size <= CAPACITY && live <= size && settled <= live && (label?.slug ?? null) === labelSlug(roster);
  if (fields.type !== "openmai/roster/v1" || statement.leaves === "" || statement.paths === "" || statement.journal === "" || !consistent) throw new ProofError("bad-roster", "statement");
  return statement;
}

/** Opens the index, from its bytes. Throws `bad-roster` or `not-canonical`. */
export function openIndex(bytes: Uint8Array, expected: Uint8Array): RosterIndex {
  const { statement } = openEnvelope(parseCanonical(bytes), "roster-index", expected);
  const fields = exactKeys(statement, ["type", "site", "season", "serial", "rosters"]);
  if (fields.type !== "openmai/roster-index/v1" || !Array.isArray(fields.rosters)) throw new ProofError("bad-roster", "index");
  const rosters = fields.rosters.map((entry): IndexEntry => {
    const { roster, epoch, statement: hash } = exactKeys(entry, ["roster", "epoch", "statement"]);
    if (!isHash(hash)) throw new ProofError("bad-roster", "index");
    return { roster: parseRosterId(roster), epoch: parseCount(epoch, "epoch", 1), statement: hash };
  });
  if (rosters.some(({ roster }, i) => i > 0 && roster <= rosters[i - 1]!.roster)) throw new ProofError("bad-roster", "index order");
  return { site: parseSite(fields.site), season: parseSeason(fields.season), serial: parseCount(fields.serial, "serial"), rosters };
}

/** Splits the leaves file and checks it against its statement: hash, length, canonical elements, number of live leaves. */
export function checkLeaves(statement: RosterStatement, data: Uint8Array): bigint[] {
  if (toHex(sha256(data)) !== statement.leaves || data.length !== 32 * statement.size) throw new ProofError("bad-roster", "leaves file");
  const leaves = Array.from({ length: statement.size }, (_, i) => fromBytes(data.subarray(32 * i, 32 * i + 32)));
  const live = leaves.filter((leaf) => leaf !== 0n).length;
  if (live !== statement.live || leaves.some((leaf) => leaf >= R)) throw new ProofError("bad-roster", "leaves");
  return leaves;
}

/** Builds the tree and insists on the statement's root. */
export function checkTree(
  poseidon: Poseidon,
  statement: RosterStatement,
  leaves: readonly bigint[],
  progress: (done: number) => void,
): LeanIMT {
  const tree = LeanIMT.build(poseidon, leaves, progress);
  if (tree.root !== statement.root) throw new ProofError("bad-roster", "root");
  return tree;
}

/** Insists that a statement is the one that the index names, for this site and season. */
export function checkBelongs(statement: RosterStatement, entry: IndexEntry, facts: SiteFacts): void {
  const { site, season, roster, epoch } = statement;
  if (site !== facts.site || season !== facts.season || roster !== entry.roster || epoch !== entry.epoch) {
    throw new ProofError("bad-roster", "another site, season, roster or epoch");
  }
}
