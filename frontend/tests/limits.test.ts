/** The composer counts by what the site publishes, and before it has answered by nothing. */
import { expect, test } from "vitest";
import { countedFields, excess, limitOf } from "../ui/limits.ts";

const limits = { title: 5, text: 8, body: 65_536, proof_file: 131_072 };

test("a title has the title's limit, the text the text's and not that of a submission's body", () => {
  expect(countedFields.map((field) => [field, limitOf(limits, field)])).toEqual([["title", 5], ["body", 8]]);
  expect(limitOf(limits, "section")).toBeNull();
  expect(limitOf(limits, "toString")).toBeNull();
});

test("code points count, white space at the edges does not", () => {
  expect(excess(limits, "title", "  五个字符😀 ")).toBe(0);
  expect(excess(limits, "title", "五个字符😀😀")).toBe(1);
});

test("nothing is too long before the site has answered", () => {
  expect(limitOf(null, "title")).toBeNull();
  expect(excess(null, "title", "x".repeat(200))).toBe(0);
});
