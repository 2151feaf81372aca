/** A column's text with what is not as in another's marked, word by word. */

import { element, setText } from "../dom";
import { modelName } from "../state";
import type { Store } from "../store";
import { differences, type Stretch } from "./differences";

/** How many times as long as it took to find the differences it waits until it looks again. */
const SHARE = 4;
const TOO_LONG = "These texts are too long, or too different, to mark word by word.";
const MARKS = { same: "span", less: "del", more: "ins" } as const;

export class DifferencesView {
  readonly el: HTMLElement;
  #text = element("div", { class: "nbs-diff-text" });
  #error = element("div", { class: "nbs-error" });
  #note = element("div", { class: "nbs-note" });
  #schedule: () => void;
  #drawn: { base: string; text: string } | null = null;
  #again = 0;
  #due = 0;

  /** @param schedule is called when it is to be brought up to date once more. */
  constructor(schedule: () => void) {
    this.#schedule = schedule;
    const named = { role: "region", "aria-label": "Differences", tabindex: "0" };
    this.el = element("div", { class: "nbs-diff", ...named }, this.#text, this.#error, this.#note);
  }

  update(base: string, text: string, isBase: boolean, { state, doing }: Store): void {
    this.el.dataset.status = doing;
    const error = state.runs.find((run) => run.error)?.error;
    this.#error.hidden = !error;
    setText(this.#error, error ? `${error.type}: ${error.message}` : "");
    this.el.setAttribute("aria-label", `Differences: ${modelName(state) ?? "text"}`);
    if (this.#drawn?.base === base && this.#drawn.text === text) return;
    const begin = performance.now();
    if (begin < this.#due) {
      clearTimeout(this.#again);
      this.#again = window.setTimeout(this.#schedule, this.#due - begin);
      return;
    }
    const found: Stretch[] | null = isBase ? [{ kind: "same", text }] : differences(base, text);
    setText(this.#note, found ? "" : TOO_LONG);
    const shown = found ?? [{ kind: "same", text }];
    this.#text.replaceChildren(...shown.map(({ kind, text }) => element(MARKS[kind], {}, text)));
    this.#drawn = { base, text };
    const end = performance.now();
    this.#due = end + SHARE * (end - begin);
  }
}
