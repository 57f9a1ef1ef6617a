/**
 * Looking behind a proof file (docs/protocol.md §9): the whole crowd of its writer, rebuilt from the log and checked.
 *
 * Nothing but the log is asked for. A roster's leaves and journals follow from it, and the statements that were signed
 * name both by their hashes.
 */
import { circuitInput, Domain } from "../encoding.ts";
import { ENROLMENT_PAIR } from "../enrolment.ts";
import { ProofError } from "../errors.ts";
import { be32, concat, equalBytes, fromBytes } from "../field.ts";
import { verifyBatch, type Claim } from "../groth16.ts";
import type { ClaimName, Crowded, DeepClaimName, DeepVerdict, Progress, Signers } from "../messages.ts";
import { decompress } from "../points.ts";
import type { Poseidon } from "../poseidon.ts";
import { examine, type Examined, type Trust } from "../proof_file.ts";
import { checkLeaves, checkTree, kindOf } from "../rosters.ts";
import { openCheckpoint, originOf, type SignedHead } from "./checkpoint.ts";
import { witnessesOf } from "./evidence.ts";
import { refuse, RosterHistory, type LoggedLeaf, type NamedKey } from "./history.ts";
import { cosignersOf } from "./note.ts";
import { joinHashes, leafHash, nodeHash, subtreesOf, type Head } from "./tree.ts";

export const DEEP_CLAIMS: readonly DeepClaimName[] = ["whole-log", "leaves", "backing", "knowledge", "journals"];

/** Entries; all their hashes are kept in memory. */
const MAX_LOG = 4_194_304;
const WIDTH = 256;
const HASH = 32;
/** Verified together: more would save little, and a failure is looked for among them. */
const BATCH = 128;

/** Where the log comes from. `width` is 256, or less for the last file. */
export interface LogSource {
  checkpoint(): Promise<Uint8Array>;
  entries(index: number, width: number): Promise<Uint8Array>;
}

export interface Listener {
  claim(claim: ClaimName | DeepClaimName): void;
  progress(progress: Progress): void;
}

/** The hashes of a log, taken entry by entry: its tree is computed from them, and from no hash that was sent. */
export class WholeLog {
  /** levels[k] has the hashes over whole spans of 2**k entries. */
  private readonly levels: Uint8Array[] = [];
  private count = 0;

  constructor(readonly size: number) {
    if (size > MAX_LOG) refuse(`the log has ${size} entries; at most ${MAX_LOG} are read here`);
    for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) this.levels.push(new Uint8Array(HASH * rest));
  }

  append(entry: Uint8Array): void {
    let [at, hash]: [number, Uint8Array] = [this.count++, leafHash(entry)];
    for (let level = 0; ; level++) {
      const row = this.levels[level]!;
      row.set(hash, HASH * at);
      if (at % 2 === 0) return;
      hash = nodeHash(row.subarray(HASH * (at - 1), HASH * at), hash);
      at = (at - 1) / 2;
    }
  }

  rootAt(size: number): Uint8Array {
    return joinHashes(subtreesOf(0, size).map(({ level, index }) => this.levels[level]!.subarray(HASH * index, HASH * (index + 1))));
  }

  isAt({ size, root }: Head): boolean {
    return size <= this.count && equalBytes(this.rootAt(size), root);
  }
}

/** The entries of a file, each behind its length in two bytes. */
export function* unpackEntries(data: Uint8Array, width: number): Generator<Uint8Array> {
  let at = 0;
  for (let count = 0; count < width; count++) {
    if (at + 2 > data.length) refuse("a file of the log has fewer entries than its name says");
    const end = at + 2 + data[at]! * 256 + data[at + 1]!;
    if (end > data.length) refuse("a file of the log ends within an entry");
    yield data.subarray(at + 2, end);
    at = end;
  }
  if (at !== data.length) refuse("a file of the log has more entries than its name says");
}

type Rest = NonNullable<Examined["rest"]>;

/** One post's crowd, claim by claim. */
class DeepCheck {
  private readonly history: RosterHistory;
  private whole = new WholeLog(0);
  private members: LoggedLeaf[] = [];

  constructor(
    private readonly rest: Rest,
    private readonly trust: Trust,
    private readonly source: LogSource,
    private readonly poseidon: Poseidon,
    private readonly progress: Listener["progress"],
    private readonly random: () => bigint,
  ) {
    this.history = new RosterHistory(rest.roster, rest.envelope, rest.log.roster.index);
  }

  readonly checks: Readonly<Record<DeepClaimName, () => void | Promise<void>>> = {
    "whole-log": () => this.readLog(),
    leaves: () => this.checkLeaves(),
    backing: () => checkBacking(this.members, kindOf(this.rest.roster.roster) === "provable"),
    knowledge: () => this.checkKnowledge(),
    journals: () => this.history.checkJournals(),
  };

  private async open(): Promise<SignedHead> {
    const { roster, log, signed } = this.rest;
    const head = openCheckpoint(await this.source.checkpoint(), { name: originOf(roster.site), key: log.key });
    if (this.trust.log !== null) cosignersOf(head.note, witnessesOf(this.trust.log), this.trust.log.quorum);
    if (head.size < signed.size) refuse(`the log has ${head.size} entries, and had ${signed.size}`);
    return head;
  }

  private async readLog(): Promise<void> {
    const head = await this.open();
    this.whole = new WholeLog(head.size);
    for (let first = 0; first < head.size; first += WIDTH) {
      const width = Math.min(WIDTH, head.size - first);
      let at = first;
      for (const entry of unpackEntries(await this.source.entries(first / WIDTH, width), width)) {
        this.whole.append(entry);
        this.history.read(at++, entry);
      }
      this.progress({ stage: "log", done: at, total: head.size });
    }
    if (!this.whole.isAt(head)) refuse("the files of the log do not lead to the root that was signed");
    for (const known of [this.rest.joined, this.rest.signed]) if (!this.whole.isAt(known)) refuse("the log has two histories");
  }

  private checkLeaves(): void {
    const places = this.history.leaves();
    const { roster } = this.rest;
    const leaves = checkLeaves(roster, concat(...places.map((leaf) => be32(leaf === null ? 0n : BigInt(leaf.commitment)))));
    checkTree(this.poseidon, roster, leaves, (done) => this.progress({ stage: "hashing", done, total: 1 }));
    this.members = places.filter((leaf) => leaf !== null);
  }

  private async checkKnowledge(): Promise<void> {
    const total = this.members.length;
    for (let done = 0; done < total; done += BATCH) {
      this.progress({ stage: "knowledge", done, total });
      await this.checkBatch(this.members.slice(done, done + BATCH));
    }
  }

  private async checkBatch(members: readonly LoggedLeaf[]): Promise<void> {
    const claims = members.map((leaf) => this.claimOf(leaf));
    if (await verifyBatch(1, claims, this.random)) return;
    for (const [i, claim] of claims.entries()) if (!(await verifyBatch(1, [claim], this.random))) doesNotHold(members[i]!);
    refuse("a batch of proofs of knowledge");
  }

  private claimOf(leaf: LoggedLeaf): Claim {
    const { site, season } = this.rest.roster;
    const { commitment, nullifier, message, proof } = this.history.proofOf(leaf);
    if (commitment === 0n || commitment === ENROLMENT_PAIR) return doesNotHold(leaf);
    const root = this.poseidon.hash(commitment, ENROLMENT_PAIR);
    const signals = { root, nullifier, message: circuitInput(fromBytes(message)), scope: circuitInput(new Domain(site, season).enrolScope()) };
    try {
      return { points: decompress(proof), signals };
    } catch {
      return doesNotHold(leaf);
    }
  }

  get crowd(): Crowded {
    const count = (kind: LoggedLeaf["class"]): number => this.members.filter((leaf) => leaf.class === kind).length;
    const [live, dkim, oidc] = [this.members.length, count("dkim"), count("oidc")];
    return { live, dkim, oidc, word: live - dkim - oidc, entries: this.whole.size, signers: signersOf(this.members, this.history.namedKeys()) };
  }
}

const doesNotHold = ({ index, commitment }: LoggedLeaf): never => refuse(`the proof of knowledge of leaf ${index} (${commitment}) does not hold`);

/** Who publishes a key: the domain, or the issuer. */
const ownerOf = ({ kind, name }: NamedKey): string => (kind === "dkim" ? name.slice(name.lastIndexOf("._domainkey.") + "._domainkey.".length) : name);

/** Whose keys signed, as the log says it; who signed for more leaves comes first. */
export function signersOf(members: readonly LoggedLeaf[], keys: readonly NamedKey[]): Signers {
  const owners = new Map<string, Set<string>>();
  for (const key of keys) {
    const place = `${key.kind} ${key.sha256}`;
    owners.set(place, (owners.get(place) ?? new Set()).add(ownerOf(key)));
  }
  const leaves = new Map<string, number>();
  let unnamed = 0;
  for (const { class: kind, issuer_key } of members) {
    if (issuer_key === null || (kind !== "dkim" && kind !== "oidc")) continue;
    const named = owners.get(`${kind === "dkim" ? "dkim" : "jwks"} ${issuer_key}`);
    if (named === undefined) unnamed += 1;
    for (const owner of named ?? []) leaves.set(owner, (leaves.get(owner) ?? 0) + 1);
  }
  const sorted = [...leaves].sort(([a, many], [b, few]) => few - many || (a < b ? -1 : 1));
  return { owners: sorted.map(([owner]) => owner), unnamed };
}

/** A person who stood there twice, or evidence that served twice, would make the crowd seem larger. */
export function checkBacking(members: readonly LoggedLeaf[], provable: boolean): void {
  const [commitments, digests] = [new Set<string>(), new Set<string>()];
  for (const { index, commitment, class: kind, evidence, issuer_key } of members) {
    const signed = kind === "dkim" || kind === "oidc";
    if (provable && !signed) refuse(`leaf ${index} (${commitment}) stands on the operator's word alone`);
    if (signed && (evidence === null || issuer_key === null)) refuse(`leaf ${index} (${commitment}) names no evidence, or not whose key signed it`);
    if (commitments.has(commitment)) refuse(`leaf ${index} (${commitment}) stands in the roster twice`);
    if (evidence !== null && digests.has(evidence)) refuse(`leaf ${index} (${commitment}) rests on another leaf's evidence`);
    commitments.add(commitment);
    if (evidence !== null) digests.add(evidence);
  }
}

const detailOf = (error: unknown): string => {
  // What could not be fetched is no claim that fell.
  if (error instanceof ProofError && (error.code === "network" || error.code === "server")) throw error;
  return error instanceof ProofError ? error.detail || error.code : "";
};

/**
 * Checks a proof file and then its crowd, and stops at the first claim that falls. Rejects only if the log cannot be
 * fetched. `random` draws 128 unpredictable bits.
 */
export async function verifyDeep(file: Uint8Array, trust: Trust, source: LogSource, poseidon: Poseidon, listener: Listener, random: () => bigint): Promise<DeepVerdict> {
  const { verdict, rest } = await examine(file, trust, (claim) => listener.claim(claim));
  const { failed, detail, post } = verdict;
  if (rest === null) return { failed, detail, post: null, crowd: null };
  const check = new DeepCheck(rest, trust, source, poseidon, (progress) => listener.progress(progress), random);
  for (const claim of DEEP_CLAIMS) {
    try {
      await check.checks[claim]();
    } catch (error) {
      return { failed: claim, detail: detailOf(error), post: null, crowd: null };
    }
    listener.claim(claim);
  }
  return { failed: null, detail: "", post, crowd: check.crowd };
}
