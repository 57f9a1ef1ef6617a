/** Every page of the talk site: keeps delivering what waits in the outbox, and says when it has appeared. */
import { readOutbox, type Entry } from "../device/outbox.ts";
import { device, onOutboxChange, startDelivery } from "./delivery.ts";
import { announce } from "./dom.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { pageOf, sayer } from "./words.ts";

const say = sayer(en.outbox, zh.outbox);
let before: Map<string, Entry["state"]> | null = null;

/** Shows how many wait, on whatever link to the outbox the page marks. */
function showCount(waiting: number): void {
  for (const badge of document.querySelectorAll<HTMLElement>("[data-outbox-count]")) {
    badge.hidden = waiting === 0;
    badge.textContent = say("waitingCount", { count: waiting });
  }
}

function tellNews(entries: readonly Entry[]): void {
  for (const { action, state, kind } of entries) {
    const was = before?.get(action);
    if (was === undefined || was === state) continue;
    if (state === "published") {
      announce(say("appeared"), { label: say("show"), press: () => location.assign(pageOf(kind, action)) });
    }
    if (state === "refused" && document.querySelector("form[data-composer][aria-busy]") === null) announce(say("refusedNotice"));
  }
  before = new Map(entries.map(({ action, state }) => [action, state]));
}

async function look(): Promise<void> {
  // A device that keeps nothing has no outbox; the pages that need one say so.
  const entries = await device().then(readOutbox).catch(() => []);
  showCount(entries.filter(({ state }) => state !== "published").length);
  tellNews(entries);
}

onOutboxChange(() => void look());
void look();
startDelivery();
