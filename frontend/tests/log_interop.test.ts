/** The browser's log is the Python package's log (`tests/anonymity/log_vectors.py`). */
import { describe, expect, test } from "vitest";
import { canonicalJson, sha256 } from "../proofs/encoding.ts";
import { parseHex, toHex } from "../proofs/field.ts";
import { carried, openCheckpoint, parseCarried } from "../proofs/log/checkpoint.ts";
import { rosterLeaf } from "../proofs/log/entries.ts";
import { cosignatureOf, parseVerifierKey, verifierKey } from "../proofs/log/note.ts";
import { tilePath, TileTree, type Tile } from "../proofs/log/tiles.ts";
import { isConsistent, isIncluded, leafHash } from "../proofs/log/tree.ts";
import { openStatement } from "../proofs/rosters.ts";
import { TestLog } from "./log.ts";
import vectors from "./log_vectors.json";

const utf8 = new TextEncoder();
const log = TestLog.of("openmai.example", 700);
const unhex = (text: string): Uint8Array => parseHex(text, 32, "hash");
const rows = <T extends unknown[]>(value: unknown): T[] => value as T[];

describe("trees and tiles", () => {
  test.each(rows<[number, string]>(vectors.sizes))("the root of %i entries", (size, root) => {
    expect(toHex(log.root(size))).toBe(root);
  });

  test.each(rows<[number, number, string[]]>(vectors.inclusion))("entry %i in %i", (index, size, path) => {
    expect(isIncluded({ leaf: leafHash(log.entries[index]!), index, size, path: path.map(unhex), root: log.root(size) })).toBe(true);
  });

  test.each(rows<[number, number, string[]]>(vectors.consistency).filter(([old]) => old > 0))("%i before %i", (old, size, path) => {
    expect(isConsistent({ size: old, root: log.root(old) }, { size, root: log.root(size) }, path.map(unhex))).toBe(true);
  });

  test("lie where they lie there", () => {
    for (const [level, index, width, path] of rows<[number | null, number, number, string]>(vectors.paths)) {
      if (level !== null) expect(tilePath({ level, index, width })).toBe(path);
    }
  });

  test("hold what they hold there", async () => {
    const tiles = new Map(Object.entries(vectors.tiles));
    const own = log.files();
    for (const [path, hex] of tiles) if (!path.startsWith("tile/entries")) expect(toHex(own.get(`/log/${path}`)!)).toBe(hex);
    const asked = (tile: Tile): Promise<Uint8Array> => Promise.resolve(own.get(`/log/${tilePath(tile)}`)!);
    const tree = await TileTree.open(parseCarried(vectors.head), { asked, again: asked, keep: () => Promise.resolve() });
    expect(toHex(await tree.leaf(0))).toBe(vectors.leaf);
    for (const [index, size, path] of rows<[number, number, string[]]>(vectors.inclusion).filter(([, size]) => size === 700)) expect([size, (await tree.inclusion(index)).map(toHex)]).toEqual([700, path]);
    for (const [old, size, path] of rows<[number, number, string[]]>(vectors.consistency).filter(([, size]) => size === 700)) expect([size, (await tree.consistency(old)).map(toHex)]).toEqual([700, path]);
  });
});

describe("checkpoints", () => {
  const [key, witness] = [parseVerifierKey(vectors.log_key, 1), parseVerifierKey(vectors.witness_key, 4)];

  test("are opened by the key that is written there", () => {
    expect([verifierKey(key, 1), verifierKey(witness, 4)]).toEqual([vectors.log_key, vectors.witness_key]);
    const head = openCheckpoint(utf8.encode(vectors.checkpoint), key);
    expect(carried(head)).toBe(vectors.head);
    expect(cosignatureOf(head.note, witness)).toBe("absent");
    expect(cosignatureOf(openCheckpoint(utf8.encode(vectors.cosigned), key).note, witness)).toBe("holds");
    expect(carried(openCheckpoint(utf8.encode(vectors.forked), key))).not.toBe(vectors.head);
  });

  test.each([
    ["of another kind", vectors.log_key, 4],
    ["with another id", vectors.log_key.replace(/\+[0-9a-f]{8}\+/, "+00000000+"), 1],
    ["without a name", vectors.log_key.slice(vectors.log_key.indexOf("+")), 1],
    ["that is none", 5, 1],
  ] as [string, unknown, 1 | 4][])("are not opened by a key %s", (_what, text, kind) => {
    expect(() => parseVerifierKey(text, kind)).toThrow(/log-malformed/);
  });
});

test("the entry of a roster follows from its statement", () => {
  const entry = vectors.entries.find((each) => each.includes("openmai/log/roster/v1"))!;
  const { envelope, statement } = JSON.parse(entry) as { envelope: unknown; statement: string };
  expect(toHex(sha256(canonicalJson(envelope)))).toBe(statement);
  expect(rosterLeaf(openStatement(envelope, null).statement, envelope)).toEqual(leafHash(utf8.encode(entry)));
});
