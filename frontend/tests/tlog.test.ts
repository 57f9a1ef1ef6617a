/**
 * The log's formats, against what others have published: the vectors of the Certificate Transparency reference
 * implementation, proofs of Google's Argon 2020 log and paths from Go's tlog, notes of Go's sumdb and of C2SP, and a
 * checkpoint of a public staging log with the cosignatures of its witnesses.
 */
import { describe, expect, test } from "vitest";
import { equalBytes, parseHex, toHex } from "../proofs/field.ts";
import { carried, openCheckpoint, parseCarried } from "../proofs/log/checkpoint.ts";
import { cosignatureOf, fromBase64, isNoteSignedBy, keyIdOf, parseNote, toBase64, type NamedKey } from "../proofs/log/note.ts";
import { tilePath, TileTree, type Tile } from "../proofs/log/tiles.ts";
import { consistencyPath, inclusionPath, isConsistent, isIncluded, joinHashes, leafHash } from "../proofs/log/tree.ts";
import { cosign, line, signerOf, TestLog } from "./log.ts";
import published from "./tlog_vectors.json";

const utf8 = new TextEncoder();
const base64 = (text: string): Uint8Array => fromBase64(text, "vector");
const unhex = (text: string): Uint8Array<ArrayBuffer> => parseHex(text, text.length / 2, "vector");

/** A verifier key as C2SP writes it: `<name>+<key id>+<base64 of kind and key>`. */
function vkey(text: string): NamedKey & { keyId: string; kind: 1 | 4 } {
  const [name, keyId, ...material] = text.split("+");
  const bytes = base64(material.join("+"));
  return { name: name!, keyId: keyId!, kind: bytes[0] as 1 | 4, key: bytes.subarray(1) };
}

describe("the vectors of the Certificate Transparency reference implementation", () => {
  const { leaves, roots, inclusion, consistency } = published.certificate_transparency;
  const log = new TestLog(signerOf("x", 1));
  for (const leaf of leaves) log.append(unhex(leaf));
  const hashOf = (first: number, end: number): Promise<Uint8Array> => Promise.resolve(log.hashOf(first, end));

  test("roots of no leaf to eight", () => {
    expect(toHex(joinHashes([]))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(leaves.map((_, i) => toHex(log.root(i + 1)))).toEqual(roots);
  });

  test.each(inclusion)("inclusion of leaf %i in %i", async (index, size, path) => {
    expect((await inclusionPath(index as number, size as number, hashOf)).map(toHex)).toEqual(path);
    const proof = { leaf: leafHash(log.entries[index as number]!), index: index as number, size: size as number, path: (path as string[]).map(unhex), root: unhex(roots[(size as number) - 1]!) };
    expect(isIncluded(proof)).toBe(true);
  });

  test.each(consistency)("consistency of %i with %i", async (old, size, path) => {
    expect((await consistencyPath(old as number, size as number, hashOf)).map(toHex)).toEqual(path);
    const head = (n: number) => ({ size: n, root: unhex(roots[n - 1]!) });
    expect(isConsistent(head(old as number), head(size as number), (path as string[]).map(unhex))).toBe(true);
  });
});

describe("proofs of a real log of 961,984,013 entries", () => {
  const { sth, entry, inclusion, consistency } = published.argon2020;
  const head = { size: sth.tree_size, root: base64(sth.sha256_root_hash) };

  test("an entry is included, at its place and at no other", () => {
    const proof = { leaf: leafHash(base64(entry)), index: inclusion.leaf_index, size: head.size, path: inclusion.audit_path.map(base64), root: head.root };
    expect(isIncluded(proof)).toBe(true);
    expect(isIncluded({ ...proof, index: proof.index + 1 })).toBe(false);
    expect(isIncluded({ ...proof, size: proof.size - 1 })).toBe(isIncluded({ ...proof, size: proof.size + 1 }));
  });

  test("an older head is consistent, and no other is", () => {
    const path = consistency.path.map(base64);
    const old = { size: consistency.first, root: base64(consistency.first_root) };
    expect(isConsistent(old, head, path)).toBe(true);
    expect(isConsistent({ ...old, size: old.size + 1 }, head, path)).toBe(false);
    expect(isConsistent({ ...old, root: head.root }, head, path)).toBe(false);
    expect(isConsistent(old, { ...head, root: old.root }, path)).toBe(false);
    expect(isConsistent(old, head, path.slice(1))).toBe(false);
  });
});

describe("every proof of trees up to 70 leaves", () => {
  const log = TestLog.of("openmai.example", 70);
  const hashOf = (first: number, end: number): Promise<Uint8Array> => Promise.resolve(log.hashOf(first, end));
  const flipped = (path: readonly Uint8Array[], i: number): Uint8Array[] => path.map((hash, k) => (k === i ? hash.map((byte, b) => (b === 5 ? byte ^ 1 : byte)) : hash));

  test("inclusion holds as made, and not with a hash changed, one too few or one too many", async () => {
    for (let size = 1; size <= 70; size += 6) {
      for (let index = 0; index < size; index++) {
        const path = await inclusionPath(index, size, hashOf);
        const proof = { leaf: leafHash(log.entries[index]!), index, size, path, root: log.root(size) };
        expect(isIncluded(proof)).toBe(true);
        path.forEach((_, i) => expect(isIncluded({ ...proof, path: flipped(path, i) })).toBe(false));
        expect(isIncluded({ ...proof, path: [...path, proof.leaf] })).toBe(false);
        if (path.length > 0) expect(isIncluded({ ...proof, path: path.slice(0, -1) })).toBe(false);
      }
    }
  });

  test("so does consistency", async () => {
    for (let size = 1; size <= 70; size += 6) {
      for (let old = 1; old <= size; old++) {
        const path = await consistencyPath(old, size, hashOf);
        const [before, after] = [{ size: old, root: log.root(old) }, { size, root: log.root(size) }];
        expect(isConsistent(before, after, path)).toBe(true);
        path.forEach((_, i) => expect(isConsistent(before, after, flipped(path, i))).toBe(false));
        expect(isConsistent(before, after, [...path, before.root])).toBe(false);
        if (path.length > 0) expect(isConsistent(before, after, path.slice(0, -1))).toBe(false);
      }
    }
    expect(isConsistent({ size: 0, root: log.root(0) }, { size: 1, root: log.root(1) }, [])).toBe(false);
  });
});

describe("tiles", () => {
  test.each(published.tile_paths)("tile %i %i %i lies at %s", (level, index, width, path) => {
    expect(tilePath({ level, index, width } as never)).toBe(path);
  });

  /** As Go's TestTileHashReader: every hash from tiles is that of the tree. */
  test.each([0, 1, 255, 256, 257, 700, 65_536, 66_001])("of a log of %i entries give each hash, and ask for whole tiles only", async (size) => {
    const log = TestLog.of("openmai.example", size);
    const files = log.files();
    const asked: Tile[] = [];
    const source = {
      asked: (tile: Tile) => (asked.push(tile), Promise.resolve(files.get(`/log/${tilePath(tile)}`)!)),
      again: () => Promise.reject(new Error("asked again")),
      keep: () => Promise.resolve(),
    };
    const tree = await TileTree.open({ size, root: log.root() }, source);
    for (const at of [1, 2, 255, 256, 257, 600, 65_535, 65_536, 65_700, size].filter((n) => n <= size)) expect(equalBytes(await tree.rootAt(at), log.root(at))).toBe(true);
    for (const at of [0, 255, 256, 65_535, size - 1].filter((n) => n >= 0 && n < size)) {
      expect(equalBytes(await tree.leaf(at), leafHash(log.entries[at]!))).toBe(true);
      expect(isIncluded({ leaf: await tree.leaf(at), index: at, size, path: await tree.inclusion(at), root: tree.head.root })).toBe(true);
    }
    if (size > 300) expect(isConsistent({ size: 300, root: log.root(300) }, tree.head, await tree.consistency(300))).toBe(true);
    for (const tile of asked) expect(tile.width === 256 || tile.index === Math.floor(size / 256 ** (tile.level + 1))).toBe(true);
    await expect(tree.leaf(size)).rejects.toThrow();
  });

  test("any byte of any tile that differs is noticed, in the tile that it was in", async () => {
    const log = TestLog.of("openmai.example", 700);
    const files = log.files();
    files.delete("/log/checkpoint");
    for (const [path, bytes] of [...files].filter(([name]) => !name.includes("/entries/"))) {
      for (const place of [0, 17, bytes.length - 1]) {
        const altered = bytes.map((byte, i) => (i === place ? byte ^ 1 : byte));
        const served = (tile: Tile) => Promise.resolve(`/log/${tilePath(tile)}` === path ? altered : files.get(`/log/${tilePath(tile)}`)!);
        const opened = TileTree.open({ size: 700, root: log.root() }, { asked: served, again: served, keep: () => Promise.resolve() });
        const all = opened.then((tree) => Promise.all([tree.rootAt(100), tree.rootAt(300), tree.rootAt(700), tree.leaf(699)]));
        await expect(all).rejects.toMatchObject({ code: "log-altered", parameters: { tile: expect.stringContaining(path.slice("/log/".length)) } });
      }
    }
  });
});

describe("signed notes", () => {
  test.each(published.notes)("one by $key is opened by that key alone", ({ key, note, text }) => {
    const signer = vkey(key);
    expect(toHex(keyIdOf(signer, 1))).toBe(signer.keyId);
    const parsed = parseNote(utf8.encode(note));
    expect(parsed.text).toBe(text);
    expect(isNoteSignedBy(parsed, signer)).toBe(true);
    expect(isNoteSignedBy(parsed, { ...signer, name: `${signer.name}x` })).toBe(false);
    expect(isNoteSignedBy(parsed, { ...signer, key: signer.key.map((byte) => byte ^ 1) })).toBe(false);
    expect(isNoteSignedBy({ ...parsed, text: `${text}x\n` }, signer)).toBe(false);
  });

  test("a real checkpoint, and the cosignature of its witness", () => {
    const { log, witness, checkpoint, size } = published.staging_log;
    const bytes = utf8.encode(checkpoint);
    const [key, countersigner] = [vkey(log), vkey(witness)];
    const head = openCheckpoint(bytes, key);
    expect(head.size).toBe(size);
    expect(toHex(keyIdOf(countersigner, 4))).toBe(countersigner.keyId);
    expect(cosignatureOf(head.note, countersigner)).toBe("holds");
    expect(cosignatureOf({ ...head.note, text: head.note.text.replace("1432088532", "1432088531") }, countersigner)).toBe("broken");
    expect(cosignatureOf(head.note, { ...countersigner, name: "other.example" })).toBe("absent");
  });

  const log = TestLog.of("openmai.example", 5, [signerOf("witness.example/w1", 8), signerOf("witness.example/w2", 9)]);
  const good = log.checkpoint();
  const opened = (text: string) => () => openCheckpoint(utf8.encode(text), log.signer);
  const signed = (body: string): string => `${body}\n${line(log.signer, 1, log.signer.sign(utf8.encode(body)))}`;

  test.each([
    ["no text", "\n\u2014 openmai.example/log AAAAAAAA\n"],
    ["no signature", good.slice(0, good.indexOf("\n\n") + 2)],
    ["no end of the last line", good.slice(0, -1)],
    ["a control character", good.replace("\n5\n", "\n5\r\n")],
    ["base64 with bits that count for nothing", good.replace(/([A-Za-z0-9+/])=\n\n/, (_, last: string) => `${String.fromCharCode(last.charCodeAt(0) + 1)}=\n\n`)],
    ["base64 without its padding", good.replace("=\n\n", "\n\n")],
    ["a space in the key's name", good.replace("openmai.example/log ", "openmai.example /log ")],
    ["a plus in the key's name", good.replace("\u2014 openmai.example/log", "\u2014 openmai.example+log")],
    ["another dash", good.replace("\u2014", "-")],
    ["a signature of four bytes", `${log.body()}\n\u2014 openmai.example/log AAAAAA==\n`],
    ["sixty-five signatures", good + cosign(log.witnesses[0]!, log.body()).repeat(63)],
    ["70,000 bytes", `${"a".repeat(70_000)}\n${good}`],
  ])("with %s is refused", (_what, text) => {
    expect(text).not.toBe(good);
    expect(opened(text)).toThrow(/log-malformed|log-unsigned/);
  });

  test.each([
    ["a size with a leading zero", "openmai.example/log\n05\n"],
    ["a negative size", "openmai.example/log\n-5\n"],
    ["a size beyond 2**53", "openmai.example/log\n9007199254740993\n"],
    ["an empty origin", "\n5\n"],
    ["another log's origin", "other.example/log\n5\n"],
  ])("that the log signed over %s is refused", (_what, lines) => {
    expect(opened(signed(`${lines}${toBase64(log.root())}\n`))).toThrow(/log-malformed/);
  });

  test.each([
    ["an extension line", `${log.body()}extension\n`],
    ["a root of 31 bytes", `openmai.example/log\n5\n${toBase64(new Uint8Array(31))}\n`],
    ["two lines", "openmai.example/log\n5\n"],
  ])("that the log signed with %s is refused", (_what, body) => {
    expect(opened(signed(body))).toThrow(/log-malformed/);
  });

  test("by a wrong key, or with one broken line of the right one, is refused as unsigned", () => {
    const other = signerOf("openmai.example/log", 99);
    expect(opened(`${log.body()}\n${line(other, 1, other.sign(utf8.encode(log.body())))}`)).toThrow(/log-unsigned/);
    expect(opened(`${good}${line(log.signer, 1, new Uint8Array(64))}`)).toThrow(/log-unsigned/);
    expect(opened(good.replace("\n5\n", "\n6\n"))).toThrow(/log-unsigned/);
    expect(opened(`${good}${line(other, 1, new Uint8Array(64))}`)).not.toThrow();
  });

  test("a cosignature is no signature of the log, nor the other way round", () => {
    const body = log.body();
    expect(opened(`${body}\n${cosign(log.signer, body)}`)).toThrow(/log-unsigned/);
    expect(cosignatureOf(parseNote(utf8.encode(signed(body))), log.signer)).toBe("absent");
    expect(cosignatureOf(parseNote(utf8.encode(good)), log.witnesses[1]!)).toBe("holds");
    expect(cosignatureOf(parseNote(utf8.encode(`${good}${line(log.witnesses[0]!, 4, new Uint8Array(72))}`)), log.witnesses[0]!)).toBe("broken");
    expect(cosignatureOf(parseNote(utf8.encode(`${good}${line(log.witnesses[0]!, 4, new Uint8Array(64))}`)), log.witnesses[0]!)).toBe("broken");
  });

  test("a head as a join carries it has one form", () => {
    const head = { size: 5, root: log.root() };
    expect(parseCarried(carried(head))).toEqual(head);
    for (const text of ["", carried(head).replace("5", "05"), `${carried(head)} `, carried(head).replace(" ", "  "), carried({ ...head, size: 0 }), carried(head).slice(0, -1), 5, null]) {
      expect(() => parseCarried(text)).toThrow(/log-malformed/);
    }
  });
});

describe("whatever bytes come", () => {
  /** A small generator (mulberry32), so that a failure can be run again. */
  function numbers(seed: number): () => number {
    return () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  function mutate(bytes: Uint8Array, next: () => number): Uint8Array {
    const out = [...bytes];
    for (let n = 1 + Math.floor(next() * 4); n > 0; n--) {
      const at = Math.floor(next() * out.length);
      const kind = Math.floor(next() * 4);
      if (kind === 0) out[at] = Math.floor(next() * 256);
      else if (kind === 1) out.splice(at, 1 + Math.floor(next() * 8));
      else if (kind === 2) out.splice(at, 0, ...out.slice(at, at + 12));
      else out.splice(at, 0, [0x0a, 0x20, 0x2b, 0x3d, 0x00, 0xe2][Math.floor(next() * 6)]!);
    }
    return Uint8Array.from(out);
  }

  test("a checkpoint that was changed is refused by name, or says the same as before", () => {
    const next = numbers(3);
    const log = TestLog.of("openmai.example", 5, [signerOf("witness.example/w1", 8)]);
    const good = utf8.encode(log.checkpoint());
    const body = log.body();
    for (let i = 0; i < 1_500; i++) {
      try {
        const head = openCheckpoint(mutate(good, next), log.signer);
        expect(head.note.text).toBe(body);
      } catch (error) {
        expect(error).toMatchObject({ name: "ProofError", code: expect.stringMatching(/^log-(malformed|unsigned)$/) });
      }
    }
  });

  test("proofs of random hashes and sizes prove nothing and end", () => {
    const next = numbers(4);
    const random = (): Uint8Array => Uint8Array.from({ length: 32 }, () => Math.floor(next() * 256));
    for (let i = 0; i < 1_000; i++) {
      const [index, size] = [Math.floor(next() * 2 ** 40), Math.floor(next() * 2 ** 40)];
      const path = Array.from({ length: Math.floor(next() * 50) }, random);
      expect(isIncluded({ leaf: random(), index, size, path, root: random() })).toBe(false);
      expect(isConsistent({ size: index, root: random() }, { size, root: random() }, path)).toBe(false);
    }
  });
});
