/** The site's signed promise that a post appears by a tick (docs/protocol.md §5, answer): evidence if it does not. */
import { Domain } from "./encoding.ts";
import { parseHex } from "./field.ts";
import type { Receipt, SiteFacts } from "./messages.ts";
import { isSignedBy } from "./personas.ts";

const STATES = ["waiting", "published"];
const TICK = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Whether `receipt`, whatever the server sent, is the site's own for this action. */
export function receiptHolds(facts: SiteFacts, action: string, receipt: Receipt): boolean {
  if (receipt.action !== action || !STATES.includes(receipt.state) || !TICK.test(receipt.due)) return false;
  try {
    const said = new Domain(facts.site, facts.season).receiptBytes(parseHex(action, 32, "action"), receipt.due);
    return isSignedBy(parseHex(facts.receipt_key, 32, "receipt key"), parseHex(receipt.signature, 64, "signature"), said);
  } catch {
    return false; // fields that are no hexadecimal digits
  }
}
