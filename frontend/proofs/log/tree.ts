/**
 * Merkle trees of RFC 6962 §2.1, and their proofs as RFC 9162 §2.1.3 and §2.1.4 check them.
 *
 * Sizes and indexes are ordinary numbers: whole, and below 2**53. Bit operations would cut them to 32 bits, so there are none.
 */
import { sha256 } from "../encoding.ts";
import { concat, equalBytes } from "../field.ts";

export type Hash = Uint8Array<ArrayBuffer>;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const leafHash = (entry: Uint8Array): Hash => sha256(concat(LEAF, entry));
export const nodeHash = (left: Uint8Array, right: Uint8Array): Hash => sha256(concat(NODE, left, right));

const isOdd = (number: number): boolean => number % 2 === 1;
const half = (number: number): number => Math.floor(number / 2);

/** A perfect subtree: its 2**level leaves begin with leaf index · 2**level. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** The greatest power of two below `size`, which is at least 2. */
function split(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** The perfect subtrees, from left to right, that make up the leaves from `first` to before `end`; `first` is where a node of that tree may begin. */
export function subtreesOf(first: number, end: number): Subtree[] {
  const found: Subtree[] = [];
  for (let start = first; start < end; ) {
    let [level, size] = [0, 1];
    while (size * 2 <= end - start) [level, size] = [level + 1, size * 2];
    found.push({ level, index: start / size });
    start += size;
  }
  return found;
}

/** The hash over subtrees of falling size, as RFC 6962 joins them: from the right. */
export function joinHashes(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return sha256(new Uint8Array());
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** Looks up the hash over the leaves from `first` to before `end`. */
export type RangeHash = (first: number, end: number) => Promise<Uint8Array>;

/** The consistency proof between the first `old` leaves and all `size` of them (RFC 9162 §2.1.4.1). */
export async function consistencyPath(old: number, size: number, hashOf: RangeHash): Promise<Uint8Array[]> {
  const walk = async (count: number, first: number, end: number, isOldRoot: boolean): Promise<Uint8Array[]> => {
    if (count === end - first) return isOldRoot ? [] : [await hashOf(first, end)];
    const middle = first + split(end - first);
    if (first + count <= middle) return [...(await walk(count, first, middle, isOldRoot)), await hashOf(middle, end)];
    return [...(await walk(first + count - middle, middle, end, false)), await hashOf(first, middle)];
  };
  return old === 0 ? [] : walk(old, 0, size, true);
}

/** The inclusion proof of leaf `index` among `size` (RFC 9162 §2.1.3.1). */
export async function inclusionPath(index: number, size: number, hashOf: RangeHash): Promise<Uint8Array[]> {
  const walk = async (first: number, end: number): Promise<Uint8Array[]> => {
    if (end - first === 1) return [];
    const middle = first + split(end - first);
    if (index < middle) return [...(await walk(first, middle)), await hashOf(middle, end)];
    return [...(await walk(middle, end)), await hashOf(first, middle)];
  };
  return walk(0, size);
}

/** Whether `path` shows that the leaf with this hash is number `index` of the `size` under `root`. */
export function isIncluded(proof: { leaf: Uint8Array; index: number; size: number; path: readonly Uint8Array[]; root: Uint8Array }): boolean {
  if (proof.index < 0 || proof.index >= proof.size) return false;
  let [node, last, hash] = [proof.index, proof.size - 1, proof.leaf];
  for (const sibling of proof.path) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else hash = nodeHash(hash, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalBytes(hash, proof.root);
}

const isPowerOfTwo = (number: number): boolean => 2 ** Math.round(Math.log2(number)) === number;

export interface Head {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Whether `path` shows that the tree of `old` is the beginning of the tree of `next`. */
export function isConsistent(old: Head, next: Head, path: readonly Uint8Array[]): boolean {
  if (old.size < 1 || old.size > next.size) return false;
  if (old.size === next.size) return path.length === 0 && equalBytes(old.root, next.root);
  const [seed, ...rest] = isPowerOfTwo(old.size) ? [old.root, ...path] : path;
  if (seed === undefined) return false;
  let [node, last] = [old.size - 1, next.size - 1];
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  let [oldHash, newHash] = [seed, seed];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      [oldHash, newHash] = [nodeHash(sibling, oldHash), nodeHash(sibling, newHash)];
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else newHash = nodeHash(newHash, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalBytes(oldHash, old.root) && equalBytes(newHash, next.root);
}
