/** Large rosters in the browser: the Python package's paths files, what is asked for, and what is refused. */
import { IDBFactory } from "fake-indexeddb";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openDatabase, type Database } from "../device/database.ts";
import { sha256 } from "../proofs/encoding.ts";
import { epochOfLeaves, epochOfPaths, pathIn, type Epoch } from "../proofs/epochs.ts";
import { parseHex, toHex } from "../proofs/field.ts";
import { LeanIMT } from "../proofs/leanimt.ts";
import { Mirror } from "../proofs/mirror.ts";
import { Paths, type Known, type Step } from "../proofs/paths.ts";
import { buildPoseidon, type Poseidon } from "../proofs/poseidon.ts";
import type { RosterStatement } from "../proofs/rosters.ts";
import { LogWatch } from "../proofs/log/watch.ts";
import { TestLog } from "./log.ts";
import vectors from "./paths_vectors.json";
import { facts, publish, ROSTER, type Published } from "./site.ts";

let poseidon: Poseidon;
let database: Database;
let log: TestLog;
beforeAll(async () => {
  poseidon = await buildPoseidon();
});
beforeEach(async () => {
  database = await openDatabase(new IDBFactory());
  log = TestLog.of(facts.site, 3);
});

const file = parseHex(vectors.file, vectors.file.length / 2, "file");
const epochs: Known[] = vectors.epochs.map((each) => ({ ...each, nodes: each.nodes.map(BigInt) }));
const statement = (paths: string): RosterStatement => ({
  site: facts.site, season: facts.season, roster: ROSTER, epoch: 3, label: null, root: BigInt(vectors.root), size: 640, live: 635,
  settled: 0, leaves: "", paths, journal: "", published: "2026-05-01",
});
type Next = Exclude<ReturnType<typeof epochOfPaths>, string>;
/** The leaves of the vectors' epochs. */
const leavesOf = (size: number, gone: readonly number[]): bigint[] => Array.from({ length: size }, (_, i) => (gone.includes(i) ? 0n : BigInt(1_000 + i)));

describe("a file of the Python package", () => {
  test("leads on from every epoch of its span, with those who are gone", () => {
    const paths = Paths.check(poseidon, statement(vectors.paths), file);
    expect(epochs.map((known) => (paths.step(known) as Step).gone.map(String))).toEqual(vectors.gone);
    expect((paths.step(epochs[1]!) as Step).joined).toEqual(leavesOf(640, []).slice(610));
    expect(paths.step({ ...epochs[0]!, epoch: 0 })).toBe("short");
    expect(paths.step({ ...epochs[0]!, epoch: -5 })).toBe("far");
    expect(paths.step({ ...epochs[0]!, epoch: 0, live: 900 })).toBe("many");
    expect(paths.step({ ...epochs[0]!, epoch: 0, live: 500 })).toBe("altered");
    expect(paths.step({ ...epochs[0]!, epoch: 4 })).toBe("altered");
    expect(paths.step({ ...epochs[0]!, live: 601 })).toBe("altered");
    expect(paths.step({ ...epochs[0]!, nodes: [5n, ...epochs[0]!.nodes.slice(1)] })).toBe("altered");
  });

  test("gives the path of a leaf whose tile is kept, and of one that is listed", () => {
    const paths = Paths.check(poseidon, statement(vectors.paths), file);
    const first = leavesOf(600, []);
    const kept = epochOfLeaves("1", { ...statement(""), epoch: 1, size: 600, live: 600 }, LeanIMT.build(poseidon, first), first, 1_300n);
    const next = (from: Epoch | null, commitment: bigint): Next => epochOfPaths("3", statement(vectors.paths), paths, from, commitment) as Next;
    const { found, removals } = next(kept, 1_300n);
    expect(removals).toEqual({ gone: 4, before: 600 });
    expect(found.members).toEqual(new Set(leavesOf(640, [3, 4, 259, 599, 605]).filter((leaf) => leaf !== 0n)));
    const path = pathIn(poseidon, found, 1_300n)!;
    expect([path.index, path.siblings.map(String), path.root.toString()]).toEqual([vectors.path.index, vectors.path.siblings, vectors.root]);
    expect(pathIn(poseidon, next(null, 1_620n).found, 1_620n)?.root.toString()).toBe(vectors.root);
    expect(next(null, 1_003n).found.tile).toBeNull();
  });

  test.each(Object.entries(vectors.bad))("is refused with another %s", (_name, [at, part]) => {
    const changed = file.slice();
    changed.set(parseHex(part as string, (part as string).length / 2, "part"), at as number);
    const check = (): unknown => Paths.check(poseidon, statement(toHex(sha256(changed))), changed);
    expect(check).toThrow(expect.objectContaining({ code: "bad-roster" }) as Error);
  });

  test("leads on from nowhere if it says of another leaf that it was removed", () => {
    const changed = file.slice();
    changed[36 + 96 + 128 * 32 + 39]! ^= 1; // the leaf that stood where the first removal was
    const paths = Paths.check(poseidon, statement(toHex(sha256(changed))), changed);
    expect([paths.step(epochs[0]!), paths.step(epochs[1]!)]).toEqual(["altered", expect.objectContaining({ gone: expect.anything() as unknown })]);
  });

  test.each([0, 35, file.length - 1])("is refused when it is cut to %i bytes, or longer than it says", (length) => {
    for (const changed of [file.slice(0, length), new Uint8Array([...file, 0])]) {
      expect(() => Paths.check(poseidon, statement(toHex(sha256(changed))), changed)).toThrow(expect.objectContaining({ code: "bad-roster" }) as Error);
    }
  });
});

describe("the mirror of a large roster", () => {
  const asked: string[] = [];
  /** A mirror for which three hundred are many. */
  function showing(published: Published, paths: Uint8Array<ArrayBuffer>): Mirror {
    const files = publish(poseidon, { log, ...published, paths });
    const fetcher = (url: string): Promise<Response> => {
      const kind = url.split("/")[2];
      if (kind === "paths" || kind === "leaves") asked.push(kind);
      return Promise.resolve(new Response(files.get(url) ?? null, { status: files.has(url) ? 200 : 404 }));
    };
    return new Mirror(fetcher, database, poseidon, new LogWatch(fetcher, database), 256);
  }
  beforeEach(() => asked.splice(0));
  const first = { leaves: leavesOf(600, []) };
  const third = { leaves: leavesOf(640, [3, 4, 259, 599, 605]), epoch: 3, serial: 3 };
  /** A file of the first epoch that leads on from nothing but itself. */
  const alone = (): Uint8Array<ArrayBuffer> => {
    const words = (numbers: readonly number[]): number[] => numbers.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
    const elements = (values: readonly bigint[]): number[] => values.flatMap((value) => [...parseHex(value.toString(16).padStart(64, "0"), 32, "element")]);
    const nodes = LeanIMT.build(poseidon, first.leaves).tileRoots();
    return Uint8Array.from([...new TextEncoder().encode("openmai/paths/v1"), ...words([1, 600, 1, 600, 0]), ...elements(nodes), ...elements(first.leaves.slice(512))]);
  };

  test("fetches the whole list once, and then only what changed", async () => {
    await showing(first, alone()).roster(facts, ROSTER, 1_300n);
    expect(asked).toEqual(["paths", "leaves"]);
    await showing({ ...first, serial: 2 }, alone()).roster(facts, ROSTER, 1_300n);
    expect(asked).toEqual(["paths", "leaves"]);
    const { path } = await showing(third, file).roster(facts, ROSTER, 1_300n);
    expect([asked, path?.index]).toEqual([["paths", "leaves", "paths"], vectors.path.index]);
  });

  test("keeps the own tile where nobody is looked for, and where an epoch is accepted", async () => {
    await showing(first, alone()).roster(facts, ROSTER, 1_300n);
    await showing(third, file).roster(facts, ROSTER); // as for a label
    asked.splice(0);
    await expect(showing({ ...third, serial: 4 }, file).roster(facts, ROSTER, 1_300n)).resolves.toMatchObject({ path: { index: vectors.path.index } });
    expect(asked).toEqual([]);
    for (const commitment of [null, 1_300n]) {
      await showing({ ...third, serial: 5 }, file).accept(facts, ROSTER, 3, commitment);
      asked.splice(0);
      await showing({ ...third, serial: 5 }, file).roster(facts, ROSTER, 1_300n);
      expect(asked).toEqual([]);
    }
  });

  test("fetches a small list whole", async () => {
    const files = publish(poseidon, { log, ...first, paths: alone() });
    const fetcher = (url: string): Promise<Response> => (asked.push(url), Promise.resolve(new Response(files.get(url) ?? null, { status: files.has(url) ? 200 : 404 })));
    await new Mirror(fetcher, database, poseidon).roster(facts, ROSTER, 1_300n);
    expect(asked.filter((url) => url.startsWith("/rosters/paths"))).toEqual([]);
  });

  test("needs no list for a newcomer, and tells a long absence by its name", async () => {
    await showing(third, file).roster(facts, ROSTER, 1_620n);
    expect(asked).toEqual(["paths"]);
    const later = showing({ ...first, epoch: 11, serial: 11 }, withEpoch(alone(), 11));
    await expect(later.roster(facts, ROSTER, 1_300n)).rejects.toMatchObject({ code: "roster-unchained", parameters: { roster: ROSTER, epoch: 11 } });
    await later.accept(facts, ROSTER, 11);
    await expect(later.roster(facts, ROSTER, 1_300n)).resolves.toMatchObject({ statement: { epoch: 11 } });
  });

  test("tells who stands nowhere, and asks for no list again", async () => {
    await expect(showing(first, alone()).roster(facts, ROSTER, 5n)).resolves.toMatchObject({ path: null });
    await expect(showing(third, file).roster(facts, ROSTER, 5n)).resolves.toMatchObject({ path: null });
    expect(asked).toEqual(["paths", "leaves", "paths"]);
    await expect(showing({ ...third, serial: 4 }, file).roster(facts, ROSTER, 1_003n)).resolves.toMatchObject({ path: null });
  });

  /** The first epoch with other members in so many places, from `from` on, and a file that says nothing of it. */
  function exchanged(from: number, count: number, since: number): [Published, Uint8Array<ArrayBuffer>] {
    const leaves = first.leaves.map((leaf, at) => (at >= from && at < from + count ? BigInt(at + 1) : leaf));
    const silent = withEpoch(alone(), 2);
    LeanIMT.build(poseidon, leaves).tileRoots().forEach((node, at) => silent.set(parseHex(node.toString(16).padStart(64, "0"), 32, "node"), 36 + 32 * at));
    silent.set([0, 0, 0, since], 24);
    return [{ leaves, epoch: 2, serial: 2 }, silent];
  }

  test.each([40, 2])("sees that %i members were exchanged without a word", async (count) => {
    await showing(first, alone()).roster(facts, ROSTER, 1_300n);
    await expect(showing(...exchanged(0, count, 1)).roster(facts, ROSTER, 1_300n)).rejects.toMatchObject({ code: "roster-altered", parameters: { roster: ROSTER } });
  });

  test("takes no exchange and no file that begins too late for a newcomer's absence", async () => {
    await showing(first, alone()).roster(facts, ROSTER, 1_590n); // who stands in the file, and never saw a list
    asked.splice(0);
    await expect(showing(...exchanged(0, 512, 1)).roster(facts, ROSTER, 1_590n)).rejects.toMatchObject({ code: "roster-altered" });
    expect(asked).toEqual(["paths"]);
    const [published, file] = exchanged(0, 512, 2);
    const late = showing({ ...published, serial: 3 }, file).roster(facts, ROSTER, 1_300n);
    await expect(late).rejects.toMatchObject({ code: "roster-cut-short", parameters: { roster: ROSTER } });
  });
});

function withEpoch(paths: Uint8Array<ArrayBuffer>, epoch: number): Uint8Array<ArrayBuffer> {
  const changed = paths.slice();
  changed.set([0, 0, 0, epoch], 16);
  changed.set([0, 0, 0, epoch], 24);
  return changed;
}
