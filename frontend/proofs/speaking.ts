/** Speaking: content, persona, and the proofs that its first action carries (docs/protocol.md §5). */
import type { Artifacts } from "./artifacts.ts";
import type { BanList } from "./bans.ts";
import { parseContent, type Content } from "./content.ts";
import { canonicalJson, circuitInput, Domain } from "./encoding.ts";
import { parseHex, toHex } from "./field.ts";
import { proveGate, type GateDocument, type GateFiles } from "./gate.ts";
import { prove } from "./groth16.ts";
import { nullifierOf } from "./identity.ts";
import type { MerklePath } from "./leanimt.ts";
import { personaOf, type Persona } from "./personas.ts";
import type { Poseidon } from "./poseidon.ts";
import { documentId } from "./schema.ts";

export interface Action {
  readonly content: Content;
  readonly id: Uint8Array;
  readonly threadId: Uint8Array;
  readonly domain: Domain;
  readonly scope: bigint;
  readonly persona: Persona;
}

export interface Join {
  readonly roster: string;
  readonly root: string;
  readonly nullifier: string;
  /** The head of the log just behind the roster's entry: the same for everybody who uses this epoch. */
  readonly checkpoint: string;
  readonly proof: string;
  readonly gate: GateDocument;
}

/** Everything about an action that follows from its content and the secret. */
export function actionOf(document: unknown, secret: bigint): Action {
  const content = parseContent(document);
  const id = documentId(content);
  const threadId = content.type === "openmai/thread/v1" ? id : parseHex(content.thread, 32, "thread");
  const domain = new Domain(content.site, content.season);
  const scope = domain.threadScope(threadId);
  return { content, id, threadId, domain, scope, persona: personaOf(secret, scope) };
}

/** What the gate's part of a join is made with. */
export interface GateUse {
  readonly files: GateFiles;
  readonly list: BanList;
  readonly day: string;
  readonly slot: number;
  readonly slots: number;
}

export interface JoinOptions {
  readonly action: Action;
  readonly secret: bigint;
  readonly roster: string;
  readonly checkpoint: string;
  readonly path: MerklePath;
  readonly poseidon: Poseidon;
  readonly artifacts: Artifacts;
  readonly gate: GateUse;
  /** Told which proof is being made: the membership's, then the gate's pages. */
  readonly progress: (stage: "witness" | "gate", done: number, total: number) => void;
}

/** Proves that the persona of `action` is a leaf of `roster`, at depth 20 whatever the path's length, and passes the gate. */
export async function makeJoin(options: JoinOptions): Promise<Join> {
  const { action, secret, roster, checkpoint, path, poseidon, artifacts, gate, progress } = options;
  const { threadId, id, scope, persona, domain } = action;
  const message = domain.joinMessage({ threadId, key: persona.key, roster, root: path.root, checkpoint, first: id });
  const nullifier = nullifierOf(poseidon, secret, scope);
  const expected = { root: path.root, nullifier, message: circuitInput(message), scope: circuitInput(scope) };
  progress("witness", 0, 0);
  const proof = toHex(await prove(artifacts, { secret, path, scope, message }, expected));
  const { files, list, day, slot, slots } = gate;
  const statement = { domain, scope, message, day, slots };
  const passed = await proveGate({ files, poseidon, secret, slot, statement, list, progress: (done, total) => progress("gate", done, total) });
  return { roster, root: path.root.toString(), nullifier: nullifier.toString(), checkpoint, proof, gate: passed };
}

/** The submission as it is sent, signed by the persona. */
export function buildSubmission(action: Action, join: Join | null): string {
  const signature = action.persona.sign(action.domain.actionBytes(action.id));
  const submission = { version: 1, content: action.content, key: toHex(action.persona.key), signature: toHex(signature), join };
  return new TextDecoder().decode(canonicalJson(submission));
}
