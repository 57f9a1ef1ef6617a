/** The browser's look behind a crowd, over the crowd and the attacks of the Python package (`tests/anonymity/deep_vectors.py`). */
import { beforeAll, describe, expect, test } from "vitest";
import { ProofError } from "../proofs/errors.ts";
import { fromBytes } from "../proofs/field.ts";
import { verifyBatch } from "../proofs/groth16.ts";
import { checkBacking, DEEP_CLAIMS, signersOf, unpackEntries, verifyDeep, WholeLog, type LogSource } from "../proofs/log/deep.ts";
import { LogFiles } from "../proofs/log/files.ts";
import { RosterHistory, type LoggedLeaf, type NamedKey } from "../proofs/log/history.ts";
import { entriesPath } from "../proofs/log/tiles.ts";
import type { DeepVerdict } from "../proofs/messages.ts";
import { decompress } from "../proofs/points.ts";
import { buildPoseidon, type Poseidon } from "../proofs/poseidon.ts";
import { CLAIMS } from "../proofs/proof_file.ts";
import * as en from "../ui/messages/en.ts";
import { TestLog } from "./log.ts";
import vectors from "./deep_vectors.json";
import enrolments from "../../tests/factories/enrolments.json";

const utf8 = new TextEncoder();
const trust = { rosterKey: vectors.roster_key, log: vectors.log };
const random = (): bigint => fromBytes(crypto.getRandomValues(new Uint8Array(16)));
let poseidon: Poseidon;
beforeAll(async () => {
  poseidon = await buildPoseidon();
});

function packed(entries: readonly string[]): Uint8Array<ArrayBuffer> {
  const files = entries.map((entry) => {
    const bytes = utf8.encode(entry);
    return [bytes.length >> 8, bytes.length & 255, ...bytes];
  });
  return Uint8Array.from(files.flat());
}

const sourceOf = (entries: readonly string[], checkpoint: string): LogSource => ({
  checkpoint: () => Promise.resolve(utf8.encode(checkpoint)),
  entries: (index, width) => Promise.resolve(packed(entries.slice(256 * index, 256 * index + width))),
});

const heard: string[] = [];
const look = (source: LogSource, proof = vectors.proof, trusted: Parameters<typeof verifyDeep>[1] = trust): Promise<DeepVerdict> => {
  heard.length = 0;
  return verifyDeep(utf8.encode(proof), trusted, source, poseidon, { claim: (claim) => heard.push(claim), progress: () => undefined }, random);
};

const honest = sourceOf(vectors.entries, vectors.checkpoint);

test("a whole crowd is rebuilt from the log", async () => {
  const verdict = await look(honest);
  expect(verdict).toMatchObject({ failed: null, crowd: { live: vectors.live, dkim: 7, oidc: 7, word: 13, entries: vectors.entries.length, signers: { owners: ["harbour-logistics.example"], unnamed: 7 } } });
  expect(heard).toEqual([...CLAIMS, ...DEEP_CLAIMS]);
});

test.each(vectors.attacks)("$name is refused", async ({ at, entry, checkpoint, proof, claim, words }) => {
  const entries = vectors.entries.toSpliced(at, 1, ...(entry === null ? [] : [entry]));
  const verdict = await look(sourceOf(entries, checkpoint), proof);
  expect(verdict).toMatchObject({ failed: claim, post: null, crowd: null });
  expect(verdict.detail).toContain(words);
});

describe("a log that is not the one that was signed", () => {
  const changed = vectors.entries.with(0, vectors.entries[0]!.replace('"season":"s228"', '"season":"s229"'));

  test("is refused with an entry changed", async () => {
    expect(await look(sourceOf(changed, vectors.checkpoint))).toMatchObject({ failed: "whole-log", detail: expect.stringContaining("do not lead to the root") as string });
  });

  test("is refused by another key, or with another history", async () => {
    const other = new TestLog(TestLog.of(vectors.log.origin.slice(0, -4)).signer);
    for (const entry of changed) other.append(entry);
    expect(await look(sourceOf(changed, other.checkpoint()))).toMatchObject({ failed: "whole-log", detail: "log-unsigned" });
    const shorter = vectors.attacks.find(({ entry }) => entry === null)!;
    const less = await look(sourceOf(vectors.entries.toSpliced(shorter.at, 1), shorter.checkpoint));
    expect(less).toMatchObject({ failed: "whole-log", detail: expect.stringContaining("and had") as string });
    const forked = vectors.attacks.find(({ entry }) => entry !== null)!;
    const fork = await look(sourceOf(vectors.entries.with(forked.at, forked.entry!), forked.checkpoint));
    expect(fork).toMatchObject({ failed: "whole-log", detail: expect.stringContaining("two histories") as string });
  });

  test("is refused without its witnesses", async () => {
    const verdict = await look(honest, vectors.proof, { ...trust, log: { ...vectors.log, quorum: 1 } });
    expect(verdict).toMatchObject({ failed: "witnesses" });
  });

  test("is refused with a file that was cut off, or is longer", () => {
    const data = packed(["one", "two"]);
    expect([...unpackEntries(data, 2)].map((each) => new TextDecoder().decode(each))).toEqual(["one", "two"]);
    for (const wrong of [data.subarray(0, -1), data.subarray(0, 5), data.subarray(0, 6), packed(["one", "two", "three"])]) expect(() => [...unpackEntries(wrong, 2)]).toThrow(ProofError);
    expect(() => new WholeLog(5_000_000)).toThrow("at most 4194304");
  });
});

test("what cannot be fetched is said, and no claim falls by it", async () => {
  const absent = new LogFiles(() => Promise.resolve(new Response(null, { status: 404 })));
  await expect(look(absent)).rejects.toMatchObject({ code: "server" });
});

test("only the log's own files are asked for, and a file that was filled meanwhile is cut", async () => {
  const asked: string[] = [];
  const width = vectors.entries.length;
  const full = packed([...vectors.entries, ...Array.from({ length: 256 - width }, (_, i) => `later ${i}`)]);
  const files = new Map([["/log/checkpoint", utf8.encode(vectors.checkpoint)], [`/log/${entriesPath(0, 256)}`, full]]);
  const fetcher = (url: string): Promise<Response> => {
    asked.push(url);
    return Promise.resolve(new Response(files.get(url) ?? null, { status: files.has(url) ? 200 : 404 }));
  };
  expect(await look(new LogFiles(fetcher))).toMatchObject({ failed: null });
  expect(asked).toEqual(["/log/checkpoint", `/log/tile/entries/000.p/${width}`, "/log/tile/entries/000"]);
});

test("what would make a crowd seem larger is refused", () => {
  const leaf = (index: number, more: Partial<LoggedLeaf> = {}): LoggedLeaf => ({ index, commitment: String(index + 1), class: "code", evidence: null, issuer_key: null, ...more });
  expect(() => checkBacking([leaf(0), leaf(1), leaf(2, { commitment: "1" })], false)).toThrow("leaf 2 (1) stands in the roster twice");
  expect(() => checkBacking([leaf(0)], true)).toThrow("on the operator's word alone");
  expect(() => checkBacking([leaf(0), leaf(1)], false)).not.toThrow();
});

test("the crowd is told who signed for most of it first, and how many signed without a name", () => {
  const leaf = (kind: LoggedLeaf["class"], issuer_key: string | null): LoggedLeaf => ({ index: 0, commitment: "1", class: kind, evidence: null, issuer_key });
  const key = (kind: NamedKey["kind"], name: string, sha256: string): NamedKey => ({ kind, name, sha256 });
  const keys = [key("dkim", "s1._domainkey.harbour.example", "m"), key("dkim", "s2._domainkey.harbour.example", "m"), key("dkim", "s1._domainkey.lumen.example", "n"), key("jwks", "https://login.harbour.example", "l")];
  const members = [leaf("dkim", "m"), leaf("oidc", "l"), leaf("oidc", "l"), leaf("dkim", "n"), leaf("dkim", "x"), leaf("oidc", "m"), leaf("code", null), leaf("code", "m")];
  expect(signersOf(members, keys)).toEqual({ owners: ["https://login.harbour.example", "harbour.example", "lumen.example"], unnamed: 2 });
  expect(signersOf(members.slice(0, 1), [])).toEqual({ owners: [], unnamed: 1 });
});

test("a batch holds if and only if every proof in it does", async () => {
  const claims = enrolments.slice(0, 5).map(({ proof }) => ({ points: decompress(Uint8Array.from(proof.match(/../g)!, (byte) => Number.parseInt(byte, 16))), signals: { root: 1n, nullifier: 1n, message: 1n, scope: 1n } }));
  expect(await verifyBatch(1, claims, random)).toBe(false);
  expect(await verifyBatch(1, [], random)).toBe(true);
  expect(await verifyBatch(1, [{ ...claims[0]!, signals: { ...claims[0]!.signals, root: -1n } }], random)).toBe(false);
});

test("entries of any bytes are read or refused, and nothing else", () => {
  const roster = JSON.parse(vectors.entries.findLast((entry) => entry.includes("log/roster/v1"))!) as { envelope: { statement: never } };
  const history = new RosterHistory(roster.envelope.statement, roster.envelope, 1000);
  let state = 1;
  const draw = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 2000; round++) {
    const entry = utf8.encode(vectors.entries[Math.floor(draw() * vectors.entries.length)]!);
    for (let i = 0; i < 3; i++) entry[Math.floor(draw() * entry.length)] = Math.floor(draw() * 256);
    try {
      history.read(round, entry);
    } catch (error) {
      expect(error).toBeInstanceOf(ProofError);
    }
  }
});

test("every claim has its words", () => {
  for (const claim of DEEP_CLAIMS) expect(en.verify).toHaveProperty(claim);
});
