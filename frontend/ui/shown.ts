/** Whether a page shows what it claims to show. */

/**
 * Whether the page shows this opening, white space aside. The worker then computes the thread's id from it: a page that
 * showed other words under the same id could lead a member into a thread that is not what it seems (threat 7).
 */
export function isShown(opening: unknown, page: ParentNode): boolean {
  const { title, body } = opening as { title?: unknown; body?: unknown };
  const shown = page.querySelector(".post-opening");
  if (shown === null) return true; // a composer on a page of its own
  const plain = (text: unknown): string => String(text ?? "").replace(/\s+/g, "");
  const [heading, text] = [shown.querySelector("h1"), shown.querySelector(".post-body")];
  return plain(heading?.textContent) === plain(title) && plain(text?.textContent) === plain(body);
}
