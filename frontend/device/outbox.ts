/** The outbox: every submission stays on this device until it has been seen published. */
import type { Alias, Label, Receipt, RosterKind } from "../proofs/messages.ts";
import type { Database } from "./database.ts";
import { seal, unseal, type SealedBox } from "./sealed.ts";

/** waiting: on this device, to be sent at `sendAt` · accepted: by the server, to appear at `due` · published · refused. */
export type State = "waiting" | "accepted" | "published" | "refused";

export interface Refusal {
  /** The server's problem code, or the worker's own if it could not prove again. */
  readonly code: string;
  readonly detail: string;
  readonly pointer: string | null;
  readonly parameters?: Readonly<Record<string, string | number>>;
}

export interface Entry {
  readonly action: string;
  readonly thread: string;
  readonly season: string;
  readonly kind: "opening" | "reply";
  readonly section: string | null;
  readonly title: string | null;
  readonly text: string;
  readonly parent: string | null;
  readonly roster: string;
  readonly rosterKind: RosterKind;
  readonly label: Label | null;
  readonly alias: Alias;
  /** The submission as it is sent. */
  readonly body: string;
  readonly joins: boolean;
  readonly state: State;
  readonly created: number;
  /** Device time, ms, before which it is neither sent nor asked about. */
  readonly next: number;
  readonly attempts: number;
  /** RFC 3339, by the server's clock; null until it was accepted. */
  readonly due: string | null;
  /** The site's signed promise, verified, and kept as evidence. */
  readonly receipt: Receipt | null;
  /** Whether the last answer was no receipt of the site's: it counts as none. */
  readonly unsigned: boolean;
  readonly refusal: Refusal | null;
  /** How often it was proved again after refusals since somebody asked for it to be sent. */
  readonly renewals: number;
}

interface Stored {
  readonly action: string;
  readonly box: SealedBox;
}

export async function readOutbox(database: Database): Promise<Entry[]> {
  const stored = await database.all<Stored>("outbox");
  const entries = await Promise.all(stored.map(({ action, box }) => unseal<Entry>(database, "outbox", action, box)));
  return entries.map(withGlyph).sort((a, b) => b.created - a.created);
}

export async function readEntry(database: Database, action: string): Promise<Entry | undefined> {
  const stored = await database.get<Stored>("outbox", action);
  return stored && withGlyph(await unseal<Entry>(database, "outbox", action, stored.box));
}

/** Resolves when the entry is on disk. */
export async function writeEntry(database: Database, entry: Entry): Promise<void> {
  const stored: Stored = { action: entry.action, box: await seal(database, "outbox", entry.action, plain(entry)) };
  await database.put("outbox", entry.action, stored);
}

/** Changes an entry that still exists: one that was thrown away meanwhile stays away. */
export async function updateEntry(database: Database, entry: Entry): Promise<boolean> {
  const stored: Stored = { action: entry.action, box: await seal(database, "outbox", entry.action, plain(entry)) };
  return (await database.change<Stored>("outbox", entry.action, (old) => old && stored)) !== undefined;
}

export const removeEntry = (database: Database, action: string): Promise<void> => database.delete("outbox", action);

/** JSON knows no byte arrays. */
const plain = (entry: Entry): unknown => ({ ...entry, alias: { ...entry.alias, glyph: [...entry.alias.glyph] } });
const withGlyph = (entry: Entry): Entry => ({ ...entry, alias: { ...entry.alias, glyph: Uint8Array.from(entry.alias.glyph) } });
