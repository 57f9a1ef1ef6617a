/** Pairing: two devices end up with the same secret over what their screens show, and whoever stands between them with none. */
import "fake-indexeddb/auto";
import { afterEach, describe, expect, test, vi } from "vitest";
import decodeQR from "qr/decode.js";
import encodeQR from "qr";
import { L } from "../proofs/field.ts";
import { PAIRING_MS, Pairing } from "../proofs/pairing.ts";
import { commitmentOf, type RandomSource } from "../proofs/identity.ts";
import { buildPoseidon } from "../proofs/poseidon.ts";
import { facts, TODAY, Worker } from "./site.ts";
import vectors from "./pairing.json";

const drawing = (hex: string): RandomSource => () => Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
const random: RandomSource = (bytes) => crypto.getRandomValues(bytes);
const secrets = vectors.secrets.map(({ season, secret }) => ({ season, secret: BigInt(secret) }));
const { site } = vectors;

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function pair(): { old: Pairing; fresh: Pairing } {
  const [old, fresh] = [new Pairing(site, true, random), new Pairing(site, false, random)];
  expect(old.meet(fresh.text)).toBe(fresh.meet(old.text));
  return { old, fresh };
}

test("texts, digits and delivery are those of the Python package", () => {
  const [old, fresh] = [new Pairing(site, true, drawing(vectors.old)), new Pairing(site, false, drawing(vectors.new))];
  expect([old.text, fresh.text]).toEqual([vectors.invitation, vectors.answer]);
  expect([old.meet(fresh.text), fresh.meet(old.text)]).toEqual([vectors.digits, vectors.digits]);
  expect(old.deliver([...secrets].reverse())).toBe(vectors.delivery);
  expect(fresh.receive(vectors.delivery)).toEqual(secrets);
});

test("a camera reads what a screen shows", () => {
  for (const text of [vectors.invitation, vectors.answer, vectors.delivery]) {
    const modules = encodeQR(text, "raw", { scale: 4 });
    const data = Uint8Array.from(modules.flat().flatMap((dark) => [0, 1, 2].map(() => (dark ? 0 : 255)).concat(255)));
    expect(decodeQR({ width: modules[0]!.length, height: modules.length, data })).toBe(text);
  }
});

describe("whoever stands between", () => {
  test("shows other digits on each side", () => {
    const [old, fresh] = [new Pairing(site, true, random), new Pairing(site, false, random)];
    const [toOld, toNew] = [new Pairing(site, false, random), new Pairing(site, true, random)];
    expect(old.meet(toOld.text)).not.toBe(fresh.meet(toNew.text));
  });

  test("opens no delivery that was made for another, nor one of yesterday", () => {
    const yesterday = pair().old.deliver(secrets);
    const { old, fresh } = pair();
    for (const other of [yesterday, pair().old.deliver(secrets)]) expect(() => fresh.receive(other)).toThrow("bad-pairing: key");
    expect(fresh.receive(old.deliver(secrets))).toEqual(secrets);
  });

  test("gets no second delivery, and none before the devices have met", () => {
    const { old } = pair();
    old.deliver(secrets);
    expect(() => old.deliver(secrets)).toThrow("bad-pairing: step");
    expect(() => new Pairing(site, true, random).deliver(secrets)).toThrow("bad-pairing: step");
    expect(() => new Pairing(site, false, random).receive(vectors.delivery)).toThrow("bad-pairing: step");
  });
});

describe("what is not the next text", () => {
  const { fresh, old } = pair();
  test.each([
    ["a text of another step", fresh.text, "step"],
    ["another text", "https://mallory.example/", "form"],
    ["nothing", "", "form"],
    ["a very long text", `OPENMAI:${"A".repeat(2_000)}`, "form"],
    ["a cut one", old.text.slice(0, -3), "slip"],
    ["a slip", old.text.replace(/.$/, (last) => (last === "A" ? "B" : "A")), "slip"],
    ["another site's", new Pairing("elsewhere.example", true, random).text, "site"],
  ])("is refused by its name: %s", (_what, text, why) => {
    expect(() => new Pairing(site, false, random).meet(text)).toThrow(`bad-pairing: ${why}`);
  });

  test("may be written as people type it", () => {
    expect(new Pairing(site, false, random).meet(` ${old.text.toLowerCase().replace(/(.{6})/g, "$1 ")}\n`)).toMatch(/^\d{3} \d{3} \d{3}$/);
  });

  test("is this device's own", () => {
    const own = drawing(vectors.old);
    expect(() => new Pairing(site, false, own).meet(new Pairing(site, true, own).text)).toThrow("bad-pairing: own");
  });
});

test("what is no secret is not kept", () => {
  for (const wrong of [[0n], [L], [1n, 2n]]) {
    const { old, fresh } = pair();
    expect(() => fresh.receive(old.deliver(wrong.map((secret) => ({ season: "s228", secret }))))).toThrow("bad-pairing: key");
  }
});

describe("browsers", () => {
  async function device(): Promise<Worker> {
    vi.useFakeTimers({ toFake: ["Date"], now: TODAY });
    return Worker.start(new Map());
  }

  test("give the key away, encrypted, once, and ask no server", async () => {
    const worker = await device();
    const made = await worker.ask("create", { facts });
    const fresh = new Pairing(facts.site, false, random);
    const digits = fresh.meet(await worker.ask("pairBegin", { facts, invites: true }));
    expect(await worker.ask("pairMeet", { text: fresh.text })).toBe(digits);
    const [{ secret }] = fresh.receive(await worker.ask("pairDeliver", { facts })) as unknown as [{ secret: bigint }];
    expect(commitmentOf(await buildPoseidon(), secret).toString()).toBe(made.commitment);
    expect(JSON.stringify(worker.told, (_key, value: unknown) => (value instanceof Uint8Array ? [...value] : value))).not.toContain(secret.toString());
    await expect(worker.ask("pairDeliver", { facts })).rejects.toMatchObject({ code: "pairing-expired" });
    expect(worker.fetched).toEqual([]);
  });

  test("take the key of the other device, all of it or nothing", async () => {
    const worker = await device();
    const old = new Pairing(facts.site, true, random);
    const answer = await worker.ask("pairBegin", { facts, invites: false });
    expect(await worker.ask("pairMeet", { text: old.text })).toBe(old.meet(answer));
    const kept = await worker.ask("pairReceive", { facts, text: old.deliver([{ season: facts.season, secret: 7n }]) });
    expect(kept).toMatchObject({ season: facts.season, backedUp: false });
    expect(await worker.ask("identities", { facts })).toEqual(kept);
    expect(worker.fetched).toEqual([]);
  });

  test("keep no key of a season that is over, nor what came with it", async () => {
    const worker = await device();
    const old = new Pairing(facts.site, true, random);
    old.meet(await worker.ask("pairBegin", { facts, invites: false }));
    await worker.ask("pairMeet", { text: old.text });
    const delivery = old.deliver([{ season: "s227", secret: 5n }, { season: facts.season, secret: 7n }]);
    await expect(worker.ask("pairReceive", { facts, text: delivery })).rejects.toMatchObject({ code: "season-over" });
    expect(await worker.ask("identities", { facts })).toBeNull();
  });

  test("do not pair with a key that is not there, nor onto one that is", async () => {
    const worker = await device();
    await expect(worker.ask("pairBegin", { facts, invites: true })).rejects.toMatchObject({ code: "no-identity" });
    await worker.ask("create", { facts });
    await expect(worker.ask("pairBegin", { facts, invites: false })).rejects.toMatchObject({ code: "identity-exists" });
  });

  test("deliver nothing on an invitation of more than ten minutes ago", async () => {
    const worker = await device();
    await worker.ask("create", { facts });
    await worker.ask("pairBegin", { facts, invites: true });
    await worker.ask("pairMeet", { text: new Pairing(facts.site, false, random).text });
    vi.setSystemTime(TODAY.getTime() + PAIRING_MS + 60_000);
    await expect(worker.ask("pairDeliver", { facts })).rejects.toMatchObject({ code: "pairing-expired" });
  });
});
