/** What the site says of its gate, fetched and checked before anything is proved with it: the list of bans, and the keys. */
import type { Database } from "../device/database.ts";
import { fetchChecked, type ArtifactAddress, type Fetch } from "./artifacts.ts";
import { MAX_LIST, parseBans, type BanList } from "./bans.ts";
import { canonicalJson, sha256 } from "./encoding.ts";
import { ProofError } from "./errors.ts";
import { toHex } from "./field.ts";
import type { GateFiles } from "./gate.ts";
import { checkProvingKey, readVerificationKey, type VerificationKey } from "./gate_key.ts";
import { LogFiles } from "./log/files.ts";
import { checkBans, checkGate, readStanding } from "./log/standing.ts";
import { LogWatch } from "./log/watch.ts";
import type { GateFacts, SiteFacts } from "./messages.ts";
import { exactKeys } from "./schema.ts";

const BANS = "/api/v1/bans";
/** The circuit's proving key has 4.5 MB; whoever names a longer one means no proving key. */
const MAX_ZKEY = 6_000_000;
export const MAX_SLOTS = 255;

interface KeyPins {
  readonly vkey: string;
  readonly zkey: string;
}

/** What was last seen of a season's lists. */
interface ListPin {
  readonly serial: number;
  readonly sha256: string;
}

type Received = (received: number, total: number) => void;

const refuse = (what: string): never => {
  throw new ProofError("bad-gate-key", what);
};

const isHash = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

/** Where the proving key lies: on this site, of a length that a proving key has. */
function zkeyAddress({ zkey }: GateFacts): ArtifactAddress {
  const { url, sha256: hash, bytes } = exactKeys(zkey, ["url", "sha256", "bytes"]);
  if (typeof url !== "string" || !/^\/(?!\/)[\w./-]*$/.test(url) || !isHash(hash)) return refuse("address");
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 1 || bytes > MAX_ZKEY) return refuse("length");
  return { url, sha256: hash, bytes };
}

/** K, as the circuit can count it. */
export function slotsOf({ gate: { slots } }: SiteFacts): number {
  return Number.isInteger(slots) && slots >= 1 && slots <= MAX_SLOTS ? slots : refuse("slots");
}

/** What members compare: enough of the hash that pins a key. */
const fingerprint = (hash: string): string => hash.slice(0, 16);

/** Another key for each member would tell them apart, so the first one stays until the member says otherwise. */
function refuseChanged(pinned: KeyPins | undefined, offered: KeyPins): void {
  if (pinned === undefined || (pinned.vkey === offered.vkey && pinned.zkey === offered.zkey)) return;
  throw new ProofError("gate-key-changed", "", { pinned: fingerprint(pinned.vkey), offered: fingerprint(offered.vkey) });
}

/** Two lists under one number: whoever gets the rarer one could be told apart by what they answer. */
function refuseOlder({ serial, sha256 }: ListPin, seen: ListPin): void {
  if (serial < seen.serial) throw new ProofError("bans-older", "", { serial, seen: seen.serial });
  if (serial === seen.serial && sha256 !== seen.sha256) throw new ProofError("bans-forked", "", { serial });
}

export class Gatekeeper {
  private loaded: { readonly name: string; readonly files: Promise<GateFiles> } | null = null;

  constructor(
    private readonly fetcher: Fetch,
    private readonly database: Database,
    private readonly wasm: ArtifactAddress,
    private readonly log = new LogWatch(fetcher, database),
  ) {}

  // ── Bans ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The season's list as it is now, found in the log with the gate's keys and slots: never an older one than this
   * device has seen or the log holds, nor another one under the same number.
   */
  async bans(facts: SiteFacts): Promise<BanList> {
    const list = await this.inForce(facts);
    const { site, season, serial, sha256: name } = list;
    const found = { serial, sha256: name };
    if (!facts.past) refuseOlder(found, facts.gate.bans);
    const kept = await this.database.change<ListPin>("settings", `bans/${site}/${season}`, (old) => (old !== undefined && old.serial >= serial ? old : found));
    refuseOlder(found, kept!);
    return list;
  }

  /** A tick may pass between the list and the log, or one of them come from a cache: then both are asked anew, once. */
  private async inForce(facts: SiteFacts): Promise<BanList> {
    try {
      return await this.logged(facts, false);
    } catch (error) {
      if (!(error instanceof ProofError) || !["nothing-standing", "bans-not-logged", "bans-outdated"].includes(error.code)) throw error;
      return this.logged(facts, true);
    }
  }

  private async logged(facts: SiteFacts, fresh: boolean): Promise<BanList> {
    const bytes = await this.list(facts, fresh);
    const list = parseBans(bytes);
    if (list.site !== facts.site || list.season !== facts.season) throw new ProofError("bad-bans", "another site or season");
    const [tree, source] = [await this.log.open(facts, fresh), new LogFiles(this.fetcher)];
    const standing = await readStanding(tree, source);
    await checkBans(tree, standing, list, bytes);
    // The key as it was served; what is proved with is the part of it that is read strictly.
    const vkey = toHex(sha256(canonicalJson(facts.gate.vkey)));
    const used = { wasm: this.wasm.sha256, zkey: zkeyAddress(facts.gate).sha256, vkey, slots: slotsOf(facts) };
    await checkGate(tree, source, standing, used);
    return list;
  }

  private async list(facts: SiteFacts, fresh: boolean): Promise<Uint8Array> {
    const place = facts.past ? `${BANS}?season=${facts.season}` : BANS;
    const response = await this.fetcher(place, fresh);
    if (!response.ok) throw new ProofError("server", place, { status: response.status });
    if (Number(response.headers.get("Content-Length") ?? 0) > MAX_LIST) throw new ProofError("too-many-bans");
    return new Uint8Array(await response.arrayBuffer());
  }

  // ── Keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The circuit and the site's keys for it, checked; fetched once while the worker lives. */
  async files(facts: SiteFacts, received: Received): Promise<GateFiles> {
    const address = zkeyAddress(facts.gate);
    const key = await readVerificationKey(facts.gate.vkey);
    const offered = { vkey: key.sha256, zkey: address.sha256 };
    const place = `gate/${facts.site}`;
    refuseChanged(await this.database.get<KeyPins>("settings", place), offered);
    const files = await this.loadOnce(address, key, received);
    // Only keys that hold are pinned; of two tabs the first one decides.
    refuseChanged(await this.database.change<KeyPins>("settings", place, (old) => old ?? offered), offered);
    return files;
  }

  private loadOnce(address: ArtifactAddress, key: VerificationKey, received: Received): Promise<GateFiles> {
    const name = `${key.sha256}/${address.sha256}`;
    if (this.loaded?.name === name) return this.loaded.files;
    const loading = { name, files: this.load(address, key, received) };
    this.loaded = loading;
    loading.files.catch(() => (this.loaded = this.loaded === loading ? null : this.loaded));
    return loading.files;
  }

  private async load(address: ArtifactAddress, key: VerificationKey, received: Received): Promise<GateFiles> {
    const [wasm, zkey] = await fetchChecked([this.wasm, address], this.fetcher, received);
    await checkProvingKey(zkey!, key);
    return { wasm: wasm!, zkey: zkey!, key };
  }

  /** Accepts the keys that the site names now. */
  async trust(facts: SiteFacts): Promise<void> {
    const [address, key] = [zkeyAddress(facts.gate), await readVerificationKey(facts.gate.vkey)];
    await this.database.put("settings", `gate/${facts.site}`, { vkey: key.sha256, zkey: address.sha256 } satisfies KeyPins);
  }
}
