/** What waits in the outbox is sent until it has been seen published, and never twice as two posts. */
import "fake-indexeddb/auto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { openDatabase } from "../device/database.ts";
import { readEntry, removeEntry, writeEntry, type Entry } from "../device/outbox.ts";
import { readPersona, writePersona } from "../device/personas.ts";
import { aliasOf } from "../proofs/alias.ts";
import { Domain } from "../proofs/encoding.ts";
import { parseHex, toHex } from "../proofs/field.ts";
import type { Receipt, SiteFacts } from "../proofs/messages.ts";
import { receiptHolds } from "../proofs/receipts.ts";

const ask = vi.hoisted(() => vi.fn());
vi.mock("../ui/prover.ts", async (original) => ({ ...(await original<object>()), prover: { ask } }));

const seed = new Uint8Array(32).fill(7);
const site = { site: "openmai.example", season: "s228", floor: 20, roster_key: "00", receipt_key: toHex(ed25519.getPublicKey(seed)) };
const action = "ab".repeat(32);
const thread = "cd".repeat(32);
const due = "2026-05-01T10:00:00Z";
const alias = aliasOf(5n);
const persona = { thread, season: "s228", roster: "site", kind: "site", label: null, alias, key: "00", joined: null } as const;
const entry = {
  action, thread, season: "s228", kind: "reply", section: null, title: null, text: "Same here", parent: null, roster: "site", rosterKind: "site", label: null, alias,
  body: "{}", joins: true, state: "waiting", created: 1, next: 0, attempts: 0, due: null, receipt: null, unsigned: false, refusal: null, renewals: 0,
} satisfies Entry;

function receipt(changed: Partial<Receipt> = {}, signer = seed): Receipt {
  const said = new Domain(site.site, site.season).receiptBytes(parseHex(action, 32, "action"), due);
  return { action, state: "waiting", due, key: site.receipt_key, signature: toHex(ed25519.sign(said, signer)), ...changed };
}

const problem = (status: number, code: string): [number, unknown] => [status, { code, detail: "so", pointer: null }];

/** The server, with one answer an address at a time; the last one is given again. `null` is no answer at all. */
class Server {
  readonly sent: string[] = [];

  constructor(private readonly answers: Record<string, ([status: number, body: unknown] | null)[]>) {
    vi.stubGlobal("fetch", (path: string, init: RequestInit) => Promise.resolve().then(() => this.answer(path, init)));
  }

  private answer(path: string, init: RequestInit): Response {
    if (init.method === "POST") this.sent.push(init.body as string);
    const waiting = this.answers[path] ?? [[200, site]];
    const answer = waiting.length > 1 ? waiting.shift()! : waiting[0]!;
    if (answer === null) throw new TypeError("no network");
    return new Response(JSON.stringify(answer[1]), { status: answer[0] });
  }
}

/** Web Locks as far as one name goes, for all tabs of a test. */
function locks(): { request: <T>(name: string, work: () => Promise<T>) => Promise<T> } {
  let last: Promise<unknown> = Promise.resolve();
  return {
    request: (_name, work) => {
      const mine = last.then(work);
      last = mine.catch(() => null);
      return mine;
    },
  };
}

const PATIENCE = { timeout: 20_000 };
const SUBMISSIONS = "/api/v1/submissions";
const STATE = `/api/v1/actions/${action}`;
const accepted: [number, unknown] = [202, receipt()];
let database: Awaited<ReturnType<typeof openDatabase>>;
let delivery: typeof import("../ui/delivery.ts");
let ProverError: typeof import("../ui/prover.ts").ProverError;
let problemText: typeof import("../ui/failures.ts").problemText;

beforeEach(async () => {
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.stubGlobal("document", Object.assign(new EventTarget(), { hidden: false, documentElement: { lang: "en" } }));
  vi.stubGlobal("navigator", { locks: locks() });
  vi.stubGlobal("addEventListener", () => undefined);
  ask.mockReset();
  ask.mockImplementation((method: string, given: { facts: SiteFacts; action: string; receipt: Receipt }) =>
    method === "receipt" ? receiptHolds(given.facts, given.action, given.receipt) : { body: '{"proved":"again"}' },
  );
  vi.resetModules();
  delivery = await import("../ui/delivery.ts");
  ({ ProverError } = await import("../ui/prover.ts"));
  ({ problemText } = await import("../ui/failures.ts"));
  database = await openDatabase();
  await writePersona(database, persona);
});

/** Delivers whatever is due, as every page does, until the entry is in the state. */
async function delivered(state: Entry["state"]): Promise<Entry> {
  delivery.startDelivery();
  return vi.waitFor(async () => {
    const found = (await readEntry(database, action))!;
    expect(found.state).toBe(state);
    return found;
  }, PATIENCE);
}

describe("sending", () => {
  test("what was accepted waits for its tick, with the site's signed promise kept", async () => {
    new Server({ [SUBMISSIONS]: [accepted] });
    await writeEntry(database, entry);
    expect(await delivery.deliverNow(action)).toMatchObject({ state: "accepted", due, receipt: receipt(), attempts: 0 });
    expect(await readPersona(database, thread)).toMatchObject({ joined: expect.any(Number) as number });
  });

  test.each([
    ["of somebody else's key", receipt({}, new Uint8Array(32).fill(8))],
    ["for another action", receipt({ action: thread })],
    ["with another tick", receipt({ due: "2026-05-01T10:10:00Z" })],
    ["that is no receipt", { state: "waiting" }],
  ])("an answer %s counts as none: the post stays here and is sent again", async (_what, forged) => {
    new Server({ [SUBMISSIONS]: [[202, forged], accepted] });
    await writeEntry(database, entry);
    expect(await delivery.deliverNow(action)).toMatchObject({ state: "waiting", unsigned: true, attempts: 1, receipt: null });
    expect(await delivery.deliverNow(action)).toMatchObject({ state: "accepted", unsigned: false });
  });

  test("a receipt by a key that the site has changed to is taken once the site has said so", async () => {
    new Server({ [SUBMISSIONS]: [accepted], "/api/v1/site": [[200, { ...site, receipt_key: "00".repeat(32) }], [200, site]] });
    await writeEntry(database, entry);
    expect(await delivery.deliverNow(action)).toMatchObject({ state: "accepted" });
  });

  test("without an answer it is tried again, later each time, but never later than in ten minutes", async () => {
    new Server({ [SUBMISSIONS]: [null] });
    await writeEntry(database, entry);
    let waits: number[] = [];
    for (let attempt = 1; attempt <= 12; attempt++) {
      const before = Date.now();
      const tried = (await delivery.deliverNow(action))!;
      expect(tried).toMatchObject({ state: "waiting", attempts: attempt, body: entry.body });
      waits = [...waits, tried.next - before];
    }
    expect(waits[0]).toBeLessThanOrEqual(5_100);
    expect(waits[11]).toBeGreaterThan(4 * 60_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10 * 60_000 + 100);
  });

  test.each([problem(503, "pool-full"), problem(500, "internal-error")])("%i passes by itself: nothing is refused", async (...answer) => {
    new Server({ [SUBMISSIONS]: [answer] });
    await writeEntry(database, entry);
    expect(await delivery.deliverNow(action)).toMatchObject({ state: "waiting", attempts: 1, refusal: null });
  });

  test("a refusal is kept with its words, and the post with it", async () => {
    new Server({ [SUBMISSIONS]: [problem(409, "persona-exists")] });
    await writeEntry(database, entry);
    expect(await delivery.deliverNow(action)).toMatchObject({ state: "refused", refusal: { code: "persona-exists" }, text: entry.text });
  });

  const RENEWABLE = ["superseded-root", "unknown-root", "join-required", "join-expired", "bans-changed", "stale-bans", "rate-used", "wrong-day", "banned"];

  test.each(RENEWABLE)("after %s it is proved again by itself, for now, and sent", async (code) => {
    const server = new Server({ [SUBMISSIONS]: [problem(409, code), accepted] });
    await writeEntry(database, entry);
    const before = Date.now();
    expect(await delivery.deliverNow(action)).toMatchObject({ state: "accepted", renewals: 1 });
    expect(server.sent).toEqual(["{}", '{"proved":"again"}']);
    const [, asked] = ask.mock.calls.find(([method]) => method === "renew")!;
    expect(asked).toMatchObject({ body: "{}", roster: "site", slotTaken: code === "rate-used" });
    expect(asked.sendAt).toBeGreaterThanOrEqual(before - 1_000); // the server's clock counts whole seconds
  });

  test("it is not proved again for ever: a site that never has enough is told so", async () => {
    const server = new Server({ [SUBMISSIONS]: [problem(409, "stale-bans")] });
    await writeEntry(database, entry);
    expect(await delivery.deliverNow(action)).toMatchObject({ state: "refused", renewals: 5, refusal: { code: "stale-bans" } });
    expect(server.sent).toHaveLength(6);
  });

  test("why it cannot be proved again is kept in the worker's own words", async () => {
    const banned = new ProverError("banned", "", { reason: "spam", until: "2026-05-20T00:00:00Z" });
    ask.mockImplementation(() => Promise.reject(banned));
    const server = new Server({ [SUBMISSIONS]: [problem(403, "banned")] });
    await writeEntry(database, entry);
    const refusal = { code: "banned", parameters: { reason: "spam", until: "2026-05-20T00:00:00Z" } };
    expect(await delivery.deliverNow(action)).toMatchObject({ state: "refused", refusal, text: entry.text });
    expect(problemText((await readEntry(database, action))!.refusal!)).toMatch(/until May 20, 2026.*the reason given is: spam/);
    expect(server.sent).toEqual(["{}"]);
  });

  test("who the member is in a thread is remembered though it cannot be proved again", async () => {
    await writePersona(database, { ...persona, joined: 5 });
    ask.mockImplementation(() => Promise.reject(new ProverError("banned", "", { reason: "spam", until: "2026-05-20T00:00:00Z" })));
    new Server({ [SUBMISSIONS]: [problem(409, "bans-changed")] });
    await writeEntry(database, entry);
    await delivery.deliverNow(action);
    expect(await readPersona(database, thread)).toMatchObject({ joined: 5, roster: "site" });
  });

  test("what proving again could not fetch passes by itself", async () => {
    ask.mockImplementation(() => Promise.reject(new ProverError("network")));
    new Server({ [SUBMISSIONS]: [problem(409, "stale-bans")] });
    await writeEntry(database, entry);
    expect(await delivery.deliverNow(action)).toMatchObject({ state: "waiting", attempts: 1, refusal: null });
  });

  test("who watches sees how proving again goes", async () => {
    new Server({ [SUBMISSIONS]: [problem(409, "bans-changed"), accepted] });
    await writeEntry(database, entry);
    const watch = vi.fn();
    await delivery.deliverNow(action, watch);
    expect(ask).toHaveBeenCalledWith("renew", expect.anything(), { progress: watch });
  });

  test("an entry that was thrown away is not sent", async () => {
    const server = new Server({ [SUBMISSIONS]: [accepted] });
    await writeEntry(database, entry);
    await removeEntry(database, action);
    expect(await delivery.deliverNow(action)).toBeNull();
    expect(server.sent).toEqual([]);
  });
});

describe("looking", () => {
  const waiting = { ...entry, state: "accepted", due, receipt: receipt() } satisfies Entry;

  test("what the server forgot before its tick is sent again, the very same", async () => {
    const server = new Server({ [STATE]: [[200, { state: "unknown" }], [200, { state: "published" }]], [SUBMISSIONS]: [accepted] });
    await writeEntry(database, waiting);
    await delivered("published");
    expect(server.sent).toEqual([entry.body]);
  });

  test("what waits for its tick is not sent again", async () => {
    const server = new Server({ [STATE]: [[200, { state: "waiting" }]] });
    await writeEntry(database, waiting);
    delivery.startDelivery();
    await vi.waitFor(async () => expect(await readEntry(database, action)).toMatchObject({ state: "accepted", attempts: 1 }), PATIENCE);
    expect(server.sent).toEqual([]);
  });

  test("what is put off by the writer's own delay is left alone", async () => {
    const server = new Server({ [SUBMISSIONS]: [accepted] });
    await writeEntry(database, { ...entry, next: Date.now() + 3_600_000 });
    delivery.startDelivery();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(server.sent).toEqual([]);
  });

  test("two tabs that deliver at once send it once", async () => {
    const server = new Server({ [SUBMISSIONS]: [accepted], [STATE]: [[200, { state: "waiting" }]] });
    await writeEntry(database, entry);
    vi.resetModules();
    const other = await import("../ui/delivery.ts");
    other.startDelivery();
    await delivered("accepted");
    expect(server.sent).toEqual([entry.body]);
  });
});
