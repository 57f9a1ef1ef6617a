/** A talk site for tests: rosters signed by the vectors' key, proving files, and the worker that asks for them. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { IDBFactory } from "fake-indexeddb";
import { vi } from "vitest";
import { canonicalJson, sha256 } from "../proofs/encoding.ts";
import { be32, concat, toHex } from "../proofs/field.ts";
import { LeanIMT } from "../proofs/leanimt.ts";
import { toBase64 } from "../proofs/log/note.ts";
import type { Method, Methods, Reply, Request, SiteFacts } from "../proofs/messages.ts";
import type { Poseidon } from "../proofs/poseidon.ts";
import type { IndexEntry } from "../proofs/rosters.ts";
import { artifact } from "./files.ts";
import { TestLog } from "./log.ts";
import { gateFacts, gateServed, gateWasm, stand } from "./gate.ts";
import vectors from "./vectors.json";

export const COMPANY = "lumen-kitchens";
export const ROSTER = `company/${COMPANY}/provable`;
export const facts: SiteFacts = {
  site: vectors.site, season: vectors.season, floor: 20, roster_key: vectors.roster_key, receipt_key: vectors.roster_key,
  gate: gateFacts(), log: TestLog.of(vectors.site).facts,
};
/** A day of the vectors' season. */
export const TODAY = new Date("2026-05-01T12:00:00Z");

/** The seed of the vectors' roster key (tests/anonymity/frontend_vectors.py). */
const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);

function sign(tag: string, statement: unknown): Uint8Array<ArrayBuffer> {
  const signature = ed25519.sign(concat(new TextEncoder().encode(`openmai/v1/${tag}\0`), canonicalJson(statement)), SEED);
  return canonicalJson({ key: vectors.roster_key, signature: toHex(signature), statement });
}

export interface Published {
  readonly leaves: readonly bigint[];
  readonly epoch?: number;
  readonly serial?: number;
  readonly settled?: number;
  /** A shard of the company's roster. */
  readonly shard?: `#${number}`;
  /** What the statement says of it, where its leaves are never looked at. */
  readonly size?: number;
  readonly season?: string;
  readonly paths?: Uint8Array<ArrayBuffer>;
  /** The site's log so far; the epoch is appended to it. */
  readonly log?: TestLog;
}

/** The mirror's files for one epoch of the vectors' company, and the log that holds it. */
export function publish(poseidon: Poseidon, { leaves, epoch = 1, serial = 1, settled, shard, size, season = facts.season, paths = new Uint8Array(), log = TestLog.of(facts.site, 3) }: Published): Map<string, Uint8Array<ArrayBuffer>> {
  const file = concat(...leaves.map(be32));
  const live = leaves.filter((leaf) => leaf !== 0n).length;
  const statement = sign("roster-statement", {
    type: "openmai/roster/v1", site: facts.site, season, roster: `${ROSTER}${shard ?? ""}`, epoch,
    label: { slug: COMPANY, en: "Lumen Kitchens", zh: "流明厨房" },
    root: LeanIMT.build(poseidon, leaves).root.toString(), size: size ?? leaves.length, live, settled: settled ?? live,
    leaves: toHex(sha256(file)), paths: toHex(sha256(paths)), journal: "00".repeat(32), published: "2026-05-01",
  });
  const name = toHex(sha256(statement));
  return new Map([
    ["/rosters/index.json", signIndex([{ roster: `${ROSTER}${shard ?? ""}`, epoch, statement: name }], serial, season)],
    [`/rosters/statements/${name}.json`, statement],
    [`/rosters/leaves/${toHex(sha256(file))}.bin`, file],
    [`/rosters/paths/${toHex(sha256(paths))}.bin`, paths],
    ...logged(statement, log),
  ]);
}

export const signIndex = (rosters: readonly IndexEntry[], serial: number, season = facts.season): Uint8Array<ArrayBuffer> =>
  sign("roster-index", { type: "openmai/roster-index/v1", site: facts.site, season, serial, rosters });

/** Where an epoch stands in the log, as the site lists it. */
export interface Place {
  readonly index: number;
  readonly size: number;
  readonly root: string;
}

/** The log's files, and the list of rosters that says where this epoch, now appended, stands. */
export function logged(envelope: Uint8Array<ArrayBuffer>, log: TestLog): Map<string, Uint8Array<ArrayBuffer>> {
  const { statement } = JSON.parse(new TextDecoder().decode(envelope)) as { statement: { roster: string; epoch: number } };
  const place = logEpoch(log, envelope);
  return new Map([...log.files(), ["/api/v1/rosters", listed(statement.epoch, place, statement.roster)]]);
}

/** Appends the epoch's entry, and what ends an addition; returns the head between them. */
function logEpoch(log: TestLog, envelope: Uint8Array<ArrayBuffer>): Place {
  const document = JSON.parse(new TextDecoder().decode(envelope)) as { statement: Record<string, unknown> };
  const { site, season, roster, epoch, root } = document.statement;
  const index = log.append(canonicalJson({ type: "openmai/log/roster/v1", site, season, roster, epoch, root, statement: toHex(sha256(envelope)), envelope: document }));
  stand(log);
  return { index, size: index + 1, root: toBase64(log.root(index + 1)) };
}

export const listed = (epoch: number, log: Place | null, roster = ROSTER): Uint8Array<ArrayBuffer> => canonicalJson({ rosters: [{ roster, epoch, log }] });

/** What a page asks and is told: the worker itself, started anew with an empty device. */
export class Worker {
  /** Everything that the worker has sent to the page. */
  readonly told: Reply[] = [];
  readonly fetched: string[] = [];
  private count = 0;
  private receive: (event: { data: Request }) => void = () => undefined;

  static async start(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Promise<Worker> {
    const worker = new Worker();
    const [addresses, served] = provingFiles();
    vi.resetModules();
    vi.stubGlobal("indexedDB", new IDBFactory());
    vi.stubGlobal("__ARTIFACTS__", addresses);
    vi.stubGlobal("postMessage", (reply: Reply) => worker.told.push(structuredClone(reply)));
    vi.stubGlobal("addEventListener", (_type: string, listener: Worker["receive"]) => (worker.receive = listener));
    vi.stubGlobal("fetch", (url: string) => {
      worker.fetched.push(url);
      const body = files.get(url) ?? served.get(url);
      return Promise.resolve(new Response(body ?? null, { status: body === undefined ? 404 : 200 }));
    });
    await import("../proofs/worker.ts");
    return worker;
  }

  /** Resolves with the result; rejects with the worker's refusal as it is told to the page. */
  async ask<M extends Method>(method: M, parameters: Methods[M]["parameters"]): Promise<Methods[M]["result"]> {
    const id = ++this.count;
    this.receive({ data: structuredClone({ id, method, parameters }) });
    const reply = await vi.waitFor(
      () => {
        const found = this.told.find((each) => each.id === id && (each.kind === "result" || each.kind === "error"));
        if (found === undefined) throw new Error(`no answer to ${method}`);
        return found;
      },
      { timeout: 60_000, interval: 20 },
    );
    if (reply.kind === "error") throw reply;
    return (reply as { result: unknown }).result as Methods[M]["result"];
  }
}

function provingFiles(): [Record<string, unknown>, Map<string, Uint8Array<ArrayBuffer>>] {
  const names = [1, 20].flatMap((depth) => ["wasm", "zkey"].map((kind) => `semaphore-${depth}.${kind}`));
  const files = new Map([...names.map((name) => [name, artifact(name)] as const), ["gate.wasm", gateWasm] as const]);
  const address = (name: string, bytes: Uint8Array) => ({ url: `/static/${name}`, sha256: toHex(sha256(bytes)), bytes: bytes.length });
  const served = [...files].map(([name, bytes]) => [`/static/${name}`, bytes] as const);
  return [Object.fromEntries([...files].map(([name, bytes]) => [name, address(name, bytes)])), new Map([...served, ...gateServed()])];
}
