/** The steps of a run, one row each: who called whom, and when each was at work. */

import { element, setText } from "../dom";
import { duration, type RunState } from "../state";
import type { Setup } from "../store";

/** Rows on the page, at most. */
export const MAX_ROWS = 500;

interface Row {
  el: HTMLElement;
  /** The last row that lies in this one's step, or the row itself. */
  lastInside: HTMLElement;
  bar: HTMLElement;
  first: HTMLElement;
  took: HTMLElement;
}

export class TimelineView {
  readonly el: HTMLDetailsElement;
  #summary = element("summary");
  #body = element("tbody");
  #rest = element("div", { class: "nbs-rest" });
  #rows: Row[] = [];

  constructor(setup: Setup) {
    const head = element(
      "tr",
      {},
      element("th", { scope: "col" }, "Step"),
      element("th", { scope: "col" }, "Time"),
      element("th", { scope: "col", class: "nbs-took" }, "Took"),
    );
    const table = element("table", {}, element("thead", {}, head), this.#body);
    this.el = element("details", { class: "nbs-steps" }, this.#summary, table, this.#rest);
    this.el.hidden = true;
    this.el.open = setup.stepsOpen;
    this.el.addEventListener("toggle", () => {
      setup.stepsOpen = this.el.open;
    });
  }

  /** Show the runs as they are now; rows are brought up to date only while they can be seen. */
  update(runs: readonly RunState[]): void {
    // A single step is all there is to see above.
    this.el.hidden = runs.length < 2;
    if (this.el.hidden) return;
    setText(this.#summary, `${runs.length.toLocaleString("en")} steps`);
    if (!this.el.open) return;
    const shown = Math.min(runs.length, MAX_ROWS);
    while (this.#rows.length < shown) this.#add(runs, this.#rows.length);
    const begin = runs[0]!.start;
    const end = Math.max(...runs.slice(0, shown).map(lastSign));
    const share = (time: number) => (end > begin ? ((time - begin) / (end - begin)) * 100 : 0);
    this.#rows.forEach((row, i) => {
      const run = runs[i]!;
      const left = share(run.start);
      row.el.dataset.status = run.status;
      row.bar.style.left = `${left}%`;
      row.bar.style.width = `${share(run.end ?? end) - left}%`;
      const first = run.times[0];
      row.first.hidden = first === undefined || run.type !== "chat_model";
      if (first !== undefined) row.first.style.left = `${share(first)}%`;
      const word = run.status === "failed" || run.status === "stopped" ? `${run.status} · ` : "";
      setText(row.took, run.end === null ? "running" : word + duration(run.end - run.start));
    });
    const left = runs.length - shown;
    setText(this.#rest, left > 0 ? `… and ${left.toLocaleString("en")} more` : "");
  }

  #add(runs: readonly RunState[], index: number): void {
    const run = runs[index]!;
    const name = element("td", { class: "nbs-step", title: run.name }, run.name);
    name.style.setProperty("--nbs-depth", String(depth(runs, run)));
    const bar = element("div", { class: "nbs-bar" });
    const first = element("div", { class: "nbs-first", title: "First token" });
    const took = element("td", { class: "nbs-took" });
    const track = element("td", { class: "nbs-track" }, element("div", {}, bar, first));
    const el = element("tr", { "data-type": run.type }, name, track, took);
    this.#place(runs, run, el);
    this.#rows.push({ el, lastInside: el, bar, first, took });
  }

  /** Put a row behind all that its caller has called before: steps that ran at once take turns. */
  #place(runs: readonly RunState[], run: RunState, el: HTMLElement): void {
    if (run.parent === null) {
      this.#body.append(el);
      return;
    }
    const before = this.#rows[run.parent]!.lastInside;
    before.after(el);
    for (let at: number | null = run.parent; at !== null; at = runs[at]!.parent) {
      const around = this.#rows[at]!;
      if (around.lastInside === before) around.lastInside = el;
    }
  }
}

function depth(runs: readonly RunState[], run: RunState): number {
  let steps = 0;
  for (let at = run; at.parent !== null; at = runs[at.parent]!) steps++;
  return Math.min(steps, 12);
}

/** The latest time something is known to have happened in a run. */
function lastSign(run: RunState): number {
  return run.end ?? run.times.at(-1) ?? run.start;
}
