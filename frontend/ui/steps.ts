/** The progress of something that takes seconds: a bar for the eye, and each new step once for assistive technology. */
import type { Progress, Stage } from "../proofs/messages.ts";
import { make, replace } from "./dom.ts";

/** What a step is called; `{done}` and `{total}` in MB, `{percent}`. */
export type StepNames<S extends Stage = Exclude<Stage, "log" | "knowledge">> = Readonly<Record<S, (progress: Progress) => string>>;

const MEGABYTE = 1_000_000;
export const megabytes = (bytes: number): string => (bytes / MEGABYTE).toFixed(1);

export class Steps {
  private readonly bar = make("progress", { class: "progress", "aria-hidden": "true" });
  private readonly text = make("p", { class: "progress-label", "aria-hidden": "true" });
  private readonly spoken = make("p", { class: "sr-only", role: "status", "aria-live": "polite" });
  private stage: string | null = null;

  constructor(private readonly place: Element) {
    replace(place, make("div", { class: "progress-row" }, this.text, this.bar), this.spoken);
    this.hide();
  }

  show(stage: string, text: string, share: number | null): void {
    this.place.toggleAttribute("hidden", false);
    this.text.textContent = text;
    if (share === null) this.bar.removeAttribute("value");
    else this.bar.value = share;
    if (stage !== this.stage) this.spoken.textContent = text;
    this.stage = stage;
  }

  /** A listener for the worker's reports. */
  listener(names: Partial<StepNames<Stage>>): (progress: Progress) => void {
    return (progress) => {
      const share = progress.total > 0 ? progress.done / progress.total : null;
      this.show(progress.stage, names[progress.stage]?.(progress) ?? "", share);
    };
  }

  hide(): void {
    this.place.toggleAttribute("hidden", true);
    this.stage = null;
  }
}
