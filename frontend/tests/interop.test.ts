/** The worker's code computes what the Python package computes (`tests/anonymity/frontend_vectors.py`). */
import { beforeAll, describe, expect, test } from "vitest";
import { aliasOf } from "../proofs/alias.ts";
import { normalise } from "../proofs/content.ts";
import { canonicalJson, circuitInput, Domain, type Argument } from "../proofs/encoding.ts";
import { ENROLMENT_PAIR, readTicket } from "../proofs/enrolment.ts";
import { equalBytes, fromBytes, parseHex, toHex } from "../proofs/field.ts";
import { verify } from "../proofs/groth16.ts";
import { commitmentOf, nullifierOf } from "../proofs/identity.ts";
import { LeanIMT } from "../proofs/leanimt.ts";
import { verifyProofFile } from "../proofs/proof_file.ts";
import { compress, decompress } from "../proofs/points.ts";
import { buildPoseidon, type Poseidon } from "../proofs/poseidon.ts";
import { checkLeaves, checkTree, openIndex, openStatement } from "../proofs/rosters.ts";
import { parseCarried } from "../proofs/log/checkpoint.ts";
import { checkOrder, checkRosterLogged, checkTickLogged, checkWitnesses, parseLogPart } from "../proofs/log/part.ts";
import type { LogFacts } from "../proofs/messages.ts";
import { documentId, parseCanonical } from "../proofs/schema.ts";
import { actionOf, buildSubmission } from "../proofs/speaking.ts";
import { signerOf, TestLog } from "./log.ts";
import vectors from "./vectors.json";

const utf8 = new TextEncoder();
const domain = new Domain(vectors.site, vectors.season);
const secret = BigInt(vectors.secret);
/** The reader compares the keys' fingerprints. */
const STRANGER = { rosterKey: null, log: null };
let poseidon: Poseidon;

beforeAll(async () => {
  poseidon = await buildPoseidon();
});

function argument([type, value]: readonly string[]): Argument {
  if (type === "bytes") return parseHex(value, value!.length / 2, "argument");
  return type === "number" ? BigInt(value!) : value!;
}

test("domain-separated digests", () => {
  for (const [tag, args, digest] of vectors.digests as [string, string[][], string][]) {
    expect(domain.digest(tag, ...args.map(argument)).toString()).toBe(digest);
  }
});

test("circuit inputs, Poseidon, commitment", () => {
  for (const [value, input] of vectors.circuit_inputs as [string, string][]) expect(`${circuitInput(BigInt(value))}`).toBe(input);
  for (const [a, b, hash] of vectors.poseidon as [string, string, string][]) expect(`${poseidon.hash(BigInt(a), BigInt(b))}`).toBe(hash);
  expect(commitmentOf(poseidon, secret).toString()).toBe(vectors.commitment);
});

test.each(vectors.trees.map((tree) => [tree.leaves.length, tree] as const))("a tree of %i leaves, removed ones among them", (_size, tree) => {
  const built = LeanIMT.build(poseidon, tree.leaves.map(BigInt));
  expect(built.root.toString()).toBe(tree.root);
  for (const [place, index, siblings] of tree.paths as [number, number, string[]][]) {
    expect(built.path(place)).toMatchObject({ index, siblings: siblings.map(BigInt) });
  }
});

test("texts are made tidy alike, aliases are drawn alike", () => {
  for (const [typed, tidy] of vectors.texts as [string, string][]) expect(normalise(typed)).toBe(tidy);
  for (const [nullifier, en, zh, suffix, glyph] of vectors.aliases as [string, string, string, number, string][]) {
    const alias = aliasOf(BigInt(nullifier));
    expect([alias.en, alias.zh, alias.suffix, toHex(alias.glyph)]).toEqual([en, zh, suffix, glyph]);
  }
});

test("a ticket is read, and the package's answer to it verifies", async () => {
  const { ticket, pair, root, nullifier, scope, message, proof } = vectors.enrolment;
  const { account, nonce } = readTicket(ticket);
  expect(ENROLMENT_PAIR.toString()).toBe(pair);
  expect(domain.enrolMessage(account, nonce).toString()).toBe(message);
  expect(nullifierOf(poseidon, secret, domain.enrolScope()).toString()).toBe(nullifier);
  expect(poseidon.hash(BigInt(vectors.commitment), ENROLMENT_PAIR).toString()).toBe(root);
  const signals = { root: BigInt(root), nullifier: BigInt(nullifier), message: circuitInput(BigInt(message)), scope: circuitInput(BigInt(scope)) };
  expect(await verify(1, decompress(parseHex(proof, 128, "proof")), signals)).toBe(true);
});

describe("speaking", () => {
  test("content ids, the persona's key, and the whole submission without a join", () => {
    const action = actionOf(vectors.opening, secret);
    expect(toHex(action.id)).toBe(vectors.opening_id);
    expect(toHex(documentId(vectors.reply))).toBe(vectors.reply_id);
    expect(toHex(action.persona.key)).toBe(vectors.thread_key);
    expect(action.scope.toString()).toBe(vectors.scope);
    expect(buildSubmission(actionOf(vectors.reply, secret), null)).toBe(vectors.reply_submission);
  });

  test("the submission with the package's join", () => {
    const { join } = JSON.parse(vectors.opening_submission) as { join: never };
    expect(buildSubmission(actionOf(vectors.opening, secret), join)).toBe(vectors.opening_submission);
  });

  test("scope and message of the join, and the receipt's bytes", () => {
    const { join } = JSON.parse(vectors.opening_submission) as { join: { roster: string; root: string; nullifier: string; checkpoint: string; proof: string } };
    const [threadId, key] = [parseHex(vectors.opening_id, 32, "id"), parseHex(vectors.thread_key, 32, "key")];
    const message = domain.joinMessage({ threadId, key, roster: join.roster, root: BigInt(join.root), checkpoint: join.checkpoint, first: threadId });
    expect(message.toString()).toBe(vectors.message);
    expect(nullifierOf(poseidon, secret, domain.threadScope(threadId)).toString()).toBe(join.nullifier);
    expect(toHex(domain.receiptBytes(threadId, "2026-05-01T10:00:00Z"))).toBe(vectors.receipt);
    const proof = parseHex(join.proof, 128, "proof");
    expect(compress(decompress(proof))).toEqual(proof);
  });
});

describe("rosters", () => {
  const key = parseHex(vectors.roster_key, 32, "key");

  test("index, statement and leaves are opened and add up", () => {
    const index = openIndex(utf8.encode(vectors.index), key);
    expect(index).toMatchObject({ serial: 9, rosters: [{ roster: "company/lumen-kitchens/provable", epoch: 3 }] });
    const { statement } = openStatement(parseCanonical(utf8.encode(vectors.envelope)), key);
    expect(statement).toMatchObject({ live: 39, settled: 35, size: 40, label: { zh: "流明厨房" } });
    const leaves = checkLeaves(statement, parseHex(vectors.leaves_file, 40 * 32, "leaves"));
    expect(checkTree(poseidon, statement, leaves, () => {}).root).toBe(statement.root);
  });

  test("a leaf exchanged by the server is noticed", () => {
    const { statement } = openStatement(JSON.parse(vectors.envelope), key);
    const leaves = parseHex(vectors.leaves_file, 40 * 32, "leaves");
    leaves[35]! ^= 1;
    expect(() => checkLeaves(statement, leaves)).toThrow(/leaves file/);
    expect(() => checkTree(poseidon, statement, [...Array(40).keys()].map((i) => fromBytes(leaves.subarray(32 * i, 32 * i + 32))), () => {})).toThrow(/root/);
  });

  test.each([
    ["another key", (e: { key: string }) => (e.key = "00".repeat(32))],
    ["a higher count", (e: { statement: { settled: number } }) => (e.statement.settled = 39)],
    ["a field too many", (e: object) => Object.assign(e, { extra: 1 })],
  ])("a statement with %s is refused", (_what, change) => {
    const envelope = JSON.parse(vectors.envelope) as never;
    change(envelope);
    expect(() => openStatement(envelope, key)).toThrow();
  });
});

describe("proof files", () => {
  test.each([0, 1])("file %i verifies, every claim in order", async (which) => {
    const passed: string[] = [];
    const verdict = await verifyProofFile(utf8.encode(vectors.proof_files[which]), STRANGER, (claim) => passed.push(claim));
    expect(verdict).toMatchObject({ failed: null, post: { live: 39, kind: "provable", label: { en: "Lumen Kitchens" }, published: "2026-05-01" } });
    expect(passed).toEqual(["form", "thread", "content", "signature", "roster", "label", "alias", "proof", "log-roster", "log-tick", "log-order", "witnesses"]);
  });

  type File = Record<string, never> & { opening: { title: string }; content: { body: string }; key: string; signature: string; join: Record<string, string>; persona: { alias: { en: string }; label: { en: string } | null; kind: string }; statement: { statement: { live: number } }; log: Log };
  type Placed = { index: number; proof: string[] };
  type Log = { key: string; witnesses: string[]; checkpoint: string; roster: Placed; consistency: string[]; tick: Placed & { entry: { tick: string; posts: string[] } } };
  const dropped = (line: string): string => line.slice(0, line.lastIndexOf("\u2014"));

  test.each([
    ["form", (f: File) => Object.assign(f, { extra: 1 })],
    ["thread", (f: File) => Object.assign(f, { opening: f.content })],
    ["content", (f: File) => (f.opening.title = "Another title")],
    ["signature", (f: File) => (f.content.body = "Not what was said")],
    ["roster", (f: File) => (f.statement.statement.live = 38)],
    ["roster", (f: File) => (f.join.root = "5")],
    ["label", (f: File) => (f.persona.label = null)],
    ["label", (f: File) => (f.persona.kind = "attested")],
    ["alias", (f: File) => (f.persona.alias.en = "Calm Otter")],
    ["alias", (f: File) => (f.join.nullifier = "7")],
    ["proof", (f: File) => (f.join.first = "00".repeat(32))],
    ["proof", (f: File) => (f.join.checkpoint = f.join.checkpoint!.replace("261", "260"))],
    ["form", (f: File) => (f.join.checkpoint = "")],
    ["form", (f: File) => Object.assign(f.log, { extra: 1 })],
    ["form", (f: File) => (f.log.roster.index = -1)],
    ["form", (f: File) => (f.log.tick.entry.posts = [])],
    ["form", (f: File) => f.log.tick.entry.posts.reverse()],
    ["form", (f: File) => (f.log.tick.entry.tick = "2026-05-01T10:00:00.5Z")],
    ["form", (f: File) => (f.log.witnesses = ["witness.example/w1+00000000+BAAA"])],
    ["form", (f: File) => (f.log.consistency = Array(65).fill("00".repeat(32)))],
    ["log-roster", (f: File) => (f.log.key = "00".repeat(32))],
    ["log-roster", (f: File) => (f.log.checkpoint = f.log.checkpoint.replace("266", "267"))],
    ["log-roster", (f: File) => (f.log.roster.index = 259)],
    ["log-roster", (f: File) => f.log.roster.proof.pop()],
    ["log-roster", (f: File) => (f.log.consistency[0] = "00".repeat(32))],
    ["log-tick", (f: File) => (f.log.tick.index = 263)],
    ["log-tick", (f: File) => (f.log.tick.entry.tick = "2026-05-01T10:00:01Z")],
    ["log-tick", (f: File) => f.log.tick.entry.posts.pop()],
    ["log-tick", (f: File) => (f.log.tick.proof[1] = "00".repeat(32))],
  ])("a change falls under its own claim: %s", async (claim, change) => {
    const file = JSON.parse(vectors.proof_files[1]!) as File;
    change(file);
    expect(await verifyProofFile(canonicalJson(file), STRANGER, () => {})).toMatchObject({ failed: claim, post: null });
  });

  const own = { origin: `${vectors.site}/log`, key: TestLog.of(vectors.site).facts.key };
  const witnesses = (JSON.parse(vectors.proof_files[0]!) as File).log.witnesses;
  const verdictOf = (file: string, log: LogFacts | null) => verifyProofFile(utf8.encode(file), { rosterKey: null, log }, () => {});

  test("the log's key and its witnesses are those of the site where they are known", async () => {
    const file = vectors.proof_files[1]!;
    expect(await verdictOf(file, { ...own, witnesses, quorum: 1 })).toMatchObject({ failed: null, post: { witnesses: ["witness.example/w1"], tick: "2026-05-01T10:00:00Z" } });
    expect(await verdictOf(file, { ...own, key: new TestLog(signerOf(`${vectors.site}/log`, 9)).facts.key, witnesses, quorum: 0 })).toMatchObject({ failed: "log-roster" });
    expect(await verdictOf(file, { ...own, witnesses, quorum: 2 })).toMatchObject({ failed: "witnesses", detail: "log-unwitnessed" });
    expect(await verdictOf(file, { ...own, witnesses: [], quorum: 0 })).toMatchObject({ failed: null, post: { witnesses: [] } });
  });

  test("a countersignature that is missing is not counted, a false one fails", async () => {
    const file = JSON.parse(vectors.proof_files[1]!) as File;
    const genuine = file.log.checkpoint;
    file.log.checkpoint = dropped(genuine);
    expect(await verdictOf(new TextDecoder().decode(canonicalJson(file)), null)).toMatchObject({ failed: null, post: { witnesses: [] } });
    file.log.checkpoint = `${genuine.slice(0, -9)}${genuine.at(-9) === "A" ? "B" : "A"}${genuine.slice(-8)}`;
    expect(await verdictOf(new TextDecoder().decode(canonicalJson(file)), null)).toMatchObject({ failed: "witnesses" });
  });

  describe("what is said of the log", () => {
    const file = JSON.parse(vectors.proof_files[1]!) as File;
    const [joined, post] = [parseCarried(file.join.checkpoint), documentId(vectors.reply)];
    const opened = openStatement(file.statement, null);

    function checked(log: unknown): readonly string[] {
      const part = parseLogPart(log);
      const signed = checkRosterLogged(part, joined, opened, file.statement, null);
      checkTickLogged(part, signed, domain, post);
      checkOrder(part, joined);
      return checkWitnesses(part, signed, null);
    }

    test("holds as it was made, and the roster comes before the post", () => {
      expect(checked(file.log)).toEqual(["witness.example/w1"]);
      const part = parseLogPart(file.log);
      expect(() => checkOrder(part, { ...joined, size: part.tick.index + 1 })).toThrow(/before its roster/);
      expect(() => checkOrder(part, { ...joined, size: part.tick.index })).not.toThrow();
    });

    /** Every value of a document with each of its changes, put in its place. */
    function* changes(value: unknown, put: (changed: unknown) => unknown): Generator<unknown> {
      if (typeof value === "number") for (const other of [value + 1, value - 1, -value - 1, value + 0.5, String(value), null]) yield put(other);
      else if (typeof value === "string") {
        for (let at = 0; at < value.length; at += 3) yield put(`${value.slice(0, at)}${value[at] === "0" ? "1" : "0"}${value.slice(at + 1)}`);
        for (const other of ["", `${value} `, `${value}\n`, value.toUpperCase(), 5, null]) yield put(other);
      } else {
        const fields = Object.entries(value as object);
        for (const [name, each] of fields) {
          const within = (changed: unknown): unknown => (Array.isArray(value) ? value.map((old: unknown, i) => (String(i) === name ? changed : old)) : { ...(value as object), [name]: changed });
          yield* changes(each, (changed) => put(within(changed)));
        }
        if (Array.isArray(value)) yield put([...(value as unknown[]), value[0] ?? "00".repeat(32)]);
        yield put(Array.isArray(value) ? value.slice(1) : {});
      }
    }

    test("holds with no change to it, but that a witness may be left out", () => {
      let count = 0;
      for (const log of changes(file.log, (changed) => changed)) {
        count++;
        if (equalBytes(canonicalJson(log), canonicalJson(file.log))) continue;
        let witnesses: readonly string[] | null = null;
        try {
          witnesses = checked(log);
        } catch (error) {
          expect(error).toMatchObject({ name: "ProofError" });
        }
        // Who knows no witness of the site counts those that the file names: the site's own are passed in where they are known.
        if (witnesses !== null) expect([[], ["witness.example/w1"]]).toContainEqual(witnesses);
        const same = { ...(log as Log), checkpoint: file.log.checkpoint, witnesses: file.log.witnesses };
        if (witnesses !== null) expect(canonicalJson(same)).toEqual(canonicalJson(file.log));
      }
      expect(count).toBeGreaterThan(500);
    });
  });

  test("the same document in another form is refused", async () => {
    const spaced = JSON.stringify(JSON.parse(vectors.proof_files[0]!), null, 1);
    expect(await verifyProofFile(utf8.encode(spaced), STRANGER, () => {})).toMatchObject({ failed: "form" });
  });

  test("a roster signed by another key than the expected one is refused", async () => {
    const file = utf8.encode(vectors.proof_files[0]);
    expect(await verifyProofFile(file, { ...STRANGER, rosterKey: "00".repeat(32) }, () => {})).toMatchObject({ failed: "roster" });
    expect(await verifyProofFile(file, { ...STRANGER, rosterKey: vectors.roster_key }, () => {})).toMatchObject({ failed: null });
  });
});
