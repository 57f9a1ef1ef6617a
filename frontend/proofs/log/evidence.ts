/** What a device keeps when the log contradicts itself: enough for anybody to see it, and nothing of the member's. */
import type { Database } from "../../device/database.ts";
import { toHex } from "../field.ts";
import type { LogFacts, SiteFacts } from "../messages.ts";
import type { SignedHead } from "./checkpoint.ts";
import { cosignatureOf, parseVerifierKey, type NamedKey } from "./note.ts";

export interface Offence {
  /** rollback: a smaller log than before · fork: one that does not continue it · thread: others have seen another one. */
  readonly kind: "rollback" | "fork" | "thread";
  readonly seen: SignedHead;
  readonly offered?: SignedHead;
  /** The root that the offered log had at the size that was seen, and the proof that it had. */
  readonly beginning?: { readonly root: Uint8Array; readonly consistency: readonly Uint8Array[] };
  readonly thread?: string;
  readonly claimed?: string;
}

export interface Evidence {
  readonly type: "openmai/log-evidence/v1";
  readonly site: string;
  readonly origin: string;
  readonly kind: Offence["kind"];
  readonly seen: string;
  readonly offered: string | null;
  /** The offered log's own root at the size of `seen`, another than was seen; `consistency` leads from it to `offered`. */
  readonly root: string | null;
  readonly consistency: readonly string[] | null;
  readonly thread: string | null;
  readonly claimed: string | null;
  /** The witnesses that have signed both heads. */
  readonly cosigned: readonly string[];
}

const WEIGHT: Readonly<Record<Offence["kind"], number>> = { rollback: 0, thread: 1, fork: 2 };

export const witnessesOf = ({ witnesses }: LogFacts): NamedKey[] => witnesses.map((text) => parseVerifierKey(text, 4));

export function evidenceOf(facts: SiteFacts, { kind, seen, offered, beginning, thread, claimed }: Offence): Evidence {
  const both = (witness: NamedKey): boolean => [seen, offered!].every(({ note }) => cosignatureOf(note, witness) === "holds");
  return {
    type: "openmai/log-evidence/v1",
    site: facts.site,
    origin: facts.log.origin,
    kind,
    seen: seen.signed,
    offered: offered?.signed ?? null,
    root: beginning === undefined ? null : toHex(beginning.root),
    consistency: beginning?.consistency.map(toHex) ?? null,
    thread: thread ?? null,
    claimed: claimed ?? null,
    cosigned: offered === undefined ? [] : witnessesOf(facts.log).filter(both).map(({ name }) => name),
  };
}

const place = ({ site }: SiteFacts): string => `log-evidence/${site}`;

/** Keeps it, unless something graver is kept already. */
export async function keepEvidence(database: Database, facts: SiteFacts, evidence: Evidence): Promise<void> {
  await database.change<Evidence>("settings", place(facts), (old) => (old !== undefined && WEIGHT[old.kind] > WEIGHT[evidence.kind] ? old : evidence));
}

/** The evidence as a file, or null where there is none. */
export async function readEvidence(database: Database, facts: SiteFacts): Promise<string | null> {
  const evidence = await database.get<Evidence>("settings", place(facts));
  return evidence === undefined ? null : `${JSON.stringify(evidence, null, 2)}\n`;
}
