/** The gate's circuit itself: what has a witness, what has none, and that no wire of a witness is free. */
import { poseidon2 } from "poseidon-lite";
import { wtns, type CircuitSignals } from "snarkjs";
import { beforeAll, describe, expect, test } from "vitest";
import { R } from "../proofs/field.ts";
import { readBytes } from "./files.ts";
import { constraintsOfWires, holds, readR1cs, type Circuit } from "./r1cs.ts";

const N = 30;
const wasm = readBytes("build/gate/gate.wasm");
const [alice, mallory] = [123456789n, 987654321n];
const [threadScope, rateScope, message] = [111n, 222n, 333n];

interface Pairs {
  readonly banScope: bigint[];
  readonly banNullifier: bigint[];
}

/** A page with these bans and (0, 0) in the places that are left. */
function page(bans: readonly (readonly [scope: bigint, nullifier: bigint])[]): Pairs {
  const all = Array.from({ length: N }, (_, i) => bans[i] ?? [0n, 0n]);
  return { banScope: all.map(([scope]) => scope!), banNullifier: all.map(([, nullifier]) => nullifier!) };
}

/** Mallory is banned for thirty posts. */
const mallorysPage = page(Array.from({ length: N }, (_, i) => [BigInt(1000 + i), poseidon2([1000 + i, mallory])]));
const honest = { secret: alice, slot: 3n, threadScope, rateScope, slots: 30n, message, ...mallorysPage };

async function witnessOf(signals: CircuitSignals): Promise<bigint[]> {
  const made: { type: "mem"; data?: Uint8Array } = { type: "mem" };
  await wtns.calculate(signals, wasm as never, made as never);
  return (await wtns.exportJson(made as never)) as unknown as bigint[];
}

const hasNone = (signals: CircuitSignals) => expect(witnessOf(signals)).rejects.toThrow(/Error in template|Assert Failed/);

describe("a witness", () => {
  test("has Poseidon's values as its two outputs, then the inputs in the order of the protocol", async () => {
    const [one, threadNullifier, rateNullifier, ...inputs] = (await witnessOf(honest)).slice(0, 67);
    expect(one).toBe(1n);
    expect(threadNullifier).toBe(poseidon2([threadScope, alice]));
    expect(rateNullifier).toBe(poseidon2([poseidon2([rateScope, 3]), alice]));
    expect(inputs).toEqual([threadScope, rateScope, 30n, message, ...mallorysPage.banScope, ...mallorysPage.banNullifier]);
  });

  test("exists on a page without bans, for the first and the last slot, and for the most slots there are", async () => {
    const empty = { ...honest, ...page([]) };
    for (const [slot, slots] of [[0n, 1n], [0n, 30n], [29n, 30n], [254n, 255n]]) await witnessOf({ ...empty, slot: slot!, slots: slots! });
  });

  test("gives another rate nullifier for each slot, and the same one for each thread", async () => {
    const rateOf = async (changes: object): Promise<bigint> => (await witnessOf({ ...honest, ...changes }))[2]!;
    const first = await rateOf({});
    expect(await rateOf({ slot: 4n })).not.toBe(first);
    expect(await rateOf({ threadScope: 112n })).toBe(first);
  });
});

describe("there is no witness for", () => {
  test.each([0, 1, 14, 29])("a secret that is banned at place %i", async (place) => {
    const scope = BigInt(5000 + place);
    const { banScope, banNullifier } = mallorysPage;
    const changed = { banScope: banScope.with(place, scope), banNullifier: banNullifier.with(place, poseidon2([scope, alice])) };
    await hasNone({ ...honest, ...changed });
    await witnessOf({ ...honest, ...changed, secret: alice + 1n });
  });

  test("a secret that is banned twice", async () => {
    await hasNone({ ...honest, ...page([7n, 8n].map((scope) => [scope, poseidon2([scope, alice])] as const)) });
  });

  test.each([
    ["the first slot too many", 30n, 30n],
    ["a slot far beyond", 31n, 30n],
    ["slot 255 of 255", 255n, 255n],
    ["a slot of nine bits", 256n, 255n],
    ["a slot below zero", R - 1n, 30n],
    ["no slots at all", 0n, 0n],
    ["256 slots", 0n, 256n],
    ["as many slots as the field has elements", 0n, R - 1n],
  ])("%s", async (_name, slot, slots) => {
    await hasNone({ ...honest, slot, slots });
  });
});

describe("the constraints", () => {
  let circuit: Circuit;
  let witness: bigint[];
  beforeAll(async () => {
    circuit = readR1cs(readBytes("build/gate/gate.r1cs"));
    witness = await witnessOf(honest);
  });

  test("are 7,975 with 66 public signals and two secret ones", () => {
    const { constraints, outputs, publicInputs, privateInputs } = circuit;
    expect([constraints.length, outputs, publicInputs, privateInputs]).toEqual([7975, 2, 64, 2]);
    // Groth16 adds one for each public signal and one; beyond 2^13 the proving key would be twice as large.
    expect(constraints.length + 66 + 1).toBeLessThanOrEqual(2 ** 13);
  });

  test("all hold for the honest witness", () => {
    expect(witness).toHaveLength(circuit.wires);
    expect(circuit.constraints.every((constraint) => holds(constraint, witness))).toBe(true);
  });

  test("break when any single wire has another value: no output, message or hint is free", () => {
    const free: number[] = [];
    constraintsOfWires(circuit).forEach((constraints, wire) => {
      const altered = witness.with(wire, (witness[wire]! + 1n) % R);
      if (constraints.every((constraint) => holds(constraint, altered))) free.push(wire);
    });
    expect(free).toEqual([]);
  });
});
