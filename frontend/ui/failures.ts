/** Failures in words: what happened, what was kept, what to do. */
import { Problem, Unreachable } from "./api.ts";
import { ProofError } from "../proofs/errors.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { ProverError } from "./prover.ts";
import { dateOf, fill, language } from "./words.ts";

type Key = keyof typeof en.errors;

type Values = Readonly<Record<string, string | number>>;

/** A ban carries a code and an instant: people read words and a date. */
function readable(values: Values): Values {
  const { reason, until } = values;
  if (typeof reason !== "string" || typeof until !== "string") return values;
  const catalogue: Readonly<Record<string, string>> = (language() === "zh" ? zh : en).banReasons;
  return { ...values, reason: catalogue[reason] ?? reason, until: dateOf(until.slice(0, 10)) };
}

function text(key: Key, values: Values): string {
  return fill((language() === "zh" ? zh : en).errors[key], readable(values));
}

/** The sentence for what the server refused, or for what the worker did when it was to prove again. */
function problemText({ code, detail, parameters }: { code: string; detail: string; parameters?: Values }): string {
  const catalogue = (language() === "zh" ? zh : en).problems;
  if (parameters !== undefined && code in en.errors) return text(code as Key, { detail, ...parameters });
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
