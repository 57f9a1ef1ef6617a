/**
 * The paths file of a roster's epoch: the nodes of level 8, the newest tiles, and a proof of what changed since an earlier
 * epoch (docs/protocol.md §3). It is the same for everybody, and names nobody.
 */
import { sha256 } from "./encoding.ts";
import { ProofError } from "./errors.ts";
import { equalBytes, fromBytes, R, toHex } from "./field.ts";
import { LeanIMT } from "./leanimt.ts";
import type { Poseidon } from "./poseidon.ts";
import type { RosterStatement } from "./rosters.ts";

export const TILE = 256;
const MAGIC = new TextEncoder().encode("openmai/paths/v1");
const [HEADER, ELEMENT, LEVELS, CAPACITY, MAX_BYTES] = [36, 32, 8, 2 ** 20, 196_644];
/** So many epochs before its own a file leads on from, if what changed since fits into so many bytes. */
const [EPOCHS, MAX_CHANGES] = [7, 65_536];
/** What a removal takes at most. */
const PROVED = 8 + ELEMENT + LEVELS * ELEMENT;

/** `leaf` was at `index` until `epoch`; `siblings` are its path inside its tile just before, none where the tile is listed. */
interface Removal {
  readonly index: number;
  readonly epoch: number;
  readonly leaf: bigint;
  readonly siblings: readonly bigint[];
}

interface PathsFile {
  readonly epoch: number;
  readonly size: number;
  /** The earliest epoch that the file leads on from, and its size. */
  readonly since: { readonly epoch: number; readonly size: number };
  readonly nodes: readonly bigint[];
  /** The leaves from `listedFrom` on. */
  readonly listed: readonly bigint[];
  readonly listedFrom: number;
  readonly removals: readonly Removal[];
}

/** An epoch as the device keeps it: how many leaves, how many of them lived, and the nodes of level 8. */
export interface Known {
  readonly epoch: number;
  readonly size: number;
  readonly live: number;
  readonly nodes: readonly bigint[];
}

/** The leaves that went since a known epoch, of those that lived then, and those that came and are there still. */
export interface Step {
  readonly gone: readonly bigint[];
  readonly joined: readonly bigint[];
}

/**
 * Why a file does not lead on from a known epoch. far: that one lies further back than a file has to lead on from ·
 * many: more may have changed since than a file can list · short: the file begins later, though there was room ·
 * altered: the roster changed otherwise than the file says, which no honest site publishes.
 */
export type Gap = "far" | "many" | "short" | "altered";

const refuse = (what: string): never => {
  throw new ProofError("bad-roster", `paths file: ${what}`);
};

/** Takes a file apart from the front. */
class Reader {
  private at = MAGIC.length;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private take(length: number): number {
    const at = this.at;
    if (at + length > this.bytes.length) refuse("shorter than it says");
    this.at += length;
    return at;
  }

  count(): number {
    return this.view.getUint32(this.take(4));
  }

  elements(count: number): bigint[] {
    const at = this.take(count * ELEMENT); // the whole length first: a count that lies must not cost work
    const found = Array.from({ length: count }, (_, i) => fromBytes(this.bytes.subarray(at + ELEMENT * i, at + ELEMENT * (i + 1))));
    if (found.some((element) => element >= R)) refuse("an element is not below the field order");
    return found;
  }

  end(): void {
    if (this.at !== this.bytes.length) refuse("longer than it says");
  }
}

/** Reads a file of exactly this form; nothing is hashed. Throws `bad-roster`. */
export function parsePaths(bytes: Uint8Array): PathsFile {
  if (bytes.length < HEADER || bytes.length > MAX_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) refuse("form");
  const reader = new Reader(bytes);
  const [epoch, size] = [reader.count(), reader.count()];
  const since = { epoch: reader.count(), size: reader.count() };
  const count = reader.count();
  const ordered = epoch >= 1 && size >= 1 && size <= CAPACITY && since.epoch <= epoch && since.size <= size;
  const fits = (since.epoch === 0) === (since.size === 0) && (since.epoch !== epoch || since.size === size);
  if (!ordered || !fits) refuse("numbers");
  const listedFrom = since.size - (since.size % TILE);
  const nodes = reader.elements(Math.ceil(size / TILE));
  const listed = reader.elements(size - listedFrom);
  const removals: Removal[] = [];
  for (let i = 0; i < count; i++) {
    const [index, at] = [reader.count(), reader.count()];
    const leaf = reader.elements(1)[0]!;
    removals.push({ index, epoch: at, leaf, siblings: index < listedFrom ? reader.elements(LEVELS) : [] });
  }
  reader.end();
  const file = { epoch, size, since, nodes, listed, listedFrom, removals };
  checkRemovals(file);
  return file;
}

/** In the order of epoch and place, each place once, inside the file's span, and 0 now. */
function checkRemovals({ epoch, size, since, listed, listedFrom, removals }: PathsFile): void {
  const inside = removals.every((each) => each.epoch > since.epoch && each.epoch <= epoch && each.index < size && each.leaf !== 0n);
  const sorted = removals.every((each, i) => {
    const before = removals[i - 1];
    return before === undefined || before.epoch < each.epoch || (before.epoch === each.epoch && before.index < each.index);
  });
  const once = new Set(removals.map(({ index }) => index)).size === removals.length;
  const empty = removals.every(({ index }) => index < listedFrom || listed[index - listedFrom] === 0n);
  if (!inside || !sorted || !once || !empty) refuse("removals");
}

/** A file that was checked against its statement. */
export class Paths {
  private constructor(
    private readonly poseidon: Poseidon,
    private readonly statement: RosterStatement,
    private readonly file: PathsFile,
    /** For each tile that is not listed the nodes before its removals, with their epochs. */
    private readonly before: ReadonlyMap<number, readonly { readonly epoch: number; readonly node: bigint }[]>,
  ) {}

  get nodes(): readonly bigint[] {
    return this.file.nodes;
  }

  /** Throws `bad-roster` if these are not the bytes that the statement names, or if they contradict it. */
  static check(poseidon: Poseidon, statement: RosterStatement, bytes: Uint8Array): Paths {
    if (toHex(sha256(bytes)) !== statement.paths) refuse("other bytes than its name says");
    const file = parsePaths(bytes);
    if (file.epoch !== statement.epoch || file.size !== statement.size) refuse("of another epoch");
    if (rootOf(poseidon, file.nodes) !== statement.root) refuse("root");
    const paths = new Paths(poseidon, statement, file, nodesBefore(poseidon, file));
    for (let number = file.listedFrom / TILE; number < file.nodes.length; number++) {
      if (rootOf(poseidon, paths.listedTile(number)!) !== file.nodes[number]) refuse("a listed tile");
    }
    return paths;
  }

  private listedTile(number: number): readonly bigint[] | null {
    const start = number * TILE - this.file.listedFrom;
    return start < 0 ? null : this.file.listed.slice(start, start + TILE);
  }

  /** The number of the listed tile that holds `leaf`, or null. */
  find(leaf: bigint): number | null {
    const place = this.file.listed.indexOf(leaf);
    return place < 0 ? null : Math.floor((this.file.listedFrom + place) / TILE);
  }

  /** A tile that was known with these leaves, as it is now; null if it is none of this epoch. */
  tileNow(number: number, leaves: readonly bigint[]): readonly bigint[] | null {
    const gone = new Set(this.file.removals.filter(({ index }) => Math.floor(index / TILE) === number).map(({ index }) => index % TILE));
    const tile = this.listedTile(number) ?? leaves.map((leaf, place) => (gone.has(place) ? 0n : leaf));
    return tile.length > 0 && rootOf(this.poseidon, tile) === this.nodes[number] ? tile : null;
  }

  /** What changed since `known`, or why the file does not lead on from there. */
  step(known: Known): Step | Gap {
    const gap = this.gapTo(known);
    if (gap !== null) return gap;
    const { listed, listedFrom, removals } = this.file;
    if (known.nodes.some((node, number) => node !== this.nodeAt(number, known))) return "altered";
    const gone = removals.filter((each) => each.epoch > known.epoch && each.index < known.size).map(({ leaf }) => leaf);
    const joined = listed.slice(known.size - listedFrom).filter((leaf) => leaf !== 0n);
    return known.live - gone.length + joined.length === this.statement.live ? { gone, joined } : "altered";
  }

  /**
   * Null where the span holds `known`. A file begins at the earliest of the last epochs that leaves it within its limit:
   * one that begins later was made to be of no use to whoever knows that epoch.
   */
  private gapTo(known: Known): Gap | null {
    const { epoch, size, since } = this.file;
    if (known.epoch >= since.epoch) return known.epoch > epoch || known.size < since.size || known.size > size ? "altered" : null;
    if (known.epoch < epoch - EPOCHS) return "far";
    const joined = size - known.size;
    const gone = known.live + joined - this.statement.live;
    if (joined < 0 || gone < 0) return "altered";
    return (joined + (known.size % TILE)) * ELEMENT + gone * PROVED > MAX_CHANGES ? "many" : "short";
  }

  /** The node that a tile had at the end of a known epoch, as this file says. */
  private nodeAt(number: number, known: Known): bigint {
    const tile = this.listedTile(number)?.slice(0, Math.max(0, known.size - number * TILE));
    if (tile === undefined) {
      const later = (this.before.get(number) ?? []).find(({ epoch }) => epoch > known.epoch);
      return later?.node ?? this.nodes[number]!;
    }
    for (const { index, epoch, leaf } of this.file.removals) {
      if (epoch > known.epoch && Math.floor(index / TILE) === number && index < known.size) tile[index % TILE] = leaf;
    }
    return rootOf(this.poseidon, tile);
  }
}

const rootOf = (poseidon: Poseidon, leaves: readonly bigint[]): bigint => LeanIMT.build(poseidon, leaves).root;

/** The node of the tile of a removal with `leaf` in its place. */
function nodeWith(poseidon: Poseidon, { index, siblings }: Removal, leaf: bigint): bigint {
  let node = poseidon.toNode(leaf);
  siblings.forEach((sibling, level) => {
    const other = poseidon.toNode(sibling);
    node = (index >> level) & 1 ? poseidon.hashNodes(other, node) : poseidon.hashNodes(node, other);
  });
  return poseidon.fromNode(node);
}

/** What the tiles that are not listed were before each removal; each must follow from the one before, and end as it is now. */
function nodesBefore(poseidon: Poseidon, { nodes, removals }: PathsFile): Map<number, { epoch: number; node: bigint }[]> {
  const before = new Map<number, { epoch: number; node: bigint }[]>();
  const now = new Map<number, bigint>();
  for (const removal of removals.filter(({ siblings }) => siblings.length > 0)) {
    const number = Math.floor(removal.index / TILE);
    const node = nodeWith(poseidon, removal, removal.leaf);
    if ((now.get(number) ?? node) !== node) refuse("a removal does not follow from the one before");
    before.set(number, [...(before.get(number) ?? []), { epoch: removal.epoch, node }]);
    now.set(number, nodeWith(poseidon, removal, 0n));
  }
  for (const [number, node] of now) if (node !== nodes[number]) refuse("a removal does not lead to the node of its tile");
  return before;
}
