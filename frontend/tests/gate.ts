/** A gate for tests: a set-up as an operator makes it (`setup.ts`), lists of bans, and what the site says of both. */
import { canonicalJson, sha256 } from "../proofs/encoding.ts";
import { be32, toHex } from "../proofs/field.ts";
import type { GateFacts } from "../proofs/messages.ts";
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
