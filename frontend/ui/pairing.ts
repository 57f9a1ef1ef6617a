/**
 * Bringing the key to a second device: each shows what the other reads, a person compares nine digits, and only then the
 * device that has the key shows it, encrypted for the other alone (docs/protocol.md §10).
 */
import type { IdentityFacts, SiteFacts } from "../proofs/messages.ts";
import { Camera, drawCode } from "./codes.ts";
import { alert, button, fieldError, make, replace } from "./dom.ts";
import { describe } from "./failures.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { prover } from "./prover.ts";
import { sayer } from "./words.ts";

const say = sayer(en.pairing, zh.pairing);

/** What came of it: the key of this season if it came, or null. */
type Done = (identity: IdentityFacts | null) => void;

export class PairingWizard {
  private camera: Camera | null = null;
  private readonly body = make("div", { class: "stack" });

  constructor(
    private readonly part: HTMLElement,
    private readonly facts: SiteFacts,
    private readonly done: Done,
    private readonly left: () => void,
  ) {}

  /** Begins on this side: `invites` if this device has the key. Rejects with what the worker says. */
  async start(invites: boolean): Promise<void> {
    const text = await prover.ask("pairBegin", { facts: this.facts, invites });
    const title = make("h2", { class: "card-title" }, say(invites ? "titleGive" : "titleTake"));
    replace(this.part, title, this.body, make("p", {}, button(say("stop"), "link", () => this.stop())));
    this.part.hidden = false;
    if (invites) this.step(say("giveFirst"), this.shown(text), this.next(say("giveNext"), () => this.read(say("giveRead"), (answer) => this.meetAsGiver(answer))));
    else this.read(say("takeRead"), (invitation) => this.meetAsTaker(invitation, text));
  }

  stop(): void {
    this.camera?.stop();
    this.part.hidden = true;
    replace(this.part);
    this.left();
  }

  private step(lead: string, ...content: readonly Node[]): void {
    this.camera?.stop();
    const first = make("p", { tabindex: "-1" }, lead);
    replace(this.body, first, ...content);
    first.focus({ preventScroll: true });
    this.part.scrollIntoView({ block: "start" });
  }

  private next(label: string, press: () => void): HTMLElement {
    const made = button(label, "primary", press);
    made.classList.remove("btn-sm");
    return make("p", { class: "row" }, made);
  }

  /** A text as a picture for a camera, and as letters for those who have none. */
  private shown(text: string): HTMLElement {
    const copied = make("span", { role: "status", class: "muted" });
    const copy = button(say("copy"), "quiet", () => void navigator.clipboard.writeText(text).then(() => (copied.textContent = say("copied"))));
    const letters = make("details", {}, make("summary", {}, say("asText")), make("p", { class: "code-block", "data-pair-text": "" }, text), make("p", { class: "row" }, copy, copied));
    return make("div", { class: "stack" }, make("div", { class: "qr-frame" }, drawCode(text, say("codeLabel"))), letters);
  }

  /** Takes the other device's text, by camera or typed; what cannot be used is told, and asked for again. */
  private read(lead: string, take: (text: string) => Promise<void>): void {
    const errors = make("div", { class: "field-errors", "aria-live": "polite" });
    const input = make("textarea", { class: "textarea mono", rows: "3", id: "pair-input", autocomplete: "off", autocapitalize: "characters", spellcheck: "false" });
    const attempt = async (text: string): Promise<boolean> => {
      try {
        await take(text);
        return true;
      } catch (error) {
        replace(errors, fieldError(describe(error)));
        return false;
      }
    };
    const form = make("form", { class: "stack", novalidate: true }, make("div", { class: "field" }, make("label", { class: "field-label", for: "pair-input" }, say("typed")), input, errors), make("div", { class: "form-actions" }, make("button", { class: `btn btn-${Camera.offered ? "quiet" : "primary"}`, type: "submit" }, say("takeText"))));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void attempt(input.value);
    });
    const scan = button(say("scan"), "primary", () => void this.look(place, attempt));
    const place = make("div", { class: "stack" }, make("div", { class: "form-actions" }, scan));
    this.step(lead, ...(Camera.offered ? [place] : []), form);
  }

  private async look(place: HTMLElement, attempt: (text: string) => Promise<boolean>): Promise<void> {
    const camera = new Camera();
    this.camera = camera;
    replace(place, camera.picture, make("p", { class: "field-help" }, say("scanning")));
    let last = "";
    try {
      // A code that was refused stays before the camera: it is refused once.
      await camera.look(async (text) => text !== last && attempt((last = text)));
    } catch {
      replace(place, make("p", { class: "field-help" }, say("noCamera")));
    }
  }

  private async meetAsGiver(answer: string): Promise<void> {
    const digits = await prover.ask("pairMeet", { text: answer });
    this.step(say("compare"), this.digits(digits), this.verdict(() => void this.deliver()));
  }

  private async meetAsTaker(invitation: string, answer: string): Promise<void> {
    const digits = await prover.ask("pairMeet", { text: invitation });
    const read = (): void => this.read(say("takeLast"), (delivery) => this.receive(delivery));
    this.step(say("takeShow"), this.shown(answer), make("p", {}, say("compare")), this.digits(digits), this.verdict(read));
  }

  private digits(digits: string): HTMLElement {
    return make("p", { class: "pair-digits", "data-pair-digits": "" }, digits);
  }

  private verdict(same: () => void): HTMLElement {
    const differ = button(say("differ"), "quiet", () => this.step("", alert("error", say("differed"), make("p", {}, say("differedNext")))));
    const agree = button(say("same"), "primary", same);
    for (const each of [differ, agree]) each.classList.remove("btn-sm");
    return make("p", { class: "row" }, agree, differ);
  }

  private async deliver(): Promise<void> {
    try {
      const delivery = await prover.ask("pairDeliver", { facts: this.facts });
      this.step(say("giveLast"), this.shown(delivery), this.next(say("finish"), () => this.stop()));
    } catch (error) {
      this.step("", alert("error", describe(error)));
    }
  }

  private async receive(delivery: string): Promise<void> {
    const identity = await prover.ask("pairReceive", { facts: this.facts, text: delivery });
    this.stop();
    this.done(identity);
  }
}
