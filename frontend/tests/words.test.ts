/** The catalogues, and what decides where words go. */
import { describe, expect, test } from "vitest";
import * as en from "../ui/messages/en.ts";
import * as zh from "../ui/messages/zh.ts";
import { CLAIMS } from "../proofs/proof_file.ts";

const gaps = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort();

describe.each(Object.keys(en) as (keyof typeof en)[])("the part %s", (part) => {
  test.each(Object.keys(en[part]))("%s has the same gaps in Chinese, and is translated", (key) => {
    const [english, chinese] = [en[part], zh[part]].map((catalogue) => (catalogue as Record<string, string>)[key]!);
    expect(gaps(chinese!)).toEqual(gaps(english!));
    if (/[a-z]{4}/.test(english!.replace(/\{\w+\}/g, ""))) expect(chinese).toMatch(/\p{Script=Han}/u);
  });
});

test("every claim of a proof file has its words", () => {
  for (const claim of CLAIMS) expect(en.verify).toHaveProperty(claim);
});
