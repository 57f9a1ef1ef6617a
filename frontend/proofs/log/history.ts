/** One roster as the log tells it: its epochs, who came and went with each, and their proofs of knowledge. */
import { canonicalJson, sha256 } from "../encoding.ts";
import { ProofError } from "../errors.ts";
import { parseDecimal, parseHex, toHex } from "../field.ts";
import { openStatement, type RosterStatement } from "../rosters.ts";
import { exactKeys, parseCanonical, parseCount, parseRosterId, type Fields } from "../schema.ts";

// Only a field can look so: inside a text of canonical JSON the quotes would be escaped.
const KIND = /"type":"openmai\/log\/(enrolment|leaf|observation|removal|replacement|roster)\/v1"/;
const COMMITMENT = /^\{"commitment":"(0|[1-9][0-9]{0,76})",/;
const PLACE = ["type", "site", "season"] as const;
const ENROLMENT = ["commitment", "nullifier", "message", "proof"] as const;
const LEAF = ["index", "commitment", "class", "evidence", "issuer_key"] as const;
const KEY = ["kind", "name", "sha256"] as const;
/** Where the world finds a key: a name in the DNS, or the issuer whose JWKS has it. */
const KEY_NAMES: Readonly<Record<string, RegExp>> = { dkim: /^(?=.{1,255}$)[a-z0-9._-]+\._domainkey\.[a-z0-9._-]+$/, jwks: /^(?=.{1,255}$)https?:\/\/[!-~]+$/ };
const CLASSES: readonly unknown[] = ["dkim", "oidc", "badge", "code"];

const utf8 = new TextDecoder();

export type Evidence = "dkim" | "oidc" | "badge" | "code";

/** A leaf as it was logged. */
export interface LoggedLeaf {
  readonly index: number;
  readonly commitment: string;
  readonly class: Evidence;
  readonly evidence: string | null;
  readonly issuer_key: string | null;
}

/** A key behind leaves, named as it is published. */
export interface NamedKey {
  readonly kind: "dkim" | "jwks";
  readonly name: string;
  readonly sha256: string;
}

/** A proof of knowledge as it was logged. */
export interface LoggedProof {
  readonly commitment: bigint;
  readonly nullifier: bigint;
  readonly message: Uint8Array;
  readonly proof: Uint8Array;
}

interface Epoch {
  readonly statement: RosterStatement;
  /** SHA-256 of the signed envelope. */
  readonly name: string;
  readonly joined: readonly LoggedLeaf[];
  readonly removed: readonly number[];
  readonly keys: readonly NamedKey[];
}

interface Changes {
  readonly joined: LoggedLeaf[];
  readonly removed: number[];
}

export const refuse = (detail: string): never => {
  throw new ProofError("log-malformed", detail);
};

function hexOrNull(value: unknown, name: string): string | null {
  return value === null ? null : toHex(parseHex(value, 32, name));
}

function leafOf(fields: Fields): LoggedLeaf {
  if (!CLASSES.includes(fields["class"])) return refuse("a leaf's class");
  if (parseDecimal(fields["commitment"], "commitment") === 0n) return refuse("a leaf of 0");
  return {
    index: parseCount(fields["index"], "index"),
    commitment: fields["commitment"] as string,
    class: fields["class"] as Evidence,
    evidence: hexOrNull(fields["evidence"], "evidence"),
    issuer_key: hexOrNull(fields["issuer_key"], "issuer key"),
  };
}

function keyOf({ kind, name, sha256: digest }: Fields): NamedKey {
  const form = kind === "dkim" || kind === "jwks" ? KEY_NAMES[kind] : undefined;
  if (form === undefined || typeof name !== "string" || !form.test(name)) return refuse("a key's name");
  return { kind: kind as NamedKey["kind"], name, sha256: toHex(parseHex(digest, 32, "sha256")) };
}

/** As Python sorts them: all of it is ASCII. */
const inOrder = (a: NamedKey, b: NamedKey): number => {
  const [first, second] = [a, b].map(({ kind, name, sha256: digest }) => `${kind}\n${name}\n${digest}`) as [string, string];
  return first < second ? -1 : Number(first > second);
};

/** Reads a log's entries in their order; the post rests on the epoch whose entry stands at `index`. */
export class RosterHistory {
  private readonly proofs = new Map<string, Uint8Array>();
  private readonly changes = new Map<number, Changes>();
  /** The lost key of each new one. */
  private readonly replaced = new Map<string, string>();
  private readonly keys = new Map<number, NamedKey[]>();
  private readonly statements = new Map<number, { readonly statement: RosterStatement; readonly name: string }>();

  constructor(
    private readonly statement: RosterStatement,
    private readonly envelope: unknown,
    private readonly index: number,
  ) {}

  /** Reads the entry at `at`. Only what bears on the roster is parsed. */
  read(at: number, entry: Uint8Array): void {
    const text = utf8.decode(entry);
    const { season, roster } = this.statement;
    const kind = KIND.exec(text)?.[1];
    if (kind === undefined || !text.includes(`"season":"${season}"`)) return;
    if (kind === "enrolment") this.keepProof(at, text, entry);
    else if (kind === "replacement") this.keepReplacement(entry);
    else if (text.includes(`"roster":"${roster}"`)) this.keepChange(at, entry);
  }

  private keepProof(at: number, text: string, entry: Uint8Array): void {
    const commitment = COMMITMENT.exec(text)?.[1];
    if (commitment === undefined || at > this.index) return;
    if (this.proofs.has(commitment)) refuse("a commitment is enrolled twice");
    this.proofs.set(commitment, entry);
  }

  /** Logged once, behind the roster that brought it: its place says nothing. */
  private keepReplacement(entry: Uint8Array): void {
    const fields = exactKeys(parseCanonical(entry), [...PLACE, "old", "new"]);
    const { site, season } = this.statement;
    if (fields["site"] !== site || fields["season"] !== season) return;
    this.replaced.set(parseDecimal(fields["new"], "new").toString(), parseDecimal(fields["old"], "old").toString());
  }

  private keepChange(at: number, entry: Uint8Array): void {
    const { site, season, roster } = this.statement;
    const fields = parseCanonical(entry) as Fields;
    if (fields["site"] !== site || fields["season"] !== season || fields["roster"] !== roster) return;
    const epoch = parseCount(fields["epoch"], "epoch", 1);
    if (fields["type"] === "openmai/log/roster/v1") return this.keepStatement(epoch, fields);
    if (fields["type"] === "openmai/log/observation/v1") return this.keepKey(epoch, fields);
    if (at >= this.index) return;
    const changes = this.changes.get(epoch) ?? { joined: [], removed: [] };
    this.changes.set(epoch, changes);
    if (fields["type"] === "openmai/log/leaf/v1") changes.joined.push(leafOf(exactKeys(fields, [...PLACE, "roster", "epoch", ...LEAF])));
    else if (fields["type"] === "openmai/log/removal/v1") changes.removed.push(parseCount(exactKeys(fields, [...PLACE, "roster", "epoch", "index"])["index"], "index"));
  }

  /** Logged behind the rosters of its addition. */
  private keepKey(epoch: number, fields: Fields): void {
    const named = this.keys.get(epoch) ?? [];
    this.keys.set(epoch, named);
    named.push(keyOf(exactKeys(fields, [...PLACE, "roster", "epoch", ...KEY])));
  }

  private keepStatement(epoch: number, fields: Fields): void {
    const { envelope, roster } = exactKeys(fields, [...PLACE, "roster", "epoch", "root", "statement", "envelope"]);
    const { statement } = openStatement(envelope, null);
    const same = statement.site === this.statement.site && statement.season === this.statement.season && statement.roster === parseRosterId(roster) && statement.epoch === epoch;
    if (!same) refuse("an entry is not about the roster that was signed");
    if (this.statements.has(epoch)) refuse("an epoch is named twice");
    this.statements.set(epoch, { statement, name: toHex(sha256(canonicalJson(envelope))) });
  }

  /** All epochs up to the post's, in their order. */
  private epochs(): Epoch[] {
    const last = this.statement.epoch;
    for (const epoch of this.changes.keys()) if (epoch <= last && !this.statements.has(epoch)) refuse("leaves of an epoch that is not named");
    const found = [...this.statements].filter(([epoch]) => epoch <= last).sort(([a], [b]) => a - b);
    const epochs = found.map(([epoch, signed]) => {
      const { joined, removed } = this.changes.get(epoch) ?? { joined: [], removed: [] };
      return { ...signed, joined: joined.toSorted((a, b) => a.index - b.index), removed: removed.toSorted((a, b) => a - b), keys: (this.keys.get(epoch) ?? []).toSorted(inOrder) };
    });
    if (epochs.at(-1)?.name !== toHex(sha256(canonicalJson(this.envelope)))) refuse("the log does not name the roster that the post rests on");
    return epochs;
  }

  /** The keys that were named with the epochs up to the post's. */
  namedKeys(): NamedKey[] {
    return this.epochs().flatMap(({ keys }) => keys);
  }

  /** The leaves of the epoch, 0 where somebody went, as they were logged. */
  leaves(): (LoggedLeaf | null)[] {
    const leaves: (LoggedLeaf | null)[] = [];
    for (const { joined, removed } of this.epochs()) {
      for (const leaf of joined) {
        if (leaf.index > leaves.length) refuse(`the log has no entry for leaf ${leaves.length}`);
        if (leaf.index < leaves.length) refuse(`leaf ${leaf.index} stands where it cannot be`);
        leaves.push(leaf);
      }
      for (const index of removed) {
        if ((leaves[index] ?? null) === null) refuse(`leaf ${index} was removed and is not there`);
        leaves[index] = null;
      }
    }
    if (leaves.length < this.statement.size) refuse(`the log has no entry for leaf ${leaves.length}`);
    return leaves;
  }

  /** The logged proof of knowledge of a leaf. */
  proofOf({ index, commitment }: LoggedLeaf): LoggedProof {
    const fields = this.proofFields(index, commitment);
    return {
      commitment: parseDecimal(fields["commitment"], "commitment"),
      nullifier: parseDecimal(fields["nullifier"], "nullifier"),
      message: parseHex(fields["message"], 32, "message"),
      proof: parseHex(fields["proof"], 128, "proof"),
    };
  }

  private proofFields(index: number, commitment: string): Fields {
    const entry = this.proofs.get(commitment);
    if (entry === undefined) return refuse(`the log has no proof of knowledge for leaf ${index} (${commitment})`);
    const fields = exactKeys(parseCanonical(entry), [...PLACE, ...ENROLMENT]);
    const { site, season } = this.statement;
    return fields["site"] === site && fields["season"] === season && fields["type"] === "openmai/log/enrolment/v1" ? fields : refuse(`the proof of knowledge for leaf ${index} is another site's`);
  }

  /** Each epoch's journal, put together from the log, must be the one that was signed. */
  checkJournals(): void {
    let previous: string | null = null;
    for (const { statement, name, joined, removed, keys } of this.epochs()) {
      const { site, season, roster, epoch } = statement;
      const sorted = joined.map(({ index, commitment }) => ({ index, commitment, number: BigInt(commitment) })).sort((a, b) => (a.number < b.number ? -1 : 1));
      const enrolments = sorted.map((leaf) => {
        const { commitment, nullifier, message, proof } = this.proofFields(leaf.index, leaf.commitment);
        return { commitment, nullifier, message, proof };
      });
      const found = sorted.flatMap(({ commitment }) => (this.replaced.has(commitment) ? [{ old: this.replaced.get(commitment)!, new: commitment }] : []));
      const replaced = found.sort((a, b) => (BigInt(a.old) < BigInt(b.old) ? -1 : 1));
      const journal = canonicalJson({ type: "openmai/roster-journal/v1", site, season, roster, epoch, previous, joined, removed, enrolments, replaced, ...(keys.length === 0 ? {} : { keys }) });
      if (toHex(sha256(journal)) !== statement.journal) refuse(`what the log says of epoch ${epoch} is not what the operator signed for it`);
      previous = name;
    }
  }
}
