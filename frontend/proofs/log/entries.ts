/** What a client asks of the log about a roster's epoch (docs/protocol.md). */
import { canonicalJson, sha256 } from "../encoding.ts";
import { ProofError } from "../errors.ts";
import { equalBytes, toHex } from "../field.ts";
import type { RosterStatement } from "../rosters.ts";
import { carried } from "./checkpoint.ts";
import type { TileTree } from "./tiles.ts";
import { leafHash } from "./tree.ts";

/** Where the server says that an epoch stands in the log; nothing of it is believed. */
export interface Listed {
  readonly roster: string;
  readonly epoch: number;
  readonly log: { readonly index: number; readonly size: number; readonly root: string } | null;
}

/** The hash of the entry of a roster's epoch. It follows from the signed statement, so the entry need not be asked for. */
export function rosterLeaf({ site, season, roster, epoch, root }: RosterStatement, envelope: unknown): Uint8Array {
  const statement = toHex(sha256(canonicalJson(envelope)));
  return leafHash(canonicalJson({ type: "openmai/log/roster/v1", site, season, roster, epoch, root: root.toString(), statement, envelope }));
}

/**
 * The head of the log just behind the entry of an epoch, as a join carries it. Throws `roster-not-logged`.
 *
 * It is computed from the log's own tiles. If the server could choose among heads, it could give each browser another
 * one, and know it again by its join.
 */
export async function epochHead(tree: TileTree, statement: RosterStatement, envelope: unknown, listed: readonly Listed[]): Promise<string> {
  const { roster, epoch } = statement;
  const { index, size, root } = listed.find((each) => each.roster === roster && each.epoch === epoch)?.log ?? {};
  if (index === undefined || !Number.isSafeInteger(index) || index < 0 || index >= tree.head.size) throw new ProofError("roster-not-logged", "nowhere");
  if (!equalBytes(await tree.leaf(index), rosterLeaf(statement, envelope))) throw new ProofError("roster-not-logged", "another entry");
  const head = carried({ size: index + 1, root: await tree.rootAt(index + 1) });
  if (head !== `${size} ${root}`) throw new ProofError("roster-not-logged", "another head");
  return head;
}
