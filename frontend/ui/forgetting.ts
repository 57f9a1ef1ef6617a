/** Forgetting everything that this site keeps on the device: the database, drafts, what was chosen; in every tab. */
import { deleteDatabase } from "../device/database.ts";
import { closeDevice } from "./delivery.ts";
import { prover } from "./prover.ts";

const CHANNEL = "openmai-forget";

function clear(storage: () => Storage): void {
  try {
    storage().clear();
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}

/** Throws `storage-blocked` if another tab does not let go; what could be forgotten is. */
export async function forgetEverything(): Promise<void> {
  prover.stop();
  await closeDevice();
  clear(() => window.localStorage);
  clear(() => window.sessionStorage);
  await deleteDatabase();
  if (typeof BroadcastChannel !== "undefined") new BroadcastChannel(CHANNEL).postMessage(null);
}

/** Another tab has forgotten everything: what this one still shows is gone as well. */
export function watchForgetting(): void {
  if (typeof BroadcastChannel === "undefined") return;
  new BroadcastChannel(CHANNEL).addEventListener("message", () => location.reload());
}
