/** The gate as the worker uses it: lists read strictly, keys not trusted, slots used once, proofs that hold for nothing else. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openDatabase, type Database } from "../device/database.ts";
import { MAX_BANS, pagesOf, parseBans, refuseBanned } from "../proofs/bans.ts";
import { canonicalJson, Domain, sha256 } from "../proofs/encoding.ts";
import { parseHex, toHex } from "../proofs/field.ts";
import { proveGate, verifyGate, type GateDocument, type GateNullifiers, type GateStatement } from "../proofs/gate.ts";
import { checkProvingKey, readVerificationKey, type VerificationKey } from "../proofs/gate_key.ts";
import { Gatekeeper } from "../proofs/gatekeeper.ts";
import { nullifierOf } from "../proofs/identity.ts";
import { decompress, P } from "../proofs/points.ts";
import { buildPoseidon, type Poseidon } from "../proofs/poseidon.ts";
import { banList, BANS_URL, gateFacts, gateServed, gateVkey, gateWasm, gateZkey, stand, strangers, ZKEY_URL } from "./gate.ts";
import { TestLog, TestServer } from "./log.ts";
import { facts } from "./site.ts";
import vectors from "./vectors.json";

const domain = new Domain(vectors.site, vectors.season);
const alice = BigInt(vectors.secret);
let poseidon: Poseidon;
let key: VerificationKey;
let database: Database;

beforeAll(async () => {
  poseidon = await buildPoseidon();
  key = await readVerificationKey(gateVkey);
});
beforeEach(async () => {
  database = await openDatabase(new IDBFactory());
});

describe("the list of bans", () => {
  test("is read in pages of thirty, the rest of the last one empty", () => {
    const list = parseBans(banList(strangers(31)));
    const pages = pagesOf(list);
    expect(pages.map(({ scopes, nullifiers }) => [scopes.length, nullifiers.length])).toEqual([[30, 30], [30, 30]]);
    expect(pages[1]!.nullifiers.slice(0, 2)).toEqual([37n, 0n]);
    expect(pages[1]!.scopes[1]).toBe(0n);
  });

  test("without bans is one page of nothing", () => {
    expect(pagesOf(parseBans(banList([])))).toEqual([{ scopes: Array(30).fill(0n), nullifiers: Array(30).fill(0n) }]);
  });

  test("is named by the hash of its bytes", () => {
    const bytes = banList(strangers(3), { serial: 9 });
    expect(parseBans(bytes)).toMatchObject({ serial: 9, sha256: toHex(sha256(bytes)) });
  });

  type Entry = Record<string, unknown>;
  const changed = (change: (list: { bans: Entry[] } & Entry) => void) => {
    const document = JSON.parse(new TextDecoder().decode(banList(strangers(3)))) as { bans: Entry[] } & Entry;
    change(document);
    return canonicalJson(document);
  };

  test.each([
    ["another type", changed((list) => (list["type"] = "openmai/bans/v2"))],
    ["a field too many", changed((list) => (list["more"] = 1))],
    ["a ban with a field too many", changed(({ bans }) => (bans[0]!["more"] = 1))],
    ["a ban twice", changed(({ bans }) => bans.splice(1, 0, bans[0]!))],
    ["another order", changed(({ bans }) => bans.reverse())],
    ["a nullifier of 0", changed(({ bans }) => (bans[0]!["nullifier"] = "0"))],
    ["a nullifier that is not reduced", changed(({ bans }) => (bans[0]!["nullifier"] = "9".repeat(77)))],
    ["a nullifier that is a number", changed(({ bans }) => (bans[0]!["nullifier"] = 7))],
    ["a thread too short", changed(({ bans }) => (bans[0]!["thread"] = "00"))],
    ["a scope in place of a thread", changed(({ bans }) => ((bans[0]!["scope"] = bans[0]!["thread"]), delete bans[0]!["thread"]))],
    ["an end that is no time", changed(({ bans }) => (bans[0]!["until"] = "soon"))],
    ["a reason that is no code", changed(({ bans }) => (bans[0]!["reason"] = "<b>"))],
    ["bans that are no list", changed((list) => ((list as Entry)["bans"] = {}))],
    ["spaces", new TextEncoder().encode(JSON.stringify(JSON.parse(new TextDecoder().decode(banList([]))), null, 1))],
  ])("with %s is refused", (_what, bytes) => {
    expect(() => parseBans(bytes)).toThrow(/bad-bans|not-canonical/);
  });

  test("longer than a device can prove about is refused in words of its own", () => {
    expect(parseBans(banList(strangers(MAX_BANS))).bans).toHaveLength(MAX_BANS);
    expect(() => parseBans(banList(strangers(MAX_BANS + 1)))).toThrow(expect.objectContaining({ code: "too-many-bans" }));
    expect(() => parseBans(new Uint8Array(1_048_577))).toThrow(expect.objectContaining({ code: "too-many-bans" }));
  });

  test("tells the banned member reason and end, of several the last, and nobody else anything", () => {
    const threads = [new Uint8Array(32), new Uint8Array(32).fill(1)] as const;
    const [first, second] = [domain.threadScope(threads[0]), domain.threadScope(threads[1])];
    const list = parseBans(banList([
      ...strangers(40),
      { thread: threads[0], nullifier: nullifierOf(poseidon, alice, first), until: "2026-05-09T00:00:00Z", reason: "spam" },
      { thread: threads[1], nullifier: nullifierOf(poseidon, alice, second), until: "2026-05-20T00:00:00Z", reason: "threat" },
    ]));
    const banned = { code: "banned", parameters: { reason: "threat", until: "2026-05-20T00:00:00Z" } };
    expect(() => refuseBanned(list, poseidon, alice)).toThrow(expect.objectContaining(banned));
    expect(() => refuseBanned(list, poseidon, alice + 1n)).not.toThrow();
  });
});

describe("the verification key", () => {
  const with_ = (changes: object) => readVerificationKey({ ...gateVkey, ...changes });
  const zero2 = [["0", "0"], ["1", "0"], ["0", "0"]];
  const offCurve = [["1", "2"], ["3", "4"], ["1", "0"]];

  test("is read, whatever snarkjs adds to it", async () => {
    expect((await with_({ vk_alphabeta_12: [[["1"]]] })).sha256).toBe(key.sha256);
  });

  test.each([
    ["delta at zero, which would leave C free to say anything", { vk_delta_2: zero2 }],
    ["delta at zero in the other spelling", { vk_delta_2: [["0", "0"], ["0", "0"], ["1", "0"]] }],
    ["delta off the curve", { vk_delta_2: offCurve }],
    ["gamma at zero", { vk_gamma_2: zero2 }],
    ["alpha off the curve", { vk_alpha_1: ["1", "1", "1"] }],
    ["a coordinate that is not reduced", { vk_alpha_1: [(P + 1n).toString(), "2", "1"] }],
    ["a coordinate with a leading zero", { vk_alpha_1: ["01", "2", "1"] }],
    ["inputs missing", { IC: (gateVkey["IC"] as unknown[]).slice(1) }],
    ["another number of signals", { nPublic: 65 }],
    ["another curve", { curve: "bls12381" }],
    ["a field too many", { more: 1 }],
  ])("with %s is refused", async (_what, changes) => {
    await expect(with_(changes)).rejects.toThrow(/bad-gate-key|not-canonical/);
  });

  test("with a delta outside the group of order r is refused", async () => {
    // The first point of the twist with x = (k, 0): it has a cofactor, so hardly any point lies in the group.
    for (let k = 1; ; k++) {
      const bytes = new Uint8Array(128);
      bytes.set([1], 0);
      bytes.set([k], 32);
      bytes.set([1], 96);
      let b: ReturnType<typeof decompress>["b"];
      try {
        b = decompress(bytes).b;
      } catch {
        continue;
      }
      const delta = [b[0].map(String), b[1].map(String), ["1", "0"]];
      return expect(with_({ vk_delta_2: delta })).rejects.toThrow(/delta is not in the group/);
    }
  });
});

describe("the proving key", () => {
  /** Where the header's points begin: magic, two numbers, section 1 with its head, the head of section 2, its numbers. */
  const POINTS = 12 + 12 + 4 + 12 + 84;
  const DELTA1 = POINTS + 12 * 32;
  const altered = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const bytes = gateZkey.slice();
    change(bytes);
    return bytes;
  };

  test("of the set-up passes", async () => {
    await expect(checkProvingKey(gateZkey, key)).resolves.toBeUndefined();
  });

  test.each([
    ["delta₁ at zero, which would leave A unblinded", (z: Uint8Array) => z.fill(0, DELTA1, DELTA1 + 64), /delta is zero/],
    ["delta₁ off the curve", (z: Uint8Array) => z.set([z[DELTA1]! ^ 1], DELTA1), /delta is not on the curve/],
    ["delta₂ at zero, which would leave B unblinded", (z: Uint8Array) => z.fill(0, DELTA1 + 64, DELTA1 + 192), /another verification key/],
    ["another alpha", (z: Uint8Array) => z.copyWithin(POINTS, DELTA1, DELTA1 + 64), /another verification key/],
    ["coordinates that are not reduced", (z: Uint8Array) => z.fill(0xff, DELTA1, DELTA1 + 64), /a coordinate/],
    ["another number of wires", (z: Uint8Array) => z.set([1], POINTS - 12), /another circuit/],
    ["another field", (z: Uint8Array) => z.set([1], POINTS - 84 + 4), /another circuit/],
    ["another magic", (z: Uint8Array) => z.set([0], 0), /no zkey/],
    ["a section that goes beyond the end", (z: Uint8Array) => z.set([0xff], 12 + 4 + 3), /sections/],
  ])("with %s is refused", async (_what, change, words) => {
    await expect(checkProvingKey(altered(change), key)).rejects.toThrow(words);
  });

  test.each([0, 11, 40, 200, gateZkey.length - 1])("of which only %i bytes came is refused", async (length) => {
    await expect(checkProvingKey(gateZkey.slice(0, length), key)).rejects.toThrow(/bad-gate-key/);
  });
});

describe("what the site names", () => {
  const wasmAddress = { url: "/static/gate.wasm", sha256: toHex(sha256(gateWasm)), bytes: gateWasm.length };
  const told: [number, number][] = [];
  const keeper = (served: Map<string, Uint8Array<ArrayBuffer>>): Gatekeeper => {
    const all = new Map([["/static/gate.wasm", gateWasm], ...served]);
    return new Gatekeeper((url) => Promise.resolve(new Response(all.get(url) ?? null, { status: all.has(url) ? 200 : 404 })), database, wasmAddress);
  };
  const site = (list = banList([]), changes = {}) => ({ ...facts, gate: gateFacts(list, changes) });
  const load = (served: Map<string, Uint8Array<ArrayBuffer>>, given = site()) => keeper(served).files(given, (done, total) => told.push([done, total]));

  test("is fetched with progress, circuit and key together", async () => {
    const { zkey, wasm } = await load(gateServed());
    expect([zkey.length, wasm.length]).toEqual([gateZkey.length, gateWasm.length]);
    expect(told.at(-1)).toEqual([gateZkey.length + gateWasm.length, gateZkey.length + gateWasm.length]);
  });

  test("is fetched once", async () => {
    let count = 0;
    const served = new Map([...gateServed(), ["/static/gate.wasm", gateWasm]]);
    const counting = new Gatekeeper((url) => (count++, Promise.resolve(new Response(served.get(url)!))), database, wasmAddress);
    await Promise.all([1, 2, 3].map(() => counting.files(site(), () => undefined)));
    expect(count).toBe(2);
  });

  test("is refused when it is not what its hash says", async () => {
    const altered = gateZkey.slice();
    altered[4_000_000]! ^= 1;
    await expect(load(new Map([[ZKEY_URL, altered]]))).rejects.toMatchObject({ code: "artifact-altered" });
    await expect(load(new Map())).rejects.toMatchObject({ code: "server" });
  });

  test.each([["//elsewhere.example/gate.zkey"], ["https://elsewhere.example/gate.zkey"], ["gate.zkey"], [5]])("is not fetched from %s", async (url) => {
    const zkey = { ...gateFacts().zkey, url: url as string };
    await expect(load(gateServed(), site(undefined, { zkey }))).rejects.toMatchObject({ code: "bad-gate-key" });
  });

  test("is not fetched when it is far too long", async () => {
    const zkey = { ...gateFacts().zkey, bytes: 2 ** 31 };
    await expect(load(gateServed(), site(undefined, { zkey }))).rejects.toMatchObject({ code: "bad-gate-key" });
  });

  test("is pinned on first use: another key is refused until the member trusts it", async () => {
    await load(gateServed());
    const vkey = { ...gateVkey, vk_alpha_1: (gateVkey["IC"] as unknown[])[0] };
    const changed = site(undefined, { vkey });
    const refusal = { code: "gate-key-changed", parameters: { pinned: key.sha256.slice(0, 16) } };
    await expect(load(gateServed(), changed)).rejects.toMatchObject(refusal);
    await expect(load(gateServed(), site(undefined, { zkey: { ...gateFacts().zkey, sha256: "00".repeat(32) } }))).rejects.toMatchObject({ code: "gate-key-changed" });
    await keeper(gateServed()).trust(changed);
    // Trusted, but the proving key is still the other one's.
    await expect(load(gateServed(), changed)).rejects.toMatchObject({ code: "bad-gate-key" });
  });

  let log: TestLog;
  beforeEach(() => void (log = TestLog.of(facts.site, 3)));
  const served = (list: Uint8Array<ArrayBuffer>) => new Map([...log.files(), [BANS_URL, list] as const]);
  /** What the site shows, whatever its log says. */
  const shown = (list: Uint8Array<ArrayBuffer>, given = site(list)) => keeper(served(list)).bans(given);
  /** What the site has logged, and shows. */
  const bans = (list: Uint8Array<ArrayBuffer>, given = site(list)) => {
    stand(log, list);
    return shown(list, given);
  };

  test("is the current list of bans, never an older one, nor two under one number", async () => {
    const [second, third] = [banList(strangers(2), { serial: 2 }), banList(strangers(3), { serial: 3 })];
    await expect(bans(second, site(third))).rejects.toMatchObject({ code: "bans-older", parameters: { serial: 2, seen: 3 } });
    await expect(bans(third)).resolves.toMatchObject({ serial: 3 });
    await expect(bans(second)).rejects.toMatchObject({ code: "bans-older", parameters: { serial: 2, seen: 3 } });
    await expect(bans(banList(strangers(4), { serial: 3 }))).rejects.toMatchObject({ code: "bans-forked", parameters: { serial: 3 } });
    await expect(bans(third, site(banList(strangers(4), { serial: 3 })))).rejects.toMatchObject({ code: "bans-forked" });
    await expect(bans(banList([], { serial: 4 }), site(third))).resolves.toMatchObject({ serial: 4 });
  });

  test("is a list that stands in the public log: one for this browser alone is refused, and is not kept", async () => {
    const [alone, everybodys] = [banList(strangers(2)), banList(strangers(3))];
    const refusal = { code: "bans-not-logged", parameters: { serial: 1 } };
    stand(log, null);
    await expect(shown(alone)).rejects.toMatchObject(refusal);
    await expect(shown(banList(strangers(2), { serial: 0 }))).rejects.toMatchObject({ code: "bans-not-logged" });
    stand(log, everybodys);
    await expect(shown(alone)).rejects.toMatchObject(refusal);
    await expect(shown(everybodys)).resolves.toMatchObject({ serial: 1 });
  });

  test("is the empty list where the log holds none", async () => {
    stand(log, null);
    await expect(shown(banList([], { serial: 0 }))).resolves.toMatchObject({ serial: 0 });
  });

  test("is no older list than the log holds, though this browser never saw a newer one", async () => {
    const old = banList(strangers(2));
    stand(log, old);
    stand(log, banList(strangers(3), { serial: 2 }));
    await expect(shown(old)).rejects.toMatchObject({ code: "bans-outdated", parameters: { serial: 1, logged: 2 } });
  });

  test("is the number of slots and the keys that the log names last", async () => {
    const list = banList([]);
    stand(log, list, { slots: 29 });
    await expect(shown(list)).rejects.toMatchObject({ code: "slots-not-logged", parameters: { slots: 30, logged: 29 } });
    stand(log, list, { zkey: "00".repeat(32) });
    await expect(shown(list)).rejects.toMatchObject({ code: "gate-not-logged" });
    stand(log, list);
    await expect(shown(list)).resolves.toMatchObject({ serial: 1 });
    await expect(shown(list, site(list, { slots: 31 }))).rejects.toMatchObject({ code: "slots-not-logged" });
    await expect(shown(list, site(list, { zkey: { ...gateFacts().zkey, sha256: "00".repeat(32) } }))).rejects.toMatchObject({ code: "gate-not-logged" });
  });

  test("is refused under a log that does not end with what is in force", async () => {
    const list = banList([]);
    stand(log, list);
    log.append(canonicalJson({ type: "openmai/log/disclosures/v1", site: facts.site, season: facts.season, count: 0 }));
    await expect(shown(list)).rejects.toMatchObject({ code: "nothing-standing" });
  });

  test.each([9, 10_000])("is refused under a log whose newest entry names places %i beyond it", async (beyond) => {
    const list = banList(strangers(2));
    const last = (artifacts: number, bans: object): unknown => log.append(canonicalJson({ type: "openmai/log/standing/v1", site: facts.site, season: facts.season, artifacts, bans }));
    const index = log.size + 1; // the artifacts come first
    stand(log, list);
    last(log.size + beyond, { [facts.season]: { index, serial: 1 } });
    await expect(shown(list)).rejects.toMatchObject({ code: "nothing-standing" });
    last(0, { [facts.season]: { index: log.size + beyond, serial: 1 } });
    await expect(shown(list)).rejects.toMatchObject({ code: "bans-not-logged" });
  });

  test("may change between the list and the log: both are asked anew, past every cache", async () => {
    const [old, next] = [banList(strangers(2)), banList(strangers(3), { serial: 2 })];
    stand(log, old);
    stand(log, next);
    const files = served(old);
    const stale = new Gatekeeper((url, fresh) => Promise.resolve(new Response(url === BANS_URL && fresh === true ? next : files.get(url)!)), database, wasmAddress);
    await expect(stale.bans(site(old))).resolves.toMatchObject({ serial: 2 });
  });

  test("is found by asking the same as everybody", async () => {
    const list = banList(strangers(2));
    stand(log, list);
    const asks = async (): Promise<string[]> => {
      const server = new TestServer(served(list));
      await new Gatekeeper(server.fetch, await openDatabase(new IDBFactory()), wasmAddress).bans(site(list));
      return server.asked;
    };
    expect(await asks()).toEqual(await asks());
  });

  test("is a list for this site and season", async () => {
    await expect(bans(banList([], { site: "other.example" }))).rejects.toMatchObject({ code: "bad-bans" });
    await expect(bans(banList([], { season: "s229" }))).rejects.toMatchObject({ code: "bad-bans" });
  });
});

describe("a gate proof of two pages", () => {
  const scope = domain.threadScope(parseHex(vectors.opening_id, 32, "id"));
  const statement: GateStatement = { domain, scope, message: 2n ** 255n + 9n, day: "2026-05-01", slots: 30 };
  const list = parseBans(banList(strangers(31)));
  const progress: [number, number][] = [];
  let made: GateDocument;
  let nullifiers: GateNullifiers;

  const prove = (changes: object = {}): Promise<GateDocument> =>
    proveGate({
      files: { wasm: gateWasm, zkey: gateZkey, key }, poseidon, secret: alice, slot: 7, statement, list,
      progress: (done, total) => progress.push([done, total]), ...changes,
    });

  beforeAll(async () => {
    made = await prove();
    nullifiers = { thread: nullifierOf(poseidon, alice, scope), rate: BigInt(made.rate) };
  });

  const holds = (page: number, changed: Partial<GateStatement> = {}, others: Partial<GateNullifiers> = {}, proof = made.proofs[page]): Promise<boolean> =>
    verifyGate(key, decompress(parseHex(proof, 128, "proof")), { ...statement, ...changed }, pagesOf(list)[page]!, { ...nullifiers, ...others });

  test("has one proof a page, under one rate nullifier, and tells which it is at", () => {
    expect(made).toMatchObject({ day: "2026-05-01", bans: list.sha256, proofs: [expect.stringMatching(/^[0-9a-f]{256}$/), expect.anything()] });
    expect(progress.slice(0, 2)).toEqual([[0, 2], [1, 2]]);
  });

  test("holds for its own page and what it says, and for nothing else", async () => {
    expect([await holds(0), await holds(1)]).toEqual([true, true]);
    expect(await holds(0, {}, {}, made.proofs[1])).toBe(false);
    expect(await holds(0, { message: 9n })).toBe(false);
    expect(await holds(0, { day: "2026-05-02" })).toBe(false);
    expect(await holds(0, { slots: 31 })).toBe(false);
    expect(await holds(0, { scope: 5n })).toBe(false);
    expect(await holds(0, {}, { rate: nullifiers.rate + 1n })).toBe(false);
    expect(await holds(0, {}, { thread: nullifierOf(poseidon, alice + 1n, scope) })).toBe(false);
  });

  test("cannot be made by a banned member, nor for a slot that there is not", async () => {
    const mine = parseBans(banList([...strangers(30), { thread: parseHex(vectors.opening_id, 32, "id"), nullifier: nullifiers.thread }]));
    await expect(prove({ list: mine })).rejects.toMatchObject({ code: "proof-impossible" });
    await expect(prove({ slot: 30 })).rejects.toMatchObject({ code: "proof-impossible" });
  });

  test("does not leave the device when it fails the site's own verification key", async () => {
    const zkey = gateZkey.slice();
    // Two points of the key exchanged, far behind the header: the proof verifies no more.
    const half = zkey.length - 400_000;
    zkey.copyWithin(half, half + 64 * 50, half + 64 * 100);
    await expect(prove({ files: { wasm: gateWasm, zkey, key } })).rejects.toMatchObject({ code: "self-check-failed" });
  });
});
