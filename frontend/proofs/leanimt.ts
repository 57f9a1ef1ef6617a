/** The LeanIMT of Semaphore v4: a node without a right sibling is its left child, unchanged. */
import type { Node, Poseidon } from "./poseidon.ts";

/** Semaphore's compact form: only the siblings that exist; bit i of `index` says on which side sibling i stands. */
export interface MerklePath {
  readonly root: bigint;
  readonly leaf: bigint;
  readonly index: number;
  readonly siblings: readonly bigint[];
}

export class LeanIMT {
  private constructor(
    private readonly poseidon: Poseidon,
    /** levels[0] are the leaves, the last level is the root alone. */
    private readonly levels: readonly (readonly Node[])[],
  ) {}

  /**
   * Builds the tree over `leaves`, n − 1 hashes for n leaves. `progress` is told the share of leaves hashed, 0 to 1.
   * Throws RangeError without leaves: the empty tree has no root that anyone should prove under.
   */
  static build(poseidon: Poseidon, leaves: readonly bigint[], progress: (done: number) => void = () => {}): LeanIMT {
    if (leaves.length === 0) throw new RangeError("a roster without leaves");
    let level: Node[] = leaves.map((leaf) => poseidon.toNode(leaf));
    const levels = [level];
    let hashed = 0;
    while (level.length > 1) {
      const next: Node[] = [];
      for (let i = 0; i + 1 < level.length; i += 2) {
        next.push(poseidon.hashNodes(level[i]!, level[i + 1]!));
        if (++hashed % 1024 === 0) progress(hashed / leaves.length);
      }
      if (level.length % 2 === 1) next.push(level.at(-1)!);
      levels.push(next);
      level = next;
    }
    progress(1);
    return new LeanIMT(poseidon, levels);
  }

  /** The nodes of level 8, one for each tile of 256 leaves. */
  tileRoots(): bigint[] {
    return this.levels[Math.min(8, this.levels.length - 1)]!.map((node) => this.poseidon.fromNode(node));
  }

  get root(): bigint {
    return this.poseidon.fromNode(this.levels.at(-1)![0]!);
  }

  /** The path from leaf `position` to the root. */
  path(position: number): MerklePath {
    const leaf = this.levels[0]![position];
    if (leaf === undefined) throw new RangeError(`no leaf at ${position}`);
    const siblings: bigint[] = [];
    let [at, index] = [position, 0];
    for (const level of this.levels.slice(0, -1)) {
      const sibling = level[at ^ 1];
      if (sibling !== undefined) {
        if (at & 1) index |= 1 << siblings.length;
        siblings.push(this.poseidon.fromNode(sibling));
      }
      at >>= 1;
    }
    return { root: this.root, leaf: this.poseidon.fromNode(leaf), index, siblings };
  }
}
