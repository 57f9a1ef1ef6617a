/** Who the member is in which thread. Kept on this device and nowhere else. */
import type { Alias, Label, RosterKind } from "../proofs/messages.ts";
import type { Database } from "./database.ts";
import { seal, unseal, type SealedBox } from "./sealed.ts";

export interface PersonaNote {
  readonly thread: string;
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
  return box && unseal<PersonaNote>(database, "personas", thread, box);
}

export async function writePersona(database: Database, note: PersonaNote): Promise<void> {
  await database.put("personas", note.thread, await seal(database, "personas", note.thread, note));
}

/** Remembers that a join was accepted, so that the next action in the thread needs no proof. */
export async function markJoined(database: Database, thread: string, joined: number | null): Promise<void> {
  const note = await readPersona(database, thread);
  if (note !== undefined) await writePersona(database, { ...note, joined });
}
