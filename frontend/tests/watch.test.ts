/** What the browser believes of the site's log: one history, signed by one key, whoever asks. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, test } from "vitest";
import { openDatabase, type Database } from "../device/database.ts";
import { fingerprint } from "../proofs/encoding.ts";
import { parseHex, toHex } from "../proofs/field.ts";
import { carried, openCheckpoint } from "../proofs/log/checkpoint.ts";
import { readEvidence, type Evidence } from "../proofs/log/evidence.ts";
import { cosignatureOf, parseNote, verifierKey } from "../proofs/log/note.ts";
import { LogWatch } from "../proofs/log/watch.ts";
import { isConsistent } from "../proofs/log/tree.ts";
import type { SiteFacts } from "../proofs/messages.ts";
import { line, signerOf, TestLog, TestServer } from "./log.ts";
import { facts } from "./site.ts";

const utf8 = new TextEncoder();
const site = facts.site;
const THREAD = "ab".repeat(32);
const TODAY = Date.parse("2026-05-01T23:00:00Z");
let database: Database;
let server: TestServer;
let watch: LogWatch;

beforeEach(async () => {
  database = await openDatabase(new IDBFactory());
  server = new TestServer(new Map());
  watch = new LogWatch(server.fetch, database);
});

const grown = (entries: number): TestLog => TestLog.of(site, entries);
/** A log with the same beginning, that goes on differently after `common` entries. */
function forked(common: number, entries: number): TestLog {
  const log = grown(common);
  for (let i = common; i < entries; i++) log.append(`another entry ${i}`);
  return log;
}
const show = (log: TestLog, size = log.size): void => void (server.files = log.files(size));
const evidence = async (): Promise<Evidence> => JSON.parse((await readEvidence(database, facts))!) as Evidence;

describe("a log that grows", () => {
  test("is followed from head to head, across the edges of tiles", async () => {
    const log = grown(1_000);
    for (const size of [1, 2, 255, 256, 257, 300, 512, 700, 1_000]) {
      show(log, size);
      await expect(watch.open(facts)).resolves.toMatchObject({ head: { size } });
    }
    expect(await readEvidence(database, facts)).toBeNull();
  });

  test("is known to the next page, too", async () => {
    show(grown(300));
    await watch.open(facts);
    show(forked(200, 400));
    await expect(new LogWatch(server.fetch, database).open(facts)).rejects.toMatchObject({ code: "log-forked" });
  });

  test("is asked for the same whole tiles by everybody who knew the same, and full tiles once", async () => {
    const log = grown(700);
    const asks = async (): Promise<string[]> => {
      const [own, seen] = [await openDatabase(new IDBFactory()), new TestServer(log.files(300))];
      await new LogWatch(seen.fetch, own).open(facts);
      seen.files = log.files();
      await (await new LogWatch(seen.fetch, own).open(facts)).leaf(17);
      await (await new LogWatch(seen.fetch, own).open(facts)).leaf(18);
      return seen.asked;
    };
    const asked = await asks();
    expect(await asks()).toEqual(asked);
    expect(asked.filter((url) => url === "/log/tile/0/000")).toHaveLength(1);
    expect(asked.filter((url) => url.startsWith("/log/tile/0/")).every((url) => /\/\d{3}(\.p\/(44|188))?$/.test(url))).toBe(true);
  });

  test("is opened although a tick passes between its head and its tiles", async () => {
    const log = grown(400);
    show(log, 300);
    const before = server.files.get("/log/checkpoint")!;
    show(log, 310);
    const late = new TestServer(server.files);
    const fetch = (url: string): Promise<Response> => {
      const stale = url === "/log/checkpoint" && late.asked.length === 0;
      const answer = late.fetch(url);
      return stale ? Promise.resolve(new Response(before)) : answer;
    };
    await expect(new LogWatch(fetch, database).open(facts)).resolves.toMatchObject({ head: { size: 310 } });
  });

  test("may have filled up a tile that is asked for", async () => {
    const log = grown(600);
    show(log, 300);
    const partial = server.files;
    partial.set("/log/tile/0/001", log.files().get("/log/tile/0/001")!);
    partial.delete("/log/tile/0/001.p/44");
    await expect(watch.open(facts)).resolves.toMatchObject({ head: { size: 300 } });
  });

  test("that is nowhere is no log", async () => {
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "server", parameters: { status: 404 } });
  });
});

describe("a fork", () => {
  test.each([300, 256])("is refused, with both signed heads and the proof that they contradict each other, at size %i", async (size) => {
    const [log, other] = [grown(size), forked(200, 400)];
    show(log);
    await watch.open(facts);
    show(other);
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-forked", parameters: { seen: size } });
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-forked" }); // asking again accepts nothing
    const kept = await evidence();
    expect(kept).toMatchObject({ kind: "fork", site, origin: `${site}/log`, seen: log.checkpoint(), offered: other.checkpoint() });
    // What a stranger does with it: both are signed, and the offered log's own beginning is not what was seen.
    const [seen, offered] = [kept.seen, kept.offered!].map((text) => openCheckpoint(utf8.encode(text), log.signer));
    const path = kept.consistency!.map((hash) => parseHex(hash, 32, "hash"));
    const beginning = { size: seen!.size, root: parseHex(kept.root, 32, "root") };
    expect(isConsistent(beginning, offered!, path)).toBe(true);
    expect(isConsistent(seen!, offered!, path)).toBe(false);
  });

  test("of the same size is seen by the roots alone", async () => {
    show(grown(300));
    await watch.open(facts);
    server.files = new Map([["/log/checkpoint", utf8.encode(forked(299, 300).checkpoint()) as Uint8Array<ArrayBuffer>]]);
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-forked" });
  });

  test("of the last entry is enough", async () => {
    show(grown(300));
    await watch.open(facts);
    show(forked(299, 900));
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-forked" });
  });

  test("names the witnesses who countersigned both", async () => {
    const [honest, both] = [signerOf("witness.example/honest", 3), signerOf("witness.example/both", 4)];
    const shown: SiteFacts = { ...facts, log: { ...facts.log, witnesses: [honest, both].map((witness) => verifierKey(witness, 4)), quorum: 1 } };
    const withWitnesses = (log: TestLog, signers: ReturnType<typeof signerOf>[]): TestLog => {
      const copy = new TestLog(log.signer, signers);
      for (const entry of log.entries) copy.append(entry);
      return copy;
    };
    show(withWitnesses(grown(300), [honest, both]));
    await watch.open(shown);
    show(withWitnesses(forked(200, 400), [both]));
    await expect(watch.open(shown)).rejects.toMatchObject({ code: "log-forked" });
    expect(await evidence()).toMatchObject({ cosigned: ["witness.example/both"] });
  });

  test("is not forgotten when the old log is shown again", async () => {
    show(grown(300));
    await watch.open(facts);
    show(forked(200, 400));
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-forked" });
    show(grown(300), 250);
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-older" });
    expect((await evidence()).kind).toBe("fork");
    show(grown(300));
    await expect(watch.open(facts)).resolves.toBeDefined();
    expect((await evidence()).kind).toBe("fork");
  });
});

describe("witnesses", () => {
  const [first, second] = [signerOf("witness.example/w1", 3), signerOf("witness.example/w2", 4)];
  const asked = (quorum: number): SiteFacts => ({ ...facts, log: { ...facts.log, witnesses: [first, second].map((witness) => verifierKey(witness, 4)), quorum } });
  const witnessed = (...signers: ReturnType<typeof signerOf>[]): TestLog => {
    const log = new TestLog(grown(0).signer, signers);
    for (let i = 0; i < 10; i++) log.append(`entry ${i}`);
    return log;
  };

  test("must be as many as the site asks for", async () => {
    show(witnessed(first));
    await expect(watch.open(asked(2))).rejects.toMatchObject({ code: "log-unwitnessed", parameters: { found: 1, quorum: 2 } });
    show(witnessed(first, second));
    await expect(watch.open(asked(2))).resolves.toBeDefined();
  });

  test("are those first seen: fewer or others need the member's consent", async () => {
    show(witnessed(first));
    await expect(watch.open(asked(2))).rejects.toMatchObject({ code: "log-unwitnessed" });
    await expect(watch.open(asked(1))).rejects.toMatchObject({ code: "log-witnesses-changed" });
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-witnesses-changed", parameters: { offered: "0/0" } });
    await watch.trust(asked(1));
    await expect(watch.open(asked(1))).resolves.toBeDefined();
  });

  test("count by their keys, and not by their names", async () => {
    const twice = { ...first, name: "witness.example/again" };
    show(witnessed(first, twice));
    const log = { ...facts.log, witnesses: [first, twice].map((witness) => verifierKey(witness, 4)), quorum: 2 };
    await expect(watch.open({ ...facts, log })).rejects.toMatchObject({ code: "log-unwitnessed", parameters: { found: 1 } });
  });

  test("whose signature does not hold spoil the head that bears it", async () => {
    show(witnessed(second));
    const text = new TextDecoder().decode(server.files.get("/log/checkpoint")!);
    server.files.set("/log/checkpoint", utf8.encode(`${text}${line(first, 4, new Uint8Array(72))}`) as Uint8Array<ArrayBuffer>);
    expect(cosignatureOf(parseNote(server.files.get("/log/checkpoint")!), first)).toBe("broken");
    await expect(watch.open(asked(1))).rejects.toMatchObject({ code: "log-unsigned" });
  });
});

test("a roll-back is refused, with both heads", async () => {
  const log = grown(300);
  show(log);
  await watch.open(facts);
  show(log, 299);
  await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-older", parameters: { seen: 300, offered: 299 } });
  expect(await evidence()).toMatchObject({ kind: "rollback", seen: log.checkpoint(), offered: log.checkpoint(299), consistency: null });
});

describe("the log's key", () => {
  const other = new TestLog(signerOf(`${site}/log`, 99));
  for (let i = 0; i < 300; i++) other.append(`entry ${i}`);

  test("is the first one seen: another one needs the member's consent", async () => {
    show(grown(200));
    await watch.open(facts);
    const changed = { ...facts, log: other.facts };
    show(other);
    await expect(watch.open(changed)).rejects.toMatchObject({
      code: "log-key-changed",
      parameters: { pinned: fingerprint(toHex(grown(0).signer.key)), offered: fingerprint(toHex(other.signer.key)) },
    });
    await watch.trust(changed);
    await expect(watch.open(changed)).resolves.toMatchObject({ head: { size: 300 } });
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-key-changed" });
  });

  test("that is new and trusted is still no leave to tell another history", async () => {
    show(grown(200));
    await watch.open(facts);
    const retold = new TestLog(other.signer);
    for (let i = 0; i < 300; i++) retold.append(`another entry ${i}`);
    const changed = { ...facts, log: retold.facts };
    await watch.trust(changed);
    show(retold);
    await expect(watch.open(changed)).rejects.toMatchObject({ code: "log-forked" });
  });

  test("is the only one that may sign", async () => {
    show(grown(200));
    await watch.open(facts);
    show(other);
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-unsigned" });
    const body = grown(250).body();
    server.files.set("/log/checkpoint", utf8.encode(`${body}\n${line(signerOf("other.example/log", 7), 1, new Uint8Array(64))}`) as Uint8Array<ArrayBuffer>);
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-unsigned" });
  });

  test("belongs to this site's log", async () => {
    const odd = { ...facts, log: { ...facts.log, origin: "other.example/log" } };
    await expect(watch.open(odd)).rejects.toMatchObject({ code: "log-malformed" });
    const borrowed = { ...facts, log: { ...facts.log, key: new TestLog(signerOf("other.example/log", 7)).facts.key } };
    await expect(watch.open(borrowed)).rejects.toMatchObject({ code: "log-malformed" });
    const { log: _none, ...without } = facts;
    await expect(watch.open(without as SiteFacts)).rejects.toMatchObject({ code: "log-malformed" });
  });
});

describe("a tile with one byte changed", () => {
  const change = (path: string): void => void server.files.set(path, server.files.get(path)!.map((byte, i) => (i === 40 ? byte ^ 1 : byte)));

  test("is refused by its name", async () => {
    show(grown(700));
    change("/log/tile/0/002.p/188");
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-altered", parameters: { tile: expect.stringContaining("tile/0/002.p/188") } });
    show(grown(700));
    change("/log/tile/0/000");
    const tree = await watch.open(facts);
    await expect(tree.leaf(5)).rejects.toMatchObject({ code: "log-altered", parameters: { tile: "tile/0/000" } });
  });

  test("is fetched anew if it was the device's own copy", async () => {
    show(grown(700));
    await (await watch.open(facts)).leaf(5);
    await database.put("tiles", `${site}/tile/0/000`, new Uint8Array(8192));
    await expect((await new LogWatch(server.fetch, database).open(facts)).leaf(5)).resolves.toBeDefined();
    expect(await database.get("tiles", `${site}/tile/0/000`)).toEqual(server.files.get("/log/tile/0/000"));
  });

  test("too long or too short is none", async () => {
    show(grown(700));
    server.files.set("/log/tile/0/002.p/188", new Uint8Array(32 * 187));
    await expect(watch.open(facts)).rejects.toMatchObject({ code: "log-altered" });
  });
});

describe("the heads that the voices of a thread carry", () => {
  const head = (log: TestLog, size: number): string => carried({ size, root: log.root(size) });

  test("agree with a log that they all see", async () => {
    const log = grown(700);
    show(log);
    await expect(watch.checkThread(facts, THREAD, [head(log, 3), head(log, 256), head(log, 700)], TODAY)).resolves.toBeUndefined();
    server.asked.length = 0;
    await watch.checkThread(facts, THREAD, [], TODAY);
    expect(server.asked).toEqual([]);
  });

  test("show a fork in public, and it is kept", async () => {
    show(grown(700));
    const foreign = head(forked(200, 400), 300);
    await expect(watch.checkThread(facts, THREAD, [head(grown(700), 3), foreign], TODAY)).rejects.toMatchObject({ code: "thread-log-differs", parameters: { seen: 700 } });
    expect(await evidence()).toMatchObject({ kind: "thread", seen: grown(700).checkpoint(), offered: null, thread: THREAD, claimed: foreign });
  });

  test("beyond the newest head cannot be compared yet, and nobody is accused", async () => {
    show(grown(700));
    const ahead = { code: "log-behind", parameters: { carried: 701, shown: 700 } };
    await expect(watch.checkThread(facts, THREAD, [head(grown(701), 701)], TODAY)).rejects.toMatchObject(ahead);
    expect(await readEvidence(database, facts)).toBeNull();
    show(grown(701));
    await expect(watch.checkThread(facts, THREAD, [head(grown(701), 701)], TODAY)).resolves.toBeUndefined();
  });

  test("are compared, all that can be, before one that is ahead is told", async () => {
    show(grown(700));
    const foreign = head(forked(200, 400), 300);
    const padded = watch.checkThread(facts, THREAD, [head(grown(701), 701), foreign], TODAY);
    await expect(padded).rejects.toMatchObject({ code: "thread-log-differs" });
    expect(await evidence()).toMatchObject({ kind: "thread", claimed: foreign });
  });

  test("are compared with the newest head, asked for past every cache", async () => {
    show(grown(700));
    await watch.open(facts);
    const fresh = new LogWatch((url, past) => {
      if (past === true) show(grown(701));
      return server.fetch(url);
    }, database);
    await expect(fresh.checkThread(facts, THREAD, [head(grown(701), 701)], TODAY)).resolves.toBeUndefined();
  });

  test("that stay ahead for more than a day are of another log", async () => {
    show(grown(700));
    const [claim, other] = [head(forked(200, 800), 701), head(forked(300, 800), 701)];
    const later = (days: number, claimed = claim): Promise<void> => watch.checkThread(facts, THREAD, [claimed], TODAY + days * 86_400_000);
    for (const days of [0, 1]) await expect(later(days)).rejects.toMatchObject({ code: "log-behind" });
    await expect(later(2, other)).rejects.toMatchObject({ code: "log-behind" }); // seen today for the first time
    expect(await evidence()).toBeNull();
    await expect(later(2)).rejects.toMatchObject({ code: "thread-log-differs" });
    expect(await evidence()).toMatchObject({ kind: "thread", seen: grown(700).checkpoint(), claimed: claim });
    show(grown(701));
    await expect(later(3)).rejects.toMatchObject({ code: "thread-log-differs" });
  });

  test("have one form", async () => {
    show(grown(700));
    await expect(watch.checkThread(facts, THREAD, [""], TODAY)).rejects.toMatchObject({ code: "log-malformed" });
  });
});
