/** Real proofs, made by the worker's own code and checked by the official library. */
import { Group, verifyProof } from "@semaphore-protocol/core";
import { beforeAll, describe, expect, test } from "vitest";
import { circuitInput } from "../proofs/encoding.ts";
import { answerTicket, ENROLMENT_PAIR } from "../proofs/enrolment.ts";
import { fromBytes, le32, parseHex, R, toBase64Url } from "../proofs/field.ts";
import { inSubgroup, prove, verify } from "../proofs/groth16.ts";
import { commitmentOf, newSecret, nullifierOf } from "../proofs/identity.ts";
import { LeanIMT } from "../proofs/leanimt.ts";
import { compress, decompress, P, type G2 } from "../proofs/points.ts";
import { buildPoseidon, type Poseidon } from "../proofs/poseidon.ts";
import { canonicalJson } from "../proofs/encoding.ts";
import type { Artifacts, Depth } from "../proofs/artifacts.ts";
import { artifact } from "./files.ts";
import vectors from "./vectors.json";

const random = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => crypto.getRandomValues(bytes);
const artifacts = (depth: Depth): Artifacts => ({
  depth,
  wasm: artifact(`semaphore-${depth}.wasm`),
  zkey: artifact(`semaphore-${depth}.zkey`),
});

let poseidon: Poseidon;
beforeAll(async () => {
  poseidon = await buildPoseidon();
});

describe("a membership proof at depth 20", () => {
  const alice = newSecret(random);
  const [scope, message] = [2n ** 255n + 7n, 11n];
  let proof: Uint8Array<ArrayBuffer>;
  let signals: Parameters<typeof verify>[2];
  let root: bigint;

  beforeAll(async () => {
    const leaves = [5n, commitmentOf(poseidon, alice), 7n];
    const path = LeanIMT.build(poseidon, leaves).path(1);
    root = path.root;
    signals = {
      root,
      nullifier: nullifierOf(poseidon, alice, scope),
      message: circuitInput(message),
      scope: circuitInput(scope),
    };
    proof = await prove(artifacts(20), { secret: alice, path, scope, message }, signals);
  });

  test("convinces the official library", async () => {
    const { a, b, c } = decompress(proof);
    const points = [a[0], a[1], b[0][1], b[0][0], b[1][1], b[1][0], c[0], c[1]].map(String);
    const official = { merkleTreeDepth: 20, merkleTreeRoot: `${root}`, nullifier: `${signals.nullifier}`, message: `${message}`, scope: `${scope}`, points };
    expect(new Group([5n, commitmentOf(poseidon, alice), 7n]).root).toBe(root);
    expect(await verifyProof(official as never)).toBe(true);
  });

  test("has one encoding of 128 bytes", () => {
    expect(proof).toHaveLength(128);
    expect(compress(decompress(proof))).toEqual(proof);
  });

  test("holds, and for no other signals", async () => {
    expect(await verify(20, decompress(proof), signals)).toBe(true);
    expect(await verify(20, decompress(proof), { ...signals, message: signals.message + 1n })).toBe(false);
    expect(await verify(20, decompress(proof), { ...signals, nullifier: signals.nullifier + R })).toBe(false);
    expect(await verify(1, decompress(proof), signals)).toBe(false);
  });

  test("is not handed out when a public signal is not the expected one", async () => {
    const path = LeanIMT.build(poseidon, [commitmentOf(poseidon, alice), 9n]).path(0);
    await expect(prove(artifacts(20), { secret: alice, path, scope, message }, signals)).rejects.toMatchObject({ code: "self-check-failed" });
  });

  test.each([
    ["infinity in A", (p: Uint8Array) => (p[31]! |= 0x40)],
    ["infinity in B", (p: Uint8Array) => (p[95]! |= 0x40)],
    ["a coordinate that is not reduced", (p: Uint8Array) => p.set(le32(P + 1n), 96)], // x = 1 is the generator's
  ])("is refused with %s", (_name, damage) => {
    const damaged = proof.slice();
    damage(damaged);
    expect(() => decompress(damaged)).toThrow(/not-canonical/);
  });
});

/** The first point of the twist with x = (1, 0), (2, 0), …: nearly all points of the twist lie outside the subgroup. */
function pointOfTwist(): G2 {
  for (let x = 1; ; x++) {
    const bytes = new Uint8Array(128);
    bytes[0] = 1; // A and C = (1, 2), the generator
    bytes[32] = x;
    bytes[96] = 1;
    try {
      return decompress(bytes).b;
    } catch {
      // no point with this x
    }
  }
}

test("a point of the twist outside the subgroup is told from one inside", async () => {
  const { join } = JSON.parse(vectors.opening_submission) as { join: { proof: string } };
  expect(await inSubgroup(decompress(parseHex(join.proof, 128, "proof")).b)).toBe(true);
  expect(await inSubgroup(pointOfTwist())).toBe(false);
});

test("enrolment answers a ticket with a proof over the pair (C, K)", async () => {
  const secret = newSecret(random);
  const fields = { account: "6f1a2b3c-0d4e-4f5a-8b6c-7d8e9f0a1b2c", nonce: "ab".repeat(32), season: "s231", site: "openmai.example" };
  const ticket = toBase64Url(canonicalJson(fields));
  const answer = await answerTicket({ ticket, secret, poseidon, artifacts: artifacts(1) });
  const commitment = commitmentOf(poseidon, secret);
  expect(answer.commitment).toBe(commitment.toString());
  expect(decompress(parseHex(answer.proof, 128, "proof"))).toBeDefined();
  expect(poseidon.hash(commitment, ENROLMENT_PAIR)).toBeGreaterThan(0n);
});

test("secrets are uniform below the subgroup's order: a draw at or above it is thrown away", () => {
  const draws = [new Uint8Array(32).fill(0xff), new Uint8Array(32), new Uint8Array(32).fill(1)];
  const secret = newSecret((bytes) => {
    bytes.set(draws.shift()!);
    return bytes;
  });
  expect(draws).toHaveLength(0);
  expect(secret).toBe(fromBytes(new Uint8Array(32).fill(1)) );
});
