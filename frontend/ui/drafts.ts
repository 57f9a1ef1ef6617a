/** Drafts: what is being written, kept on this device from the first keystroke, so that no reload loses it. */

/** Who speaks is not among it: that is chosen anew each time, never silently remembered. */
export interface Draft {
  readonly section: string;
  readonly title: string;
  readonly body: string;
  readonly parent: string;
  readonly delay: string;
}

const PREFIX = "openmai-draft:";

/** Synchronous storage on purpose: a page that is being left does not wait for a database. */
function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

export class DraftPlace {
  private readonly key: string;

  /** `place` is "new", or the id of the thread that is answered. */
  constructor(place: string) {
    this.key = PREFIX + place;
  }

  read(): Draft | null {
    try {
      const text = storage()?.getItem(this.key) ?? null;
      return text === null ? null : (JSON.parse(text) as Draft);
    } catch {
      return null;
    }
  }

  /** Returns whether the draft is kept. An empty draft is not worth keeping. */
  write(draft: Draft): boolean {
    if (draft.title === "" && draft.body === "") return this.clear();
    try {
      const place = storage();
      place?.setItem(this.key, JSON.stringify(draft));
      return place !== null;
    } catch {
      return false;
    }
  }

  clear(): boolean {
    try {
      storage()?.removeItem(this.key);
      return storage() !== null;
    } catch {
      return false;
    }
  }
}

export const emptyDraft: Draft = { section: "", title: "", body: "", parent: "", delay: "" };
