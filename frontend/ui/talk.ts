/** Every page of the talk site: keeps delivering what waits in the outbox, and says when it has appeared. */
import { readOutbox, type Entry } from "../device/outbox.ts";
import { sweep } from "../device/retention.ts";
import { closesAt, seasonAt } from "../proofs/seasons.ts";
import { clockOffset, fetchSite } from "./api.ts";
import { device, onOutboxChange, startDelivery } from "./delivery.ts";
import { alert, announce, make } from "./dom.ts";
import { watchForgetting } from "./forgetting.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { dateOf, pageOf, sayer } from "./words.ts";

const say = sayer(en.outbox, zh.outbox);
const seasons = sayer(en.seasons, zh.seasons);
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

/** Secrets go on time, whatever page comes first; and a season without a key is told where one may want to speak. */
async function mind(): Promise<void> {
  const database = await device();
  const siteClock = (): Promise<number | null> => fetchSite().then(clockOffset, () => null);
  const { gone, held } = await sweep(database, Date.now(), siteClock);
  for (const season of gone) announce(seasons("deleted", { season }));
  for (const season of held) announce(seasons("held", { season }));
  const own = (await database.keys("secrets")).map((key) => key.slice(key.lastIndexOf("/") + 1));
  if (own.length > 0 && !own.includes(seasonAt(Date.now()))) tellNewSeason(own.sort().at(-1)!);
}

function tellNewSeason(past: string): void {
  const main = document.getElementById("main");
  if (main === null || document.querySelector("[data-identity]") !== null) return;
  const day = dateOf(new Date(closesAt(past)).toISOString().slice(0, 10));
  const href = `/${document.documentElement.lang.toLowerCase()}/identity/`;
  const link = make("a", { class: "btn btn-primary btn-sm", href }, seasons("makeKey"));
  main.prepend(alert("info", seasons("begun"), make("p", {}, seasons("pastKey", { season: past, day })), make("p", {}, link)));
}

onOutboxChange(() => void look());
// A device that keeps nothing has nothing to forget.
mind().catch(() => undefined);
watchForgetting();
void look();
startDelivery();
