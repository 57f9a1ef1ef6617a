/** A season ends in the browser: old threads are answered with the old key, and it goes on time, if both clocks say so. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openDatabase, type Database } from "../device/database.ts";
import { readOutbox, writeEntry, type Entry } from "../device/outbox.ts";
import { readPersona, writePersona } from "../device/personas.ts";
import { sweep } from "../device/retention.ts";
import { aliasOf } from "../proofs/alias.ts";
import { openPasskeyBackup, passkeyOf, sealBackup, sealPasskeyBackup, showCode } from "../proofs/backup.ts";
import { buildPoseidon, type Poseidon } from "../proofs/poseidon.ts";
import { closesAt, isOpen, openSeasons } from "../proofs/seasons.ts";
import { Vault } from "../proofs/vault.ts";
import { BANS_URL, banList } from "./gate.ts";
import { COMPANY, facts, publish, ROSTER, Worker } from "./site.ts";
import vectors from "./vectors.json";

const DAY = 86_400_000;
const ENDS = Date.parse("2026-06-06T00:00:00Z");
const CLOSES = ENDS + 14 * DAY;
const now = { ...facts, season: "s229" };
const code = new Uint8Array(16).fill(3);
const backup = sealBackup({ site: facts.site, season: "s228", secret: BigInt(vectors.secret) }, code, (bytes) => bytes.fill(5));
const random = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => crypto.getRandomValues(bytes);
let poseidon: Poseidon;
beforeAll(async () => {
  poseidon = await buildPoseidon();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("seasons are open for two weeks beyond their end", () => {
  expect([ENDS - 1, ENDS, CLOSES - 1, CLOSES].map(openSeasons)).toEqual([["s228"], ["s229", "s228"], ["s229", "s228"], ["s229"]]);
  expect([closesAt("s228"), isOpen("s228", CLOSES - 1), isOpen("s228", CLOSES), isOpen("s230", ENDS)]).toEqual([CLOSES, true, false, false]);
});

describe("a thread of the past season", () => {
  const opening = vectors.opening;
  const draft = { kind: "reply", thread: vectors.opening_id, parent: null, body: "Still here", opening, checkpoints: [] } as const;

  /** A browser with the key of s228 at a moment in s229; the mirror serves the last index of s228. */
  async function later(moment: number): Promise<Worker> {
    vi.useFakeTimers({ toFake: ["Date"], now: moment });
    const members = Array.from({ length: 40 }, (_, i) => BigInt(i + 1));
    const files = publish(poseidon, { leaves: [...members, BigInt(vectors.commitment)] });
    files.set("/rosters/s228/index.json", files.get("/rosters/index.json")!);
    files.delete("/rosters/index.json");
    files.set("/api/v1/rosters?season=s228", files.get("/api/v1/rosters")!);
    files.delete("/api/v1/rosters");
    files.set(`${BANS_URL}?season=s228`, banList([]));
    const worker = await Worker.start(files);
    if (moment < CLOSES) await worker.ask("restore", { facts: now, file: backup, code: showCode(code) });
    return worker;
  }

  test("is answered with the key and the roster of its own season", { timeout: 120_000 }, async () => {
    const worker = await later(CLOSES - DAY);
    expect(await worker.ask("identities", { facts: now })).toBeNull();
    expect(await worker.ask("crowd", { facts, company: COMPANY })).toMatchObject({ roster: ROSTER, live: 41 });
    const spoken = await worker.ask("speak", { facts, draft, roster: ROSTER, now: Date.now(), sendAt: Date.now() });
    const submission = JSON.parse(spoken.body) as { content: { season: string }; join: { root: string } | null };
    expect([spoken.season, submission.content.season, submission.join === null]).toEqual(["s228", "s228", false]);
    expect(worker.fetched).not.toContain("/rosters/index.json");
    expect(worker.fetched).not.toContain(BANS_URL);
    const renewed = await worker.ask("renew", { facts: now, body: spoken.body, roster: ROSTER, sendAt: Date.now(), slotTaken: false });
    expect(renewed.persona.alias).toEqual(spoken.persona.alias);
  });

  test("is not answered with the key of another season, nor opened", async () => {
    const worker = await later(CLOSES - DAY);
    await expect(worker.ask("speak", { facts: now, draft, roster: ROSTER, now: 0, sendAt: 0 })).rejects.toMatchObject({ code: "no-identity" });
    await worker.ask("create", { facts: now });
    await expect(worker.ask("speak", { facts: now, draft, roster: ROSTER, now: 0, sendAt: 0 })).rejects.toMatchObject({ code: "thread-altered" });
    const begun = { kind: "opening", section: "work", title: "t", body: "b" } as const;
    await expect(worker.ask("speak", { facts, draft: begun, roster: ROSTER, now: 0, sendAt: 0 })).rejects.toMatchObject({ code: "season-differs" });
  });

  test("is closed after two weeks, and a backup of its key is not brought back", async () => {
    const worker = await later(CLOSES);
    await expect(worker.ask("speak", { facts, draft, roster: ROSTER, now: 0, sendAt: 0 })).rejects.toMatchObject({ code: "season-differs" });
    await expect(worker.ask("restore", { facts: now, file: backup, code: showCode(code) })).rejects.toMatchObject({ code: "season-over", parameters: { season: "s228" } });
  });
});

describe("what a season leaves behind", () => {
  const alias = aliasOf(5n);
  const entry = {
    action: "aa", thread: "bb", season: "s228", kind: "reply", section: null, title: null, text: "t", parent: null, roster: "site", rosterKind: "site", label: null, alias,
    body: "{}", joins: true, state: "waiting", created: 1, next: 2, attempts: 0, due: null, receipt: null, unsigned: false, refusal: null, renewals: 0,
  } satisfies Entry;
  const note = { thread: "bb", season: "s228", roster: "site", kind: "site", label: null, alias, key: "00", joined: 1 } as const;

  /** A device that has spoken in s228 and has a key of s229 as well. */
  async function device(): Promise<Database> {
    const database = await openDatabase(new IDBFactory());
    const vault = new Vault(database, poseidon, random);
    for (const season of ["s228", "s229"]) await vault.create({ ...facts, season });
    await writeEntry(database, entry);
    await writePersona(database, note);
    await writePersona(database, { ...note, thread: "cc", season: "s229" });
    for (const season of ["s228", "s229"]) {
      await database.put("settings", `epoch/${facts.site}/${season}/${ROSTER}`, {});
      await database.put("settings", `index/${facts.site}/${season}`, {});
    }
    return database;
  }
  const agreeing = (): Promise<number> => Promise.resolve(0);

  test("goes on time: secret, personas, outbox and rosters of that season, and of no other", async () => {
    const database = await device();
    expect(await sweep(database, CLOSES - 1, agreeing)).toEqual({ gone: [], held: [] });
    expect(await readOutbox(database)).toHaveLength(1);
    expect(await sweep(database, CLOSES, agreeing)).toEqual({ gone: ["s228"], held: [] });
    expect(await database.keys("secrets")).toEqual([`${facts.site}/s229`]);
    expect(await readOutbox(database)).toEqual([]);
    expect([await readPersona(database, "bb"), (await readPersona(database, "cc"))?.season]).toEqual([undefined, "s229"]);
    expect((await database.keys("settings")).filter((key) => key.includes("s228"))).toEqual([]);
    expect((await database.keys("settings")).filter((key) => key.includes("/s229"))).toHaveLength(2);
  });

  test("goes with the first start after that, however late, and the site is asked once", async () => {
    const database = await device();
    const asked = vi.fn(agreeing);
    expect((await sweep(database, CLOSES + 40 * DAY, asked)).gone).toEqual(["s228"]);
    expect((await sweep(database, CLOSES + 41 * DAY, asked)).gone).toEqual([]);
    expect(asked).toHaveBeenCalledOnce();
  });

  test("stays when this device's clock is a day fast: told, and nothing lost", async () => {
    const database = await device();
    expect(await sweep(database, CLOSES, () => Promise.resolve(-DAY))).toEqual({ gone: [], held: ["s228"] });
    // Nor without the site, as long as nothing newer is known.
    expect(await sweep(database, CLOSES + DAY / 2, () => Promise.resolve(null))).toEqual({ gone: [], held: ["s228"] });
    expect(await database.keys("secrets")).toHaveLength(2);
    expect((await sweep(database, CLOSES + DAY, () => Promise.resolve(-DAY))).gone).toEqual(["s228"]);
  });

  test("is not for a site to have deleted: its clock alone moves nothing", async () => {
    const database = await device();
    expect(await sweep(database, CLOSES - DAY, () => Promise.resolve(100 * DAY))).toEqual({ gone: [], held: [] });
    expect(await database.keys("secrets")).toHaveLength(2);
  });

  test("goes by this device's clock alone when there is no site", async () => {
    expect((await sweep(await device(), CLOSES, () => Promise.resolve(null))).gone).toEqual(["s228"]);
  });

  test("is nothing for a reader, who asks for nothing", async () => {
    const asked = vi.fn(agreeing);
    await sweep(await openDatabase(new IDBFactory()), CLOSES, asked);
    expect(asked).not.toHaveBeenCalled();
  });
});

describe("a backup under a passkey", () => {
  const secret = BigInt(vectors.secret);
  const output = { credential: new Uint8Array([1, 2, 3]), salt: new Uint8Array(32).fill(7), prf: new Uint8Array(32).fill(9) };
  const file = sealPasskeyBackup({ site: facts.site, season: "s228", secret }, output, random);

  test("opens with what that passkey says, and with nothing else", () => {
    expect(openPasskeyBackup(file, output.prf)).toEqual({ site: facts.site, season: "s228", secret });
    expect(() => openPasskeyBackup(file, new Uint8Array(32))).toThrow("wrong-passkey");
    expect(file).not.toContain(secret.toString());
    expect(passkeyOf(file)).toEqual({ credential: output.credential, salt: output.salt });
    expect(passkeyOf(backup)).toBeNull();
  });

  test("that was altered is refused", () => {
    const parsed = JSON.parse(file) as Record<string, string>;
    expect(() => openPasskeyBackup(JSON.stringify({ ...parsed, season: "s229" }), output.prf)).toThrow("wrong-passkey");
    expect(() => openPasskeyBackup(JSON.stringify({ ...parsed, more: 1 }), output.prf)).toThrow("bad-backup");
    expect(() => passkeyOf(JSON.stringify({ ...parsed, credential: "zz" }))).toThrow("not-canonical");
    expect(() => passkeyOf(JSON.stringify({ ...parsed, credential: "00".repeat(1024) }))).toThrow("bad-backup");
  });

  test("brings the key back", async () => {
    const vault = new Vault(await openDatabase(new IDBFactory()), poseidon, random);
    expect(await vault.restoreByPasskey(facts, file, output.prf)).toMatchObject({ season: "s228", commitment: vectors.commitment });
    expect(await vault.secret(facts)).toBe(secret);
  });
});
