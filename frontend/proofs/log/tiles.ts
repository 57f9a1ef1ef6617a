/**
 * The log as tiles (C2SP tlog-tiles): every hash that is handed out has been checked against the root.
 *
 * Only whole tiles are asked for, so that what a client asks says nothing of the entry that it looks for.
 */
import { concat, equalBytes } from "../field.ts";
import { ProofError } from "../errors.ts";
import { consistencyPath, inclusionPath, joinHashes, subtreesOf, type Head } from "./tree.ts";

const HEIGHT = 8;
const WIDTH = 2 ** HEIGHT;
const HASH = 32;

export interface Tile {
  /** 0 for the tile over leaves. */
  readonly level: number;
  readonly index: number;
  /** Hashes: 256, or fewer for a tile at the right edge of the tree. */
  readonly width: number;
}

export const isFull = ({ width }: Tile): boolean => width === WIDTH;

/** Where a tile lies below the log's address. */
export const tilePath = ({ level, index, width }: Tile): string => pathOf(String(level), index, width);

/** Where a file of entries lies below the log's address. */
export const entriesPath = (index: number, width: number): string => pathOf("entries", index, width);

function pathOf(kind: string, index: number, width: number): string {
  const groups = [String(index % 1000).padStart(3, "0")];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  return `tile/${kind}/${groups.join("/")}${width === WIDTH ? "" : `.p/${width}`}`;
}

/** Where tiles come from. `asked` may come from a cache; `again` must not. */
export interface TileSource {
  asked(tile: Tile): Promise<Uint8Array>;
  again(tile: Tile): Promise<Uint8Array>;
  /** Told of a full tile that was found to belong to the tree. */
  keep(tile: Tile, bytes: Uint8Array): Promise<void>;
}

function refuse(tile: Tile): never {
  throw new ProofError("log-altered", "", { tile: tilePath(tile) });
}

const hashAt = (tile: Uint8Array, place: number): Uint8Array => tile.subarray(HASH * place, HASH * (place + 1));

/** The hash over `count` hashes of a tile from `start` on; `count` is a power of two. */
const hashOver = (tile: Uint8Array, start: number, count: number): Uint8Array => {
  if (count === 1) return hashAt(tile, start);
  return joinHashes([hashOver(tile, start, count / 2), hashOver(tile, start + count / 2, count / 2)]);
};

/** The incomplete tiles of a tree of this size, one a level at most: its root is made of exactly their hashes. */
function edgesOf(size: number): Tile[] {
  const edges: Tile[] = [];
  for (let [level, hashes] = [0, size]; hashes > 0; [level, hashes] = [level + 1, Math.floor(hashes / WIDTH)]) {
    if (hashes % WIDTH > 0) edges.push({ level, index: Math.floor(hashes / WIDTH), width: hashes % WIDTH });
  }
  return edges;
}

export class TileTree {
  private readonly tiles = new Map<string, Promise<Uint8Array>>();

  private constructor(
    readonly head: Head,
    private readonly source: TileSource,
  ) {}

  /** The tree under a head that was signed. Throws `log-altered` if the tiles at its edge make up another root. */
  static async open(head: Head, source: TileSource): Promise<TileTree> {
    const tree = new TileTree(head, source);
    const edges = edgesOf(head.size);
    const bytes = await Promise.all(edges.map((tile) => source.asked(tile)));
    edges.forEach((tile, i) => {
      if (bytes[i]!.length !== HASH * tile.width) refuse(tile);
      tree.tiles.set(`${tile.level}/${tile.index}`, Promise.resolve(bytes[i]!));
    });
    const root = await tree.hashOf(0, head.size);
    if (!equalBytes(root, head.root)) throw new ProofError("log-altered", "", { tile: edges.map(tilePath).join(", ") });
    return tree;
  }

  /** A tile of the tree, checked. Those at the edge are there from the beginning, the others hang from the level above. */
  private tile(level: number, index: number): Promise<Uint8Array> {
    const name = `${level}/${index}`;
    const known = this.tiles.get(name);
    if (known !== undefined) return known;
    const loading = this.load({ level, index, width: WIDTH });
    this.tiles.set(name, loading);
    loading.catch(() => this.tiles.delete(name));
    return loading;
  }

  private async load(tile: Tile): Promise<Uint8Array> {
    const parent = await this.tile(tile.level + 1, Math.floor(tile.index / WIDTH));
    const expected = hashAt(parent, tile.index % WIDTH);
    const holds = (bytes: Uint8Array): boolean => bytes.length === HASH * WIDTH && equalBytes(hashOver(bytes, 0, WIDTH), expected);
    let bytes = await this.source.asked(tile);
    if (!holds(bytes)) bytes = await this.source.again(tile);
    if (!holds(bytes)) refuse(tile);
    await this.source.keep(tile, bytes);
    return bytes;
  }

  private async subtree(level: number, index: number): Promise<Uint8Array> {
    const [row, count] = [Math.floor(level / HEIGHT), 2 ** (level % HEIGHT)];
    const first = index * count;
    return hashOver(await this.tile(row, Math.floor(first / WIDTH)), first % WIDTH, count);
  }

  /** The hash over the leaves from `first` to before `end`. */
  readonly hashOf = async (first: number, end: number): Promise<Uint8Array> => {
    if (end > this.head.size) throw new RangeError("beyond the tree");
    const hashes: Uint8Array[] = [];
    for (const { level, index } of subtreesOf(first, end)) hashes.push(await this.subtree(level, index));
    return joinHashes(hashes);
  };

  /** The hash of one leaf. */
  leaf(index: number): Promise<Uint8Array> {
    return this.hashOf(index, index + 1);
  }

  /** The root that this log had when it held `size` entries: what an older head must have said. */
  rootAt(size: number): Promise<Uint8Array> {
    return this.hashOf(0, size);
  }

  consistency(old: number): Promise<Uint8Array[]> {
    return consistencyPath(old, this.head.size, this.hashOf);
  }

  inclusion(index: number): Promise<Uint8Array[]> {
    return inclusionPath(index, this.head.size, this.hashOf);
  }
}

/** Cuts the beginning out of a full tile, where the partial one is no longer served. */
export const cutTile = (full: Uint8Array, width: number): Uint8Array => concat(full.subarray(0, HASH * width));
