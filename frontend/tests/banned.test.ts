/** A banned member's device at the site: until the post that does not come it asks what every other asks. */
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openDatabase } from "../device/database.ts";
import { sealBackup, showCode } from "../proofs/backup.ts";
import { Domain } from "../proofs/encoding.ts";
import { parseHex } from "../proofs/field.ts";
import { nullifierOf } from "../proofs/identity.ts";
import { buildPoseidon, type Poseidon } from "../proofs/poseidon.ts";
import { banList, gateFacts, gateServed, stand, strangers, ZKEY_URL } from "./gate.ts";
import { TestLog } from "./log.ts";
import { facts, publish, ROSTER, TODAY, Worker } from "./site.ts";
import vectors from "./vectors.json";

const domain = new Domain(vectors.site, vectors.season);
const alice = BigInt(vectors.secret);
let poseidon: Poseidon;
beforeAll(async () => {
  poseidon = await buildPoseidon();
});

describe("a banned member's device", () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  /** Everything that is fetched until the worker stops, and why it did. */
  async function stopped(list: Uint8Array<ArrayBuffer>, slots: number): Promise<{ code: string; fetched: string[] }> {
    vi.useFakeTimers({ toFake: ["Date"], now: TODAY });
    const log = TestLog.of(facts.site, 3);
    const files = publish(poseidon, { log, leaves: [...Array.from({ length: 40 }, (_, i) => BigInt(i + 1)), BigInt(vectors.commitment)] });
    stand(log, list);
    const worker = await Worker.start(new Map([...files, ...log.files(), ...gateServed(list)]));
    const code = new Uint8Array(16).fill(3);
    const file = sealBackup({ site: facts.site, season: facts.season, secret: alice }, code, (bytes) => bytes.fill(5));
    await worker.ask("restore", { facts, file, code: showCode(code) });
    const used = Object.fromEntries(Array.from({ length: slots }, (_, slot) => [slot, "another"]));
    await (await openDatabase()).put("settings", `slots/${facts.site}`, { "2026-05-01": used });
    const draft = { kind: "opening", section: "work", title: "t", body: "b" } as const;
    const asked = { ...facts, gate: gateFacts(list) };
    const refusal = await worker.ask("speak", { facts: asked, draft, roster: ROSTER, now: Date.now(), sendAt: Date.now() }).catch((error: unknown) => error);
    return { code: (refusal as { code: string }).code, fetched: worker.fetched };
  }

  test("has fetched what every other fetches before it stops", async () => {
    const thread = parseHex(vectors.opening_id, 32, "id");
    const mine = await stopped(banList([{ thread, nullifier: nullifierOf(poseidon, alice, domain.threadScope(thread)) }]), 0);
    const others = await stopped(banList(strangers(1)), 30); // whose slots of the day are used: it stops just before it proves
    expect([mine.code, others.code]).toEqual(["banned", "rate-exhausted"]);
    expect(mine.fetched).toEqual(others.fetched);
    expect(mine.fetched).toContain(ZKEY_URL);
  });
});
