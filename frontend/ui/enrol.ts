/** The people site's enrolment page: takes the answer that came back from Job Talk and hands it in. */
import { fromBase64Url } from "../proofs/field.ts";
import type { Answer } from "../proofs/messages.ts";
import { Problem, request } from "./api.ts";
import { alert, button, make, need, replace } from "./dom.ts";
import { problemText } from "./failures.ts";
import * as en from "./messages/en.ts";
import * as zh from "./messages/zh.ts";
import { sayer } from "./words.ts";

const say = sayer(en.enrol, zh.enrol);

interface Enrolled {
  readonly commitment: string;
  readonly season: string;
  readonly rosters: readonly string[];
}

/** Takes the answer out of the address; null if there is none, undefined if it is damaged. */
function takeAnswer(): Answer | null | undefined {
  const text = new URLSearchParams(location.hash.slice(1)).get("answer");
  if (text === null) return null;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    const { ticket, commitment, nullifier, proof } = JSON.parse(new TextDecoder().decode(fromBase64Url(text, "answer"))) as Answer;
    return { ticket, commitment, nullifier, proof };
  } catch {
    return undefined;
  }
}

/** "company/lumen/provable" in words; `names` are the member's companies and trades by their short names. */
function rosterText(roster: string, names: Readonly<Record<string, string>>): string {
  const [of, slug, kind] = roster.split("/");
  if (slug === undefined) return say("siteRoster");
  const company = names[of === "industry" ? `industry/${slug}` : slug] ?? slug;
  if (of === "industry") return say("tradeRoster", { trade: company, kind: say(kind === "provable" ? "provable" : "attested") });
  return say("companyRoster", { company, kind: say(kind === "provable" ? "provable" : "attested") });
}

class EnrolmentPage {
  private readonly status: HTMLElement;
  private readonly trouble: HTMLElement;

  constructor(private readonly root: HTMLElement) {
    this.status = need(root, "[data-enrol-status]", HTMLElement);
    this.trouble = need(root, "[data-enrol-error]", HTMLElement);
  }

  async start(): Promise<void> {
    const answer = takeAnswer();
    if (answer === null) return;
    if (answer === undefined) return this.fail(say("damaged"), null);
    await this.hand(answer);
  }

  private async hand(answer: Answer): Promise<void> {
    this.trouble.hidden = true;
    replace(this.status, make("p", {}, say("sending")));
    try {
      const body = JSON.stringify(answer);
      const init = { method: "POST", body, headers: { "Content-Type": "application/json" } };
      this.succeed(await request<Enrolled>(this.root.dataset["enrolEndpoint"] ?? "", init));
    } catch (error) {
      if (error instanceof Problem) this.fail(say("failed"), make("p", {}, error.detail || problemText(error)));
      else this.fail(say("network"), make("p", {}, button(say("again"), "quiet", () => void this.hand(answer))));
    }
  }

  private succeed({ season, rosters }: Enrolled): void {
    const talk = this.root.querySelector<HTMLAnchorElement>("[data-enrol-link]");
    const names = JSON.parse(this.root.dataset["enrolCompanies"] ?? "{}") as Record<string, string>;
    const list = make("ul", {}, ...rosters.map((roster) => make("li", {}, rosterText(roster, names))));
    const next = talk === null ? null : this.onward(new URL(talk.href), rosters);
    const box = alert("success", say("done", { season }), make("p", {}, say("doneNext")), make("p", {}, say("rosters")), make("div", { class: "prose" }, list), next);
    replace(this.status, box);
    // The invitation to make a key stands below; it is answered.
    for (const card of this.root.querySelectorAll<HTMLElement>(".card")) card.hidden = true;
    box.tabIndex = -1;
    box.focus();
  }

  /** Back to the anonymous side, telling the device, and only it, which lists to offer first. */
  private onward(link: URL, rosters: readonly string[]): HTMLElement {
    link.hash = `joined=${rosters.join(",")}`;
    return make("p", {}, make("a", { class: "btn btn-primary", href: link.href, rel: "noreferrer" }, say("toTalk")));
  }

  private fail(text: string, more: HTMLElement | null): void {
    replace(this.status);
    replace(this.trouble, alert("error", text, more));
    this.trouble.hidden = false;
  }
}

for (const root of document.querySelectorAll<HTMLElement>("[data-enrol]")) void new EnrolmentPage(root).start();
