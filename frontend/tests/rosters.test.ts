/** Companies, trades and shards by their ids. */
import { expect, test } from "vitest";
import { kindOf, labelSlug, rostersOf, shardBefore, wholeRoster } from "../proofs/rosters.ts";
import { parseLabelSlug, parseRosterId } from "../proofs/schema.ts";

test("each shard but the first follows another", () => {
  expect(["site", "site#2", "company/x/provable#3", "industry/care/attested#10"].map(shardBefore)).toEqual([null, "site", "company/x/provable#2", "industry/care/attested#9"]);
});

test("a roster's id says whose it is, what it rests on, and its shard", () => {
  const told = (roster: string): unknown[] => [labelSlug(parseRosterId(roster)), kindOf(roster), wholeRoster(roster)];
  expect(told("site#2")).toEqual([null, "site", "site"]);
  expect(told("company/lumen/provable")).toEqual(["lumen", "provable", "company/lumen/provable"]);
  expect(told("industry/kitchen/attested#12")).toEqual(["industry/kitchen", "attested", "industry/kitchen/attested"]);
});

test("a label is looked for where its members stand, the best evidence first", () => {
  expect(rostersOf(null)).toEqual(["site"]);
  expect(rostersOf("lumen")).toEqual(["company/lumen/provable", "company/lumen/attested"]);
  expect(rostersOf("industry/kitchen")).toEqual(["industry/kitchen/provable", "industry/kitchen/attested"]);
});

test.each(["site#1", "site#02", "site#10000", "industry/kitchen", "trade/kitchen/attested", "company/a/attested#"])("%s is no roster", (roster) => {
  expect(() => parseRosterId(roster)).toThrow();
});

test("a label of a trade is none of a company", () => {
  expect([parseLabelSlug("industry/kitchen"), parseLabelSlug("kitchen")]).toEqual(["industry/kitchen", "kitchen"]);
  expect(() => parseLabelSlug("company/kitchen")).toThrow();
});
