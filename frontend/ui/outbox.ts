/** The outbox page: what waits, what was sent, what was refused, and what can be done about it. */
import { readOutbox, removeEntry, writeEntry, type Entry } from "../device/outbox.ts";
import { forgetUnjoined } from "../device/personas.ts";
import { clockOffset } from "./api.ts";
import { deliverNow, device, notifyOutbox, onOutboxChange } from "./delivery.ts";
import { alert, announce, button, make, need, replace } from "./dom.ts";
import { DraftPlace } from "./drafts.ts";
import { describe, problemText } from "./failures.ts";
import { glyphElement } from "./glyph.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { labelText } from "./speaker.ts";
import { language, pageOf, sayer, timeOf } from "./words.ts";

const say = sayer(en.outbox, zh.outbox);
const common = sayer(en.common, zh.common);

const list = need(document, "[data-outbox]", HTMLElement);
const newThread = list.dataset["composeUrl"] ?? "";

function stateText(entry: Entry): [kind: string, text: string] {
  const now = new Date();
  switch (entry.state) {
    case "published":
      return ["success", say("published")];
    case "refused":
      return ["error", say("refused", { reason: problemText(entry.refusal!) })];
    case "accepted": {
      const due = new Date(Date.parse(entry.due!) - clockOffset());
      return due.getTime() + 30_000 < now.getTime() ? ["warning", say("late")] : ["info", say("accepted", { time: timeOf(due, now) })];
    }
    case "waiting": {
      const time = timeOf(new Date(entry.next), now);
      if (entry.attempts > 0) return ["warning", say(entry.unsigned ? "unsigned" : "retrying", { time })];
      return entry.next <= now.getTime() ? ["info", say("sending")] : ["neutral", say("waiting", { time })];
    }
  }
}

/** Each button with what it does, for the state that the entry is in. */
function actions(entry: Entry): HTMLElement[] {
  const show = make("a", { class: "btn btn-quiet btn-sm", href: pageOf(entry.kind, entry.action) }, say("show"));
  const sendNow = (label: string): HTMLElement => button(label, "quiet", () => void attempt(entry));
  const discard = button(entry.state === "published" ? say("forget") : say("discard"), "link", () => void throwAway(entry));
  const edit = button(say("editAgain"), "quiet", () => void writeAgain(entry));
  if (entry.state === "published") return [show, discard];
  if (entry.state === "refused") return [edit, sendNow(say("proveAgain")), discard];
  // What the server has accepted appears; it cannot be called back by forgetting it here.
  return entry.state === "waiting" ? [sendNow(say("sendNow")), edit, discard] : [];
}

function row(entry: Entry): HTMLElement {
  const name = common("aliasWithLabel", { alias: entry.alias[language()], label: labelText(entry.label) });
  const [kind, text] = stateText(entry);
  return make(
    "li",
    { class: "outbox-entry", "data-action": entry.action, "data-state": entry.state },
    make("span", { class: "glyph-box glyph-sm" }, glyphElement(entry.alias.glyph)),
    make(
      "div",
      { class: "list-text" },
      make("p", { class: "list-title" }, entry.title ?? entry.text.slice(0, 120)),
      make("p", { class: "list-meta" }, `${say(entry.kind)} · ${say("as", { alias: name })}`),
      make("p", {}, make("span", { class: `tag tag-${kind} outbox-state` }, text)),
      make("p", { class: "row" }, ...actions(entry)),
    ),
  );
}

async function draw(): Promise<void> {
  // A button that is being pressed must not be replaced under the finger: its place in the list gets the focus back.
  const focused = document.activeElement?.closest<HTMLElement>("[data-action]")?.dataset["action"];
  const entries = await readOutbox(await device());
  const empty = make("li", { class: "empty" }, make("p", {}, say("empty")));
  replace(list, ...(entries.length === 0 ? [empty] : entries.map(row)));
  if (focused !== undefined) list.querySelector<HTMLElement>(`[data-action="${focused}"] :is(button, a)`)?.focus();
}

async function attempt(entry: Entry): Promise<void> {
  // Prove again and send: what the server's refusal asks for is found out by delivery.
  await deliverNow(entry.action);
  notifyOutbox();
}

async function throwAway(entry: Entry): Promise<void> {
  const database = await device();
  await removeEntry(database, entry.action);
  notifyOutbox();
  announce(say("discarded"), {
    label: say("undo"),
    press: () => void writeEntry(database, entry).then(notifyOutbox),
  });
  if (entry.state !== "published") await forgetUnjoined(database, entry.thread);
}

/** Puts the words back into the composer and takes the entry out of the outbox. */
async function writeAgain(entry: Entry): Promise<void> {
  const database = await device();
  const draft = { section: entry.section ?? "", title: entry.title ?? "", body: entry.text, parent: entry.parent ?? "", delay: "next" };
  const place = entry.kind === "opening" ? "new" : entry.thread;
  if (!new DraftPlace(place).write(draft)) return announce(say("empty"));
  await removeEntry(database, entry.action);
  await forgetUnjoined(database, entry.thread);
  notifyOutbox();
  location.assign(entry.kind === "opening" ? newThread : pageOf("opening", entry.thread));
}

async function start(): Promise<void> {
  onOutboxChange(() => void draw());
  setInterval(() => void draw(), 15_000);
  await draw();
}

start().catch((error: unknown) => replace(list, make("li", {}, alert("error", describe(error)))));
