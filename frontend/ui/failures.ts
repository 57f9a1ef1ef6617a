/** Failures in words: what happened, what was kept, what to do. */
import { Problem, Unreachable } from "./api.ts";
import { ProofError } from "../proofs/errors.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { ProverError } from "./prover.ts";
import { fill, language } from "./words.ts";

type Key = keyof typeof en.errors;

function text(key: Key, values: Readonly<Record<string, string | number>>): string {
  return fill((language() === "zh" ? zh : en).errors[key], values);
}

function problemText({ code, detail }: { code: string; detail: string }): string {
  const catalogue = (language() === "zh" ? zh : en).problems;
  const key = code in catalogue ? (code as keyof typeof en.problems) : "other";
  return fill(catalogue[key], { detail: detail || code });
}

/** The sentence for any failure that a page may meet. */
export function describe(error: unknown): string {
  if (error instanceof Problem) return problemText(error);
  if (error instanceof Unreachable) return error.status === null ? text("network", {}) : text("server", { status: error.status });
  if (error instanceof ProverError || error instanceof ProofError) return text(error.code, { detail: error.detail, ...error.parameters });
  return text("unexpected", { detail: error instanceof Error ? error.name : "" });
}

export { problemText };
