// At most K threads a day: which of its numbers a device uses.
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, test } from "vitest";
import { openDatabase, type Database } from "../device/database.ts";
import { slotsOf } from "../proofs/gatekeeper.ts";
import { dayOf, takeSlot } from "../proofs/slots.ts";
import { gateFacts } from "./gate.ts";
import { facts } from "./site.ts";

const random = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => crypto.getRandomValues(bytes);
let database: Database;

beforeEach(async () => {
  database = await openDatabase(new IDBFactory());
});

describe("the slots of a day", () => {
  const ask = (action: string, more: object = {}) => takeSlot(database, "site", { day: "2026-05-01", slots: 5, action, ...more }, random);

  test("go each to one action, and come to an end", async () => {
    const taken = await Promise.all(["a", "b", "c", "d", "e"].map((action) => ask(action)));
    expect(taken.sort()).toEqual([0, 1, 2, 3, 4]);
    await expect(ask("f")).rejects.toMatchObject({ code: "rate-exhausted", parameters: { slots: 5, day: "2026-05-01" } });
    await expect(ask("f", { day: "2026-05-02" })).resolves.toBeLessThan(5);
  });

  test("stay with an action that is proved again on the same day, and only then", async () => {
    const slot = await ask("a");
    expect(await ask("a")).toBe(slot);
    expect(await ask("b")).not.toBe(slot);
  });

  test("that another device used are used up for this one, too", async () => {
    const seen = new Set<number>([await ask("a")]);
    for (let i = 0; i < 4; i++) seen.add(await ask("a", { taken: true }));
    expect(seen.size).toBe(5);
    await expect(ask("a", { taken: true })).rejects.toMatchObject({ code: "rate-exhausted" });
    await expect(ask("b")).rejects.toMatchObject({ code: "rate-exhausted" });
  });

  test("are drawn evenly", async () => {
    const counts = [0, 0, 0];
    for (let i = 0; i < 300; i++) counts[await takeSlot(database, `site-${i}`, { day: "2026-05-01", slots: 3, action: "a" }, random)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(60);
  });

  test("of past days are forgotten", async () => {
    for (let day = 1; day <= 9; day++) await ask("a", { day: `2026-05-0${day}` });
    const kept = await database.get<object>("settings", "slots/site");
    expect(Object.keys(kept!).sort()).toEqual(["2026-05-06", "2026-05-07", "2026-05-08", "2026-05-09"]);
  });

  test("are those of the UTC day", () => {
    expect([dayOf(Date.parse("2026-05-01T23:59:59.999Z")), dayOf(Date.parse("2026-05-02T00:30:00+02:00"))]).toEqual(["2026-05-01", "2026-05-01"]);
  });

  test.each([0, 256, 1.5, Number.NaN])("are no %s a day", (slots) => {
    expect(() => slotsOf({ ...facts, gate: gateFacts(undefined, { slots }) })).toThrow(/bad-gate-key/);
  });
});
