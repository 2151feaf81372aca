/** Reads the text out as it comes: politely, in stretches that end where a word does. */

import { element } from "./dom";
import type { RunState } from "./state";
import { count } from "./words";

/** Milliseconds between two stretches, at least: a screen reader needs time to speak. */
const PAUSE = 2500;
/** Characters said at once, at most: nobody listens to a book, and the page has to lay it out. */
const MOST = 10_000;

export class Announcer {
  readonly el = element("div", { class: "nbs-offscreen", "aria-live": "polite" });
  #run: RunState | undefined;
  #said = 0;
  #at = Number.NEGATIVE_INFINITY;

  /** Say what is new, if it is time. */
  update(run: RunState | undefined, now = performance.now()): void {
    if (run !== this.#run) {
      // What was there before the view was opened is for the reader to go to.
      this.#said = run && run.end !== null ? run.texts.length : 0;
      this.#run = run;
    }
    if (!run || this.#said >= run.texts.length) return;
    if (run.end === null && now - this.#at < PAUSE) return;
    let end = run.texts.length;
    // A word may go on in the next token: only where a space is does it end.
    const { texts } = run;
    if (run.end === null) {
      while (end > this.#said && !/\s$/.test(texts[end - 1]!) && !/^\s/.test(texts[end] ?? ""))
        end--;
    }
    if (end === this.#said) return;
    const text = texts.slice(this.#said, end).join("");
    const left = text.length - MOST;
    this.el.textContent =
      left > 0 ? `${text.slice(0, MOST)} … ${count(left, "more character")}.` : text;
    this.#said = end;
    this.#at = now;
  }
}
