/** Rows 7 and 10 of the threat model's table of attacks, for the browser's code; tests/anonymity has all rows. */
import "fake-indexeddb/auto";
import { Base8, mulPointEscalar } from "@zk-kit/baby-jubjub";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openDatabase, type StoreName } from "../device/database.ts";
import { unseal, type SealedBox } from "../device/sealed.ts";
import { writeEntry } from "../device/outbox.ts";
import { openBackup, readCode, sealBackup, showCode } from "../proofs/backup.ts";
import { be32, le32, toBase64Url, toHex } from "../proofs/field.ts";
import { buildPoseidon } from "../proofs/poseidon.ts";
import type { Spoken } from "../proofs/messages.ts";
import { isShown } from "../ui/shown.ts";
import { COMPANY, facts, publish, ROSTER, TODAY, Worker } from "./site.ts";
import vectors from "./vectors.json";

const secret = BigInt(vectors.secret);
const code = new Uint8Array(16).fill(3);
const backup = sealBackup({ site: facts.site, season: facts.season, secret }, code, (bytes) => bytes.fill(5));
const others = Array.from({ length: 40 }, (_, i) => BigInt(i + 1));
let worker: Worker;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: TODAY });
  worker = await Worker.start(publish(await buildPoseidon(), { leaves: [...others, BigInt(vectors.commitment)] }));
  await worker.ask("restore", { facts, file: backup, code: showCode(code) });
});
afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const replyTo = (thread: string, opening: unknown): Promise<Spoken> =>
  worker.ask("speak", { facts, draft: { kind: "reply", thread, parent: null, body: "Same here", opening, checkpoints: [] }, roster: ROSTER, now: Date.now(), sendAt: Date.now() });

describe("test_7: a thread id reused for other content", () => {
  test.each([
    ["another title", { ...vectors.opening, title: "Another title" }],
    ["another nonce", { ...vectors.opening, nonce: "11".repeat(16) }],
    ["another season", { ...vectors.opening, season: "s227" }],
    ["a reply", vectors.reply],
  ])("is refused before anything is proved, signed or kept: %s", async (_what, opening) => {
    const before = worker.fetched.length;
    await expect(replyTo(vectors.opening_id, opening)).rejects.toMatchObject({ code: "thread-altered" });
    expect(worker.fetched).toHaveLength(before);
    expect(await (await openDatabase()).all("personas")).toEqual([]);
  });

  test("a reply's id is no thread, even if the content is the reply", async () => {
    await expect(replyTo(vectors.reply_id, vectors.reply)).rejects.toMatchObject({ code: "thread-altered" });
  });

  test("is refused by the page, too, when it shows other words than those of the id", () => {
    const page = (title: string, body: string, posts = true): ParentNode => {
      const texts: Record<string, string> = { h1: title, ".post-body": body };
      const opening = { querySelector: (selector: string) => ({ textContent: texts[selector] }) };
      return { querySelector: () => (posts ? opening : null) } as unknown as ParentNode;
    };
    const { title, body } = vectors.opening;
    expect(isShown(vectors.opening, page(` ${title}\n`, body.replace("\n", " \n ")))).toBe(true);
    expect(isShown(vectors.opening, page("Another title", body))).toBe(false);
    expect(isShown(vectors.opening, page(title, "Other words"))).toBe(false);
    expect(isShown(vectors.opening, page("", "", false))).toBe(true);
  });
});

/** Everything in a value as one text: bytes in hexadecimal and as text, numbers in decimal. */
function spellOut(value: unknown): string {
  if (value instanceof ArrayBuffer) return spellOut(new Uint8Array(value));
  if (value instanceof Uint8Array) return `${toHex(value)} ${new TextDecoder("latin1").decode(value)}`;
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value).map(([name, each]) => `${name} ${spellOut(each)}`).join("\n");
}

/** Every record of the device's database with its key, the sealed ones opened. */
async function everythingKept(): Promise<string> {
  const [opened, raw] = [await openDatabase(), await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open("openmai");
    request.onsuccess = () => resolve(request.result);
  })];
  const found: unknown[] = [];
  const isBox = (value: unknown): value is SealedBox => typeof value === "object" && value !== null && "iv" in value && "data" in value;
  for (const store of [...raw.objectStoreNames] as StoreName[]) {
    const keys = await new Promise<IDBValidKey[]>((resolve) => {
      const request = raw.transaction(store).objectStore(store).getAllKeys();
      request.onsuccess = () => resolve(request.result);
    });
    for (const key of keys as string[]) {
      const record = await opened.get<Record<string, unknown>>(store, key);
      const boxes = [record, ...Object.values(record ?? {})].filter(isBox);
      found.push(store, key, record, ...(await Promise.all(boxes.map((box) => unseal(opened, store, key, box)))));
    }
  }
  return spellOut(found);
}

const spellings = (number: bigint): string[] => [number.toString(), toHex(be32(number)), toHex(le32(number)), toBase64Url(be32(number)), toBase64Url(le32(number)), number.toString(16)];

describe("test_10: the public key, once published, yields the secret to a future machine", () => {
  const key = mulPointEscalar(Base8, secret);
  let spoken: Spoken[];

  beforeAll(async () => {
    // Whatever a member does: look, enrol, make a backup, open a thread, answer, prove again, send.
    await worker.ask("identities", { facts });
    await worker.ask("enrol", { facts, ticket: vectors.enrolment.ticket });
    await worker.ask("renewCode", { facts });
    await worker.ask("confirmBackup", { facts });
    await worker.ask("backup", { facts });
    const { roster } = await worker.ask("crowd", { facts, company: COMPANY });
    const draft = { kind: "opening", section: "work", title: "Overtime", body: "Again" } as const;
    const opened = await worker.ask("speak", { facts, draft, roster, now: Date.now(), sendAt: Date.now() });
    await worker.ask("alias", { facts, thread: opened.thread });
    const { content } = JSON.parse(opened.body) as { content: unknown };
    const renewed = await worker.ask("renew", { facts, body: opened.body, roster, sendAt: Date.now(), slotTaken: false });
    spoken = [opened, renewed, await replyTo(opened.thread, content)];
    const { action, thread, season, body, persona } = opened;
    await writeEntry(await openDatabase(), {
      action, thread, season, body, kind: "opening", section: "work", title: "Overtime", text: "Again", parent: null, roster, rosterKind: persona.kind, label: persona.label,
      alias: persona.alias, joins: true, state: "waiting", created: 1, next: 2, attempts: 0, due: null, receipt: null, unsigned: false, refusal: null, renewals: 0,
    });
  });

  test.each([["Ax", 0], ["Ay", 1]] as const)("%s is in no message of the worker, no submission, no record and no backup", async (_name, coordinate) => {
    const told = spellOut([worker.told, spoken.map(({ body }) => body), worker.fetched]);
    const kept = await everythingKept();
    // The search finds what is there: the commitment is told, and the secret lies in a sealed record.
    expect(told).toContain(vectors.commitment);
    expect(kept).toContain(vectors.secret);
    for (const spelling of spellings(key[coordinate])) {
      expect(told).not.toContain(spelling);
      expect(kept).not.toContain(spelling);
    }
  });

  test("the backup file holds the secret and not one field more", async () => {
    const made = await worker.ask("renewCode", { facts });
    // What is sealed is refused unless it is this one field in canonical JSON; the rest lies open.
    expect(openBackup(made.file, readCode(made.code))).toEqual({ site: facts.site, season: facts.season, secret });
    expect(Object.keys(JSON.parse(made.file) as object).sort()).toEqual(["data", "iv", "salt", "season", "site", "type"]);
    for (const spelling of [...spellings(key[0]), ...spellings(key[1])]) expect(made.file).not.toContain(spelling);
  });

  test("the secret itself is in no message, and the submissions hold what the protocol names", () => {
    for (const spelling of spellings(secret)) expect(spellOut(worker.told)).not.toContain(spelling);
    for (const { body } of spoken) {
      const submission = JSON.parse(body) as { join: object };
      expect(Object.keys(submission).sort()).toEqual(["content", "join", "key", "signature", "version"]);
      expect(Object.keys(submission.join).sort()).toEqual(["checkpoint", "gate", "nullifier", "proof", "root", "roster"]);
    }
  });
});
