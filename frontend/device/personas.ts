/**
 * Who the member is in which thread. Kept on this device and nowhere else.
 *
 * A note is made when the member speaks, so that a second action chooses no other label while the first still waits.
 */
import type { Alias, Label, RosterKind } from "../proofs/messages.ts";
import type { Database } from "./database.ts";
import { seal, unseal, type SealedBox } from "./sealed.ts";

export interface PersonaNote {
  readonly thread: string;
  /** The thread's, after which the note is forgotten. */
  readonly season: string;
  readonly roster: string;
  readonly kind: RosterKind;
  readonly label: Label | null;
  readonly alias: Alias;
  readonly key: string;
  /** When the talk site last accepted a join, in ms since 1970 by the device's clock; null before. */
  readonly joined: number | null;
}

export async function readPersona(database: Database, thread: string): Promise<PersonaNote | undefined> {
  const box = await database.get<SealedBox>("personas", thread);
  const note = box && (await unseal<PersonaNote>(database, "personas", thread, box));
  // JSON knows no byte arrays.
  return note && { ...note, alias: { ...note.alias, glyph: Uint8Array.from(note.alias.glyph) } };
}

export async function writePersona(database: Database, note: PersonaNote): Promise<void> {
  const plain = { ...note, alias: { ...note.alias, glyph: [...note.alias.glyph] } };
  await database.put("personas", note.thread, await seal(database, "personas", note.thread, plain));
}

/** Remembers that a join was accepted, so that the next action in the thread needs no proof. */
export async function markJoined(database: Database, thread: string, joined: number | null): Promise<void> {
  const note = await readPersona(database, thread);
  if (note !== undefined) await writePersona(database, { ...note, joined });
}

/** Forgets a persona whose first action was refused or thrown away: it never existed, and its label binds nobody. */
export async function forgetUnjoined(database: Database, thread: string): Promise<void> {
  const note = await readPersona(database, thread);
  if (note !== undefined && note.joined === null) await database.delete("personas", thread);
}
