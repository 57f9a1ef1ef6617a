/** A gate for tests: a set-up as an operator makes it (`setup.ts`), lists of bans, and what the site says of both. */
import { canonicalJson, sha256 } from "../proofs/encoding.ts";
import { be32, toHex } from "../proofs/field.ts";
import type { GateFacts } from "../proofs/messages.ts";
import type { TestLog } from "./log.ts";
import { namesIn, readBytes, readJson } from "./files.ts";
import vectors from "./vectors.json";

export const ZKEY_URL = "/static/gate.zkey";
export const BANS_URL = "/api/v1/bans";

export const gateWasm = readBytes("build/gate/gate.wasm");
const SET_UP = "build/test-gate";
const zkeyName = namesIn(`${SET_UP}/public`).find((name) => name.endsWith(".zkey"))!;
export const gateZkey = readBytes(`${SET_UP}/public/${zkeyName}`);
export const gateVkey = readJson(`${SET_UP}/gate.vkey.json`) as Record<string, unknown>;

export interface TestBan {
  readonly thread: Uint8Array;
  readonly nullifier: bigint;
  readonly until?: string;
  readonly reason?: string;
}

/** The list's bytes, as the site serves them. */
export function banList(bans: readonly TestBan[], changes: Readonly<Record<string, unknown>> = {}): Uint8Array<ArrayBuffer> {
  const sorted = [...bans].sort((a, b) => (toHex(a.thread) === toHex(b.thread) ? (a.nullifier < b.nullifier ? -1 : 1) : toHex(a.thread) < toHex(b.thread) ? -1 : 1));
  const entries = sorted.map(({ thread, nullifier, until = "2026-05-20T00:00:00Z", reason = "spam" }) => ({
    thread: toHex(thread), nullifier: nullifier.toString(), until, reason,
  }));
  return canonicalJson({ type: "openmai/bans/v1", site: vectors.site, season: vectors.season, serial: 1, bans: entries, ...changes });
}

/** Bans of `count` personas that are nobody's. */
export const strangers = (count: number): TestBan[] => Array.from({ length: count }, (_, i) => ({ thread: be32(BigInt(1000 + i)), nullifier: BigInt(7 + i) }));

/** What the log can say of the gate that is not so. */
export interface LoggedGate {
  readonly slots?: number;
  readonly zkey?: string;
}

/** Ends an addition as the talk site does: a list of bans and the artifacts in use, and where both stand. */
export function stand(log: TestLog, list: Uint8Array<ArrayBuffer> | null = banList([]), { slots = 30, zkey = toHex(sha256(gateZkey)) }: LoggedGate = {}): void {
  const common = { site: vectors.site, season: vectors.season };
  const gate = { "gate.wasm": toHex(sha256(gateWasm)), "gate.zkey": zkey, "gate.vkey.json": toHex(sha256(canonicalJson(gateVkey))) };
  const artifacts = log.append(canonicalJson({ type: "openmai/log/artifacts/v1", ...common, semaphore: {}, gate, slots }));
  const bans: Record<string, { index: number; serial: number }> = {};
  if (list !== null) {
    const document = JSON.parse(new TextDecoder().decode(list)) as { season: string; serial: number };
    const index = log.append(canonicalJson({ type: "openmai/log/bans/v1", ...common, list: document, serial: document.serial, sha256: toHex(sha256(list)) }));
    bans[document.season] = { index, serial: document.serial };
  }
  log.append(canonicalJson({ type: "openmai/log/standing/v1", ...common, artifacts, bans }));
}

export function gateFacts(list: Uint8Array<ArrayBuffer> = banList([]), changes: Partial<GateFacts> = {}): GateFacts {
  const { serial } = JSON.parse(new TextDecoder().decode(list)) as { serial: number };
  return {
    slots: 30,
    vkey: gateVkey,
    zkey: { url: ZKEY_URL, sha256: toHex(sha256(gateZkey)), bytes: gateZkey.length },
    bans: { sha256: toHex(sha256(list)), serial },
    ...changes,
  };
}

/** What the site serves of it. */
export const gateServed = (list: Uint8Array<ArrayBuffer> = banList([])): Map<string, Uint8Array<ArrayBuffer>> => new Map([[ZKEY_URL, gateZkey], [BANS_URL, list]]);
