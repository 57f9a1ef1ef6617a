/** The gate in two programs: the package judges what the worker's code proves, and the other way round. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { pagesOf, parseBans } from "../proofs/bans.ts";
import { Domain } from "../proofs/encoding.ts";
import { parseHex, toHex } from "../proofs/field.ts";
import { verifyGate, type GateDocument } from "../proofs/gate.ts";
import { readVerificationKey } from "../proofs/gate_key.ts";
import { commitmentOf, nullifierOf } from "../proofs/identity.ts";
import { LeanIMT } from "../proofs/leanimt.ts";
import { decompress } from "../proofs/points.ts";
import { buildPoseidon, type Poseidon } from "../proofs/poseidon.ts";
import { actionOf, buildSubmission, makeJoin, type Join } from "../proofs/speaking.ts";
import { artifact } from "./files.ts";
import { banList, gateVkey, gateWasm, gateZkey, strangers } from "./gate.ts";
import { ROSTER } from "./site.ts";
import vectors from "./vectors.json";

const ROOT = path.join(import.meta.dirname, "..", "..");
const PYTHON = path.join(ROOT, ".venv", "bin", "python");

/** What the package says. */
function python(command: "verify" | "prove", asked: object): string {
  return execFileSync(PYTHON, ["-m", "tests.anonymity.gate_interop", command], { cwd: ROOT, input: JSON.stringify(asked), encoding: "utf8" }).trim();
}

const domain = new Domain(vectors.site, vectors.season);
const secret = BigInt(vectors.secret);
const bans = banList(strangers(31));
const list = parseBans(bans);
const day = "2026-05-01";
let poseidon: Poseidon;
beforeAll(async () => {
  poseidon = await buildPoseidon();
});

describe("a join that the worker's code made", () => {
  const action = actionOf(vectors.opening, secret);
  let root: bigint;
  let join: Join;

  beforeAll(async () => {
    const path = LeanIMT.build(poseidon, [5n, commitmentOf(poseidon, secret), 7n]).path(1);
    root = path.root;
    const files = { wasm: gateWasm, zkey: gateZkey, key: await readVerificationKey(gateVkey) };
    const artifacts = { depth: 20, wasm: artifact("semaphore-20.wasm"), zkey: artifact("semaphore-20.zkey") } as const;
    const gate = { files, list, day, slot: 29, slots: 30 };
    join = await makeJoin({ action, secret, roster: ROSTER, checkpoint: `1 ${"A".repeat(43)}=`, path, poseidon, artifacts, gate, progress: () => undefined });
  }, 300_000); // three proofs, on whatever machine

  const judged = (changed: (join: Join) => Join = (same) => same): string => {
    const submission = toHex(new TextEncoder().encode(buildSubmission(action, changed(join))));
    return python("verify", { submission, root: root.toString(), bans: toHex(bans) });
  };

  test("is accepted by the package, both pages of bans and the membership", () => {
    expect(judged()).toBe("ok");
  });

  test.each<[string, (join: Join) => Partial<GateDocument>]>([
    ["invalid-gate", () => ({ day: "2026-05-02" })],
    ["invalid-gate", () => ({ rate: "7" })],
    ["invalid-gate", ({ gate }) => ({ proofs: gate.proofs.toReversed() })],
    ["wrong-gate-count", ({ gate }) => ({ proofs: gate.proofs.slice(1) })],
    ["malformed-gate", ({ gate }) => ({ proofs: [gate.proofs[0]!, "ff".repeat(128)] })],
    ["malformed-gate", ({ gate }) => ({ proofs: [gate.proofs[0]!, "00"] })],
  ])("is refused as %s with another gate", (code, change) => {
    expect(judged((same) => ({ ...same, gate: { ...same.gate, ...change(same) } }))).toBe(code);
  });
});

test("a gate proof that the package made holds for the worker's code, and for no other statement", async () => {
  const scope = domain.threadScope(parseHex(vectors.opening_id, 32, "id"));
  const message = 2n ** 255n + 11n;
  const asked = { bans: toHex(bans), secret: vectors.secret, day, slot: 3, slots: 30, scope: scope.toString(), message: message.toString() };
  const made = JSON.parse(python("prove", asked)) as GateDocument;
  const key = await readVerificationKey(gateVkey);
  const nullifiers = { thread: nullifierOf(poseidon, secret, scope), rate: BigInt(made.rate) };
  const pages = pagesOf(list);
  expect(made).toMatchObject({ day, bans: list.sha256 });
  expect(made.proofs).toHaveLength(2);
  for (const [i, proof] of made.proofs.entries()) {
    const points = decompress(parseHex(proof, 128, "proof"));
    expect(await verifyGate(key, points, { domain, scope, message, day, slots: 30 }, pages[i]!, nullifiers)).toBe(true);
    expect(await verifyGate(key, points, { domain, scope, message: 11n, day, slots: 30 }, pages[i]!, nullifiers)).toBe(false);
  }
});
