/** What the browser believes of the rosters that it is shown: no forks, no vanished crowds, no small ones, no old seasons. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openDatabase, type Database } from "../device/database.ts";
import { showCode, sealBackup } from "../proofs/backup.ts";
import { canonicalJson } from "../proofs/encoding.ts";
import { tooMany } from "../proofs/epochs.ts";
import { parseHex } from "../proofs/field.ts";
import { carried } from "../proofs/log/checkpoint.ts";
import { toBase64 } from "../proofs/log/note.ts";
import { Mirror } from "../proofs/mirror.ts";
import { buildPoseidon, type Poseidon } from "../proofs/poseidon.ts";
import { openIndex, type IndexEntry } from "../proofs/rosters.ts";
import { seasonAt } from "../proofs/seasons.ts";
import { signerOf, TestLog } from "./log.ts";
import { COMPANY, facts, listed, publish, ROSTER, signIndex, TODAY, Worker, type Place, type Published } from "./site.ts";
import vectors from "./vectors.json";

let poseidon: Poseidon;
let database: Database;
/** The site's one log, which each epoch that is published makes longer. */
let log: TestLog;
beforeAll(async () => {
  poseidon = await buildPoseidon();
});
beforeEach(async () => {
  database = await openDatabase(new IDBFactory());
  log = TestLog.of(facts.site, 3);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Members `first` to `last`, by commitments of no particular key. */
const members = (first: number, last: number): bigint[] => Array.from({ length: last - first + 1 }, (_, i) => BigInt(first + i));

/** The mirror as it is when this is published. */
function showing(published: Published, device = database): Mirror {
  const files = publish(poseidon, { log, ...published });
  return new Mirror((url) => Promise.resolve(new Response(files.get(url) ?? null, { status: files.has(url) ? 200 : 404 })), device, poseidon);
}

describe("an epoch that lost many members", () => {
  test("is refused however large it is, with the numbers", async () => {
    await showing({ leaves: members(1, 40) }).roster(facts, ROSTER);
    const shrunk = showing({ leaves: [...members(7, 40), ...members(101, 106)], epoch: 2, serial: 2 });
    const refusal = { code: "roster-shrunk", parameters: { roster: ROSTER, epoch: 2, gone: 6, before: 40 } };
    await expect(shrunk.roster(facts, ROSTER)).rejects.toMatchObject(refusal);
    await expect(shrunk.roster(facts, ROSTER)).rejects.toMatchObject(refusal); // asking again accepts nothing
  });

  test("is one in which more than five and more than 5 % are gone", () => {
    const refused = [[5, 5], [6, 7], [5, 1_000], [50, 1_000], [51, 1_000]].map(([gone, before]) => tooMany({ gone: gone!, before: before! }));
    expect(refused).toEqual([false, true, false, false, true]);
  });

  test("is told by the members themselves: a leaf set to 0 is gone, one at another place is not", async () => {
    await showing({ leaves: [...members(1, 30), 0n] }).roster(facts, ROSTER);
    await expect(showing({ leaves: [...members(1, 30).reverse(), 77n], epoch: 2, serial: 2 }).roster(facts, ROSTER)).resolves.toBeDefined();
    const emptied = [...members(1, 6).map(() => 0n), ...members(7, 30), 77n];
    await expect(showing({ leaves: emptied, epoch: 3, serial: 3 }).roster(facts, ROSTER)).rejects.toMatchObject({ parameters: { gone: 6, before: 31 } });
  });

  test("is compared with the epoch accepted last, however many lie between", async () => {
    await showing({ leaves: members(1, 40) }).roster(facts, ROSTER);
    await expect(showing({ leaves: members(6, 40), epoch: 2, serial: 2 }).roster(facts, ROSTER)).resolves.toBeDefined();
    await expect(showing({ leaves: members(11, 40), epoch: 3, serial: 3 }).roster(facts, ROSTER)).resolves.toBeDefined();
    await expect(showing({ leaves: members(17, 40), epoch: 30, serial: 30 }).roster(facts, ROSTER)).rejects.toMatchObject({ parameters: { gone: 6, before: 30 } });
  });

  test("is accepted by the member who knows why, that one and no other", async () => {
    await showing({ leaves: members(1, 40) }).roster(facts, ROSTER);
    const [second, third] = [showing({ leaves: members(10, 40), epoch: 2, serial: 2 }), showing({ leaves: members(30, 60), epoch: 3, serial: 3 })];
    await expect(third.accept(facts, ROSTER, 2)).rejects.toMatchObject({ code: "roster-shrunk", parameters: { epoch: 3 } });
    await database.put("settings", `pins/${facts.site}`, { key: facts.roster_key, serial: 1 });
    await database.delete("settings", `log/${facts.site}`); // as if the third had not been shown yet
    await second.accept(facts, ROSTER, 2);
    await expect(second.roster(facts, ROSTER)).resolves.toBeDefined();
    await expect(third.roster(facts, ROSTER)).rejects.toMatchObject({ code: "roster-shrunk", parameters: { gone: 20, before: 31 } });
  });

  test("is nothing new in a new season", async () => {
    await showing({ leaves: members(1, 40) }).roster(facts, ROSTER);
    const next = { ...facts, season: "s229" };
    await expect(showing({ leaves: members(41, 80), season: "s229", serial: 2 }).roster(next, ROSTER)).resolves.toBeDefined();
  });
});

describe("two indexes of one serial", () => {
  test("are noticed when they differ", async () => {
    await showing({ leaves: members(1, 40) }).roster(facts, ROSTER);
    await expect(showing({ leaves: members(1, 40) }).roster(facts, ROSTER)).resolves.toBeDefined();
    await expect(showing({ leaves: members(1, 41) }).roster(facts, ROSTER)).rejects.toMatchObject({ code: "index-forked", parameters: { serial: 1 } });
    await expect(showing({ leaves: members(1, 41), serial: 2 }).roster(facts, ROSTER)).resolves.toBeDefined();
  });

  test("are no trouble with pins of an older version", async () => {
    await database.put("settings", `pins/${facts.site}`, { key: facts.roster_key, serial: 1 });
    await expect(showing({ leaves: members(1, 40) }).roster(facts, ROSTER)).resolves.toBeDefined();
    await expect(showing({ leaves: members(1, 41) }).roster(facts, ROSTER)).rejects.toMatchObject({ code: "index-forked" });
  });
});

/** The worker with the vectors' key on the device, in this roster. */
async function workerIn(published: Omit<Published, "leaves"> & { others: number }): Promise<Worker> {
  vi.useFakeTimers({ toFake: ["Date"], now: TODAY });
  const worker = await Worker.start(publish(poseidon, { ...published, leaves: [...members(1, published.others), BigInt(vectors.commitment)] }));
  const code = new Uint8Array(16).fill(3);
  const file = sealBackup({ site: facts.site, season: facts.season, secret: BigInt(vectors.secret) }, code, (bytes) => bytes.fill(5));
  await worker.ask("restore", { facts, file, code: showCode(code) });
  return worker;
}

describe("a shard", () => {
  /** The first shard, of which the statement says this size, and the second; the first may be left out of the index, or its statement held back. */
  async function shards(size: number, fate: "served" | "lost" | "held back" = "served"): Promise<Mirror> {
    const first = publish(poseidon, { log, leaves: members(1, 40), size });
    const second = publish(poseidon, { log, leaves: members(101, 140), shard: "#2" });
    const [one, two] = [first, second].map((files) => indexed(files.get("/rosters/index.json")!));
    const places = [first, second].flatMap((files) => (JSON.parse(new TextDecoder().decode(files.get("/api/v1/rosters"))) as { rosters: unknown[] }).rosters);
    const index = signIndex(fate === "lost" ? [two!] : [one!, two!], 2);
    const files = new Map([...first, ...second, ["/rosters/index.json", index], ["/api/v1/rosters", canonicalJson({ rosters: places })]]);
    if (fate === "held back") files.delete(`/rosters/statements/${one!.statement}.json`);
    return new Mirror((url) => Promise.resolve(new Response(files.get(url) ?? null, { status: files.has(url) ? 200 : 404 })), await openDatabase(new IDBFactory()), poseidon);
  }
  const indexed = (bytes: Uint8Array): IndexEntry => openIndex(bytes, parseHex(facts.roster_key, 32, "key")).rosters[0]!;
  const SECOND = `${ROSTER}#2`;

  test("is accepted when the one before is full", async () => {
    await expect((await shards(65_536)).roster(facts, SECOND)).resolves.toMatchObject({ statement: { roster: SECOND } });
  });

  test("that was opened before the one before was full, or without it, is a crowd set apart", async () => {
    const refusal = { code: "shard-early", parameters: { roster: SECOND, before: ROSTER } };
    await expect((await shards(65_535)).roster(facts, SECOND)).rejects.toMatchObject(refusal);
    await expect((await shards(65_536, "lost")).roster(facts, SECOND)).rejects.toMatchObject(refusal);
  });

  test("whose forerunner the site holds back is not called early: nobody knows how full that one is", async () => {
    await expect((await shards(65_536, "held back")).roster(facts, SECOND)).rejects.toMatchObject({ code: "roster-unknown", parameters: { status: 404 } });
  });
});

describe("the public log", () => {
  const files = (published: Published): Map<string, Uint8Array<ArrayBuffer>> => publish(poseidon, { log, ...published });
  const mirrorOf = (served: ReadonlyMap<string, Uint8Array<ArrayBuffer>>, device = database): Mirror =>
    new Mirror((url) => Promise.resolve(new Response(served.get(url) ?? null, { status: served.has(url) ? 200 : 404 })), device, poseidon);
  const placeIn = (served: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Place =>
    (JSON.parse(new TextDecoder().decode(served.get("/api/v1/rosters"))) as { rosters: { log: Place }[] }).rosters[0]!.log;
  const refused = { code: "roster-not-logged" };

  test("says which head a join carries: the one just behind the roster's entry, the same for everybody", async () => {
    const served = files({ leaves: members(1, 40) });
    const first = await mirrorOf(served).roster(facts, ROSTER);
    expect(first.checkpoint).toBe(carried({ size: 4, root: log.root(4) }));
    for (let i = 0; i < 300; i++) log.append(`a later tick ${i}`);
    const later = new Map([...log.files(), ...[...served].filter(([url]) => !url.startsWith("/log/"))]);
    expect((await mirrorOf(later, await openDatabase(new IDBFactory())).roster(facts, ROSTER)).checkpoint).toBe(first.checkpoint);
  });

  test("must hold the very roster that this browser is served", async () => {
    const everybody = files({ leaves: members(1, 40), serial: 2 });
    const aside = TestLog.of(facts.site, 3);
    const forAlice = publish(poseidon, { log: aside, leaves: [...members(1, 20), ...members(101, 120)] });
    // The log that everybody sees, and another roster under the same number.
    const mixed = new Map([...forAlice, ...[...everybody].filter(([url]) => url.startsWith("/log/") || url.startsWith("/api/"))]);
    await expect(mirrorOf(mixed).roster(facts, ROSTER)).rejects.toMatchObject({ ...refused, detail: "another entry" });
    await expect(mirrorOf(mixed).accept(facts, ROSTER, 1)).rejects.toMatchObject(refused);
    // A log made for Alice alone gives itself away when she sees the true one, or Bob's join.
    const device = await openDatabase(new IDBFactory());
    await expect(mirrorOf(forAlice, device).roster(facts, ROSTER)).resolves.toBeDefined();
    await expect(mirrorOf(everybody, device).roster(facts, ROSTER)).rejects.toMatchObject({ code: "log-forked" });
  });

  test.each([
    ["nowhere", null],
    ["beyond the log", (place: Place) => ({ ...place, index: 500, size: 501 })],
    ["at a fraction", (place: Place) => ({ ...place, index: 3.5 })],
    ["before the log", (place: Place) => ({ ...place, index: -1, size: 0 })],
    ["at another entry", (place: Place) => ({ ...place, index: 1, size: 2 })],
    ["under a fresher head, by which its reader could be known", (place: Place) => ({ ...place, size: 5, root: toBase64(log.root(5)) })],
    ["under another root", (place: Place) => ({ ...place, root: toBase64(log.root(3)) })],
  ])("is not where the site says if that is %s", async (_what, change) => {
    const served = files({ leaves: members(1, 40) });
    const place = placeIn(served);
    served.set("/api/v1/rosters", listed(1, change === null ? null : change(place)));
    await expect(mirrorOf(served).roster(facts, ROSTER)).rejects.toMatchObject(refused);
  });

  test("is asked about this roster and this epoch, and no answer is a refusal", async () => {
    const served = files({ leaves: members(1, 40) });
    const place = placeIn(served);
    for (const answer of [listed(2, place), new TextEncoder().encode("<html>"), new TextEncoder().encode('{"rosters": 5}')]) {
      served.set("/api/v1/rosters", answer as Uint8Array<ArrayBuffer>);
      await expect(mirrorOf(served).roster(facts, ROSTER)).rejects.toMatchObject(refused);
    }
  });

  test("and the index may be of different ages in a cache: both are asked anew, once, and the checkpoint", async () => {
    const old = files({ leaves: members(1, 40) });
    const now = files({ leaves: members(1, 41), epoch: 2, serial: 2 });
    const asked: [string, boolean][] = [];
    const cached = new Mirror((url, fresh = false) => {
      asked.push([url, fresh]);
      const body = (["/rosters/index.json", "/log/checkpoint"].includes(url) && !fresh ? old : new Map([...old, ...now])).get(url);
      return Promise.resolve(new Response(body ?? null, { status: body === undefined ? 404 : 200 }));
    }, database, poseidon);
    await expect(cached.roster(facts, ROSTER)).resolves.toMatchObject({ statement: { epoch: 2 } });
    expect(asked.filter(([url, fresh]) => fresh && url === "/rosters/index.json")).toHaveLength(1);
    const nowhere = new Map([...now, ["/api/v1/rosters", listed(2, null)] as const]);
    await expect(mirrorOf(nowhere).roster(facts, ROSTER)).rejects.toMatchObject(refused);
  });

  test("that forked keeps its evidence for the page to hand out, and none otherwise", async () => {
    const worker = await workerIn({ others: 30 });
    await expect(worker.ask("crowd", { facts, company: COMPANY })).resolves.toBeDefined();
    expect(await worker.ask("logEvidence", { facts })).toBeNull();
    const said = { kind: "reply", thread: vectors.opening_id, parent: null, body: "b", opening: vectors.opening } as const;
    const foreign = carried({ size: 2, root: TestLog.of(facts.site, 9).root(9) });
    const speaking = worker.ask("speak", { facts, draft: { ...said, checkpoints: [foreign] }, roster: ROSTER, now: Date.now(), sendAt: Date.now() });
    await expect(speaking).rejects.toMatchObject({ code: "thread-log-differs" });
    const file = (await worker.ask("logEvidence", { facts }))!;
    expect(JSON.parse(file)).toMatchObject({ kind: "thread", thread: vectors.opening_id, claimed: foreign });
    // Nothing of the member's is in it, for it is to be published.
    for (const own of [vectors.secret, vectors.commitment]) expect(file).not.toContain(own);
  });

  test("has a key that the member can come to trust", async () => {
    const worker = await workerIn({ others: 30 });
    await worker.ask("crowd", { facts, company: COMPANY });
    const other = { ...facts, log: new TestLog(signerOf(`${facts.site}/log`, 99)).facts };
    await expect(worker.ask("crowd", { facts: other, company: COMPANY })).rejects.toMatchObject({ code: "log-key-changed" });
    await worker.ask("trustLogKey", { facts: other });
    await expect(worker.ask("crowd", { facts: other, company: COMPANY })).rejects.toMatchObject({ code: "log-unsigned" });
  });
});

describe("an epoch that the site holds back", () => {
  test("is no roster yet, and no shard set apart: the next one is tried", async () => {
    const files = publish(poseidon, { log, leaves: members(1, 40) });
    const fetcher = (url: string): Promise<Response> => {
      const body = url.startsWith("/rosters/statements/") ? undefined : files.get(url);
      return Promise.resolve(new Response(body ?? null, { status: body === undefined ? 404 : 200 }));
    };
    await expect(new Mirror(fetcher, database, poseidon).roster(facts, ROSTER)).rejects.toMatchObject({ code: "roster-unknown" });
  });
});

describe("the floor", () => {
  test("is twenty, whatever the site says", async () => {
    const worker = await workerIn({ others: 30, settled: 19 });
    const careless = { ...facts, floor: 2 };
    await expect(worker.ask("crowd", { facts: careless, company: COMPANY })).rejects.toMatchObject({ code: "roster-unknown" });
    const draft = { kind: "opening", section: "work", title: "t", body: "b" } as const;
    const said = worker.ask("speak", { facts: careless, draft, roster: ROSTER, now: Date.now(), sendAt: Date.now() });
    await expect(said).rejects.toMatchObject({ code: "below-floor", parameters: { settled: 19, floor: 20 } });
  });

  test("is the site's where that is higher", async () => {
    const worker = await workerIn({ others: 30, settled: 29 });
    await expect(worker.ask("crowd", { facts, company: COMPANY })).resolves.toMatchObject({ live: 31, settled: 29 });
    const draft = { kind: "opening", section: "work", title: "t", body: "b" } as const;
    const said = worker.ask("speak", { facts: { ...facts, floor: 30 }, draft, roster: ROSTER, now: Date.now(), sendAt: Date.now() });
    await expect(said).rejects.toMatchObject({ code: "below-floor", parameters: { settled: 29, floor: 30 } });
  });
});

describe("the season", () => {
  test("is counted from 1970 in spans of 90 days", () => {
    expect([0, 90 * 86_400_000 - 1, 90 * 86_400_000].map(seasonAt)).toEqual(["s0", "s0", "s1"]);
    expect([seasonAt(Date.parse("2026-03-08T00:00:00Z") - 1), seasonAt(Date.parse("2026-03-08T00:00:00Z"))]).toEqual(["s227", "s228"]);
  });

  test("is this device's own: another one that the site names draws out no key and makes none", async () => {
    const worker = await workerIn({ others: 30 });
    const draft = { kind: "opening", section: "work", title: "t", body: "b" } as const;
    const asked = (given: typeof facts): Promise<unknown>[] => [
      worker.ask("create", { facts: given }),
      worker.ask("enrol", { facts: given, ticket: vectors.enrolment.ticket }),
      worker.ask("crowd", { facts: given, company: COMPANY }),
      worker.ask("alias", { facts: given, thread: vectors.opening_id }),
      worker.ask("speak", { facts: given, draft, roster: ROSTER, now: Date.now(), sendAt: Date.now() }),
      worker.ask("renew", { facts: given, body: vectors.opening_submission, roster: ROSTER, sendAt: Date.now(), slotTaken: false }),
    ];
    const refusal = { code: "season-differs", parameters: { found: "s227", expected: "s228" } };
    for (const answer of asked({ ...facts, season: "s227" })) await expect(answer).rejects.toMatchObject(refusal);
    vi.setSystemTime(TODAY.getTime() + 90 * 86_400_000);
    for (const answer of asked(facts)) await expect(answer).rejects.toMatchObject({ code: "season-differs", parameters: { found: "s228", expected: "s229" } });
    expect(worker.fetched).toEqual([]);
  });
});
