/** What is kept on the device: secrets, backups, pins. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Database, openDatabase } from "../device/database.ts";
import { readOutbox, removeEntry, updateEntry, writeEntry, type Entry } from "../device/outbox.ts";
import { forgetUnjoined, markJoined, readPersona, writePersona } from "../device/personas.ts";
import { readCode, showCode } from "../proofs/backup.ts";
import type { Fetch } from "../proofs/artifacts.ts";
import { loadArtifacts } from "../proofs/artifacts.ts";
import { aliasOf } from "../proofs/alias.ts";
import { sha256 } from "../proofs/encoding.ts";
import { parseHex, toHex } from "../proofs/field.ts";
import { Mirror } from "../proofs/mirror.ts";
import { buildPoseidon, type Poseidon } from "../proofs/poseidon.ts";
import { Vault } from "../proofs/vault.ts";
import { TestLog } from "./log.ts";
import { facts, logged } from "./site.ts";
import vectors from "./vectors.json";

const random = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => crypto.getRandomValues(bytes);
let database: Database;
let poseidon: Poseidon;
let vault: Vault;

beforeAll(async () => {
  poseidon = await buildPoseidon();
});

beforeEach(async () => {
  database = await openDatabase(new IDBFactory());
  vault = new Vault(database, poseidon, random);
});

describe("the vault", () => {
  test("keeps one secret a season, sealed: what is stored holds neither the secret nor the recovery code", async () => {
    const made = await vault.create(facts);
    const secret = await vault.secret(facts);
    const stored = JSON.stringify(await database.all("secrets"), (_key, value: unknown) =>
      value instanceof ArrayBuffer ? new TextDecoder("latin1").decode(value) : value,
    );
    expect(stored).not.toContain(secret.toString());
    expect(stored).not.toContain(made.code);
    const key = await database.get<CryptoKey>("keys", "secrets");
    await expect(crypto.subtle.exportKey("raw", key!)).rejects.toThrow();
  });

  test("does not replace a secret by another one", async () => {
    const { commitment } = await vault.create(facts);
    await expect(vault.create(facts)).rejects.toMatchObject({ code: "identity-exists" });
    expect(await vault.identity(facts)).toMatchObject({ commitment, backedUp: false });
  });

  test("comes back from file and code, and only from both", async () => {
    const { code, file, commitment } = await vault.create(facts);
    await vault.forget(facts);
    await expect(vault.secret(facts)).rejects.toMatchObject({ code: "no-identity" });
    const other = showCode(random(new Uint8Array(16)));
    await expect(vault.restore(facts, file, other)).rejects.toMatchObject({ code: "wrong-recovery-code" });
    await expect(vault.restore(facts, "{}", code)).rejects.toMatchObject({ code: "bad-backup" });
    await expect(vault.restore({ ...facts, site: "other.example" }, file, code)).rejects.toMatchObject({ code: "bad-backup" });
    expect(await vault.restore(facts, file, ` ${code.toLowerCase().replaceAll("-", " ")} `)).toMatchObject({ commitment, backedUp: true });
  });

  test("a changed backup file does not open", async () => {
    const { code, file } = await vault.create(facts);
    await vault.forget(facts);
    const { data, ...rest } = JSON.parse(file) as { data: string };
    const changed = JSON.stringify({ ...rest, data: data.slice(0, -2) + (data.endsWith("00") ? "01" : "00") });
    await expect(vault.restore(facts, changed, code)).rejects.toMatchObject({ code: "wrong-recovery-code" });
    await expect(vault.restore(facts, JSON.stringify({ ...JSON.parse(file), season: "s1" }), code)).rejects.toMatchObject({ code: "wrong-recovery-code" });
  });

  test("a new recovery code opens the new file, the old one the old", async () => {
    const first = await vault.create(facts);
    const second = await vault.renewCode(facts);
    expect(await vault.backup(facts)).toBe(second.file);
    expect(await vault.confirmBackup(facts)).toMatchObject({ backedUp: true });
    await vault.forget(facts);
    await expect(vault.restore(facts, second.file, first.code)).rejects.toMatchObject({ code: "wrong-recovery-code" });
    await expect(vault.restore(facts, first.file, first.code)).resolves.toMatchObject({ commitment: first.commitment });
  });
});

describe("recovery codes", () => {
  test("are read as people write them", () => {
    const bytes = random(new Uint8Array(16));
    const code = showCode(bytes);
    expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(readCode(code.toLowerCase().replaceAll("0", "o").replaceAll("1", "l"))).toEqual(bytes);
  });

  test("a slip of the pen is noticed by the checksum", () => {
    const code = showCode(new Uint8Array(16).fill(7));
    for (const place of [0, 13, 20]) {
      const slip = code.slice(0, place) + (code[place] === "A" ? "B" : "A") + code.slice(place + 1);
      if (slip.replaceAll("-", "").length === 28) expect(() => readCode(slip)).toThrow(/wrong-recovery-code/);
    }
  });
});

describe("the mirror", () => {
  const leaves = parseHex(vectors.leaves_file, 40 * 32, "leaves");
  const statement = toHex(sha256(new TextEncoder().encode(vectors.envelope)));
  const files = new Map<string, BodyInit>([
    ...logged(new TextEncoder().encode(vectors.envelope) as Uint8Array<ArrayBuffer>, TestLog.of(facts.site, 3)),
    ["/rosters/index.json", vectors.index],
    [`/rosters/statements/${statement}.json`, vectors.envelope],
    [`/rosters/leaves/${toHex(sha256(leaves))}.bin`, leaves],
  ]);
  const serving =
    (changed: ReadonlyMap<string, BodyInit> = new Map()): Fetch =>
    (url) =>
      Promise.resolve(new Response(changed.get(url) ?? files.get(url) ?? null, { status: files.has(url) ? 200 : 404 }));
  const roster = "company/lumen-kitchens/provable";

  test("hands out a roster whose every part was checked, with the member's path", async () => {
    const mirror = new Mirror(serving(), database, poseidon);
    const stages: string[] = [];
    const checked = await mirror.roster(facts, roster, BigInt(vectors.commitment), ({ stage }) => stages.push(stage));
    expect(checked.path?.root).toBe(checked.statement.root);
    expect(stages).toContain("hashing");
  });

  test("refuses other leaves than the statement names", async () => {
    const forged = leaves.slice();
    forged[0]! ^= 1;
    const mirror = new Mirror(serving(new Map([[`/rosters/leaves/${toHex(sha256(leaves))}.bin`, forged]])), database, poseidon);
    const detail = expect.stringContaining("other content than its name says") as string;
    await expect(mirror.roster(facts, roster)).rejects.toMatchObject({ code: "bad-roster", detail });
  });

  test("refuses an older index than it has seen", async () => {
    await database.put("settings", `pins/${facts.site}`, { key: facts.roster_key, serial: 10 });
    await expect(new Mirror(serving(), database, poseidon).roster(facts, roster)).rejects.toMatchObject({ code: "roster-older" });
  });

  test("pins the roster key on first use, and says so when it changes, until the member trusts the new one", async () => {
    const mirror = new Mirror(serving(), database, poseidon);
    await mirror.roster(facts, roster);
    const other = { ...facts, roster_key: "11".repeat(32) };
    await expect(mirror.roster(other, roster)).rejects.toMatchObject({ code: "roster-key-changed" });
    await mirror.trust(other);
    await expect(mirror.roster(other, roster)).rejects.toMatchObject({ code: "bad-roster" });
    await mirror.trust(facts);
    await expect(mirror.roster(facts, roster)).resolves.toBeDefined();
  });

  test("refuses the index of another site, season or roster", async () => {
    const mirror = new Mirror(serving(), database, poseidon);
    const foreign = { code: "bad-roster", detail: "index of another site or season" };
    await expect(mirror.roster({ ...facts, season: "s229" }, roster)).rejects.toMatchObject(foreign);
    await expect(mirror.roster(facts, "site")).rejects.toMatchObject({ code: "roster-unknown" });
  });
});

test("proving artifacts are refused unless their hash is the pinned one", async () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const address = { url: "/a", sha256: toHex(sha256(bytes)), bytes: 3 };
  const addresses = { "semaphore-1.wasm": address, "semaphore-1.zkey": address };
  const from = (body: Uint8Array<ArrayBuffer>): Fetch => () => Promise.resolve(new Response(body));
  await expect(loadArtifacts(1, addresses, from(bytes), () => {})).resolves.toMatchObject({ depth: 1, wasm: bytes });
  for (const wrong of [[1, 2, 4], [1, 2], [1, 2, 3, 4]]) {
    await expect(loadArtifacts(1, addresses, from(new Uint8Array(wrong)), () => {})).rejects.toMatchObject({ code: "artifact-altered" });
  }
});

const alias = aliasOf(5n);
const entry = {
  action: "aa", thread: "bb", season: "s228", kind: "reply", section: null, title: null, text: "秘密的话", parent: null, roster: "site", rosterKind: "site", label: null, alias,
  body: "{}", joins: true, state: "waiting", created: 1, next: 2, attempts: 0, due: null, receipt: null, unsigned: false, refusal: null, renewals: 0,
} satisfies Entry;

describe("the outbox", () => {
  test("keeps entries as they are, sealed, until they are removed", async () => {
    await writeEntry(database, entry);
    expect(await readOutbox(database)).toEqual([entry]);
    await removeEntry(database, "aa");
    expect(await readOutbox(database)).toEqual([]);
  });

  test("an entry thrown away in another tab does not come back when this one has finished sending it", async () => {
    await writeEntry(database, entry);
    await removeEntry(database, "aa");
    expect(await updateEntry(database, { ...entry, state: "accepted" })).toBe(false);
    expect(await readOutbox(database)).toEqual([]);
  });
});

test("a persona is forgotten only if it never came to be", async () => {
  const note = { thread: "bb", season: "s228", roster: "site", kind: "site", label: null, alias, key: "00", joined: null } as const;
  await writePersona(database, note);
  expect(await readPersona(database, "bb")).toEqual(note);
  await forgetUnjoined(database, "bb");
  expect(await readPersona(database, "bb")).toBeUndefined();
  await writePersona(database, note);
  await markJoined(database, "bb", 7);
  await forgetUnjoined(database, "bb");
  expect(await readPersona(database, "bb")).toMatchObject({ joined: 7 });
});
