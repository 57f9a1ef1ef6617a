/** The ticket that came from the people site, and the way back with the answer (docs/protocol.md §2). */
import type { Answer } from "../proofs/messages.ts";
import { toBase64Url } from "../proofs/field.ts";

export interface Pending {
  readonly ticket: string;
  readonly back: string;
}

const KEY = "openmai-enrolment";

function keep(pending: Pending | null): void {
  try {
    if (pending === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(pending));
  } catch {
    // The ticket lives as long as this page, then.
  }
}

/**
 * Takes the ticket out of the address at once, so that neither history nor a shared link carries it; a reload or the
 * other language finds it in this tab's storage.
 */
export function takeTicket(): Pending | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const ticket = fragment.get("enrol");
  if (ticket !== null) {
    const pending = { ticket, back: fragment.get("return") ?? "" };
    history.replaceState(null, "", location.pathname + location.search);
    keep(pending);
    return pending;
  }
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Pending | null;
  } catch {
    return null;
  }
}

/** The address to go back to, if it lies on the people site; whoever could choose another one would get the answer. */
export function wayBack({ back }: Pending, peopleOrigin: string): URL | null {
  const url = URL.canParse(back) ? new URL(back) : null;
  const fits = url !== null && url.origin === peopleOrigin && /^\/(?:en|zh-hans)\/enrol\/$/.test(url.pathname);
  return fits && url.username === "" && url.search === "" ? url : null;
}

/** Leaves for the people site, the answer in the fragment, which no server sees. */
export function goBack(url: URL, answer: Answer): void {
  keep(null);
  const target = new URL(url);
  target.hash = `answer=${toBase64Url(new TextEncoder().encode(JSON.stringify(answer)))}`;
  location.assign(target);
}

export const forgetTicket = (): void => keep(null);
