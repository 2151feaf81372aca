/** The race: when each column had its first token, how fast it was, when it ended, what it cost. */

import { element, setText } from "../dom";
import type { Column } from "../index_compare";
import { metrics } from "../state";
import { WORDS } from "../views/header";
import { duration, money, number } from "../words";

interface Measure {
  word: string;
  /** Whether more is better. */
  isMore?: boolean;
  of(measured: ReturnType<typeof metrics>): number | null;
  say(value: number, measured: ReturnType<typeof metrics>): string;
}

const MEASURES: Measure[] = [
  {
    word: "First token",
    of: ({ first_token }) => first_token,
    say: (value) => duration(value * 1000),
  },
  {
    word: "Rate",
    isMore: true,
    of: ({ tokens_per_second }) => tokens_per_second,
    say: (value, { output_tokens }) =>
      `${number(value)} ${output_tokens === null ? "chunks" : "tokens"}/s`,
  },
  { word: "End", of: ({ duration }) => duration, say: (value) => duration(value * 1000) },
  { word: "Cost", of: ({ cost }) => cost, say: (_, measured) => money(measured) },
];

class Row {
  readonly el: HTMLElement;
  #name = element("bdi");
  #word = element("span", { class: "nbs-status" });
  #first = element("span", { class: "nbs-race-wait" });
  #rest = element("span", { class: "nbs-race-bar" });
  #cells = MEASURES.map(({ word }) => element("td", { "data-word": word }));

  constructor(name: string) {
    this.#name.textContent = name;
    const track = element("td", { class: "nbs-race-track", "aria-hidden": "true" });
    track.append(this.#first, this.#rest);
    const head = element("th", { scope: "row" }, this.#name, " ", this.#word);
    this.el = element("tr", {}, head, track, ...this.#cells);
  }

  update({ store }: Column, took: Took, longest: number, best: readonly (number | null)[]): void {
    this.el.dataset.status = store.doing;
    setText(this.#word, WORDS[store.doing]);
    const share = (time: number) => `${((100 * time) / Math.max(longest, 1)).toFixed(2)}%`;
    this.#first.style.width = share(took.first);
    this.#rest.style.width = share(took.all - took.first);
    const { measured } = took;
    MEASURES.forEach(({ of, say }, i) => {
      const value = of(measured);
      const cell = this.#cells[i]!;
      const isBest = value !== null && value === best[i] && store.doing === "done";
      setText(cell, value === null ? "" : say(value, measured));
      cell.classList.toggle("nbs-best", isBest);
      cell.title = isBest ? "The best of all" : "";
    });
  }
}

/** Milliseconds from a column's beginning: to its first token, and so far or to its end. */
interface Took {
  measured: ReturnType<typeof metrics>;
  first: number;
  all: number;
}

function tookOf({ store }: Column): Took {
  const { state } = store;
  const measured = metrics(state, null, store.price());
  const begun = state.runs[0]?.start;
  const all =
    measured.duration !== null
      ? measured.duration * 1000
      : begun === undefined
        ? 0
        : Math.max(0, store.now - begun);
  const first = Math.min(all, measured.first_token === null ? all : measured.first_token * 1000);
  return { measured, first, all };
}

export class Race {
  readonly el: HTMLElement;
  #body = element("tbody");
  #rows: Row[] = [];
  #heads = MEASURES.map(({ word }) => element("th", { scope: "col" }, word));

  constructor() {
    const said = element("span", { class: "nbs-offscreen" }, "Column");
    const row = element("tr", {}, element("th", { scope: "col" }, said), element("td"));
    row.append(...this.#heads);
    const label = { class: "nbs-race", "aria-label": "Race" };
    const table = element("table", label, element("thead", {}, row), this.#body);
    this.el = element("div", { class: "nbs-race-box" }, table);
  }

  update(columns: readonly Column[]): void {
    for (const { name } of columns.slice(this.#rows.length)) {
      const row = new Row(name);
      this.#rows.push(row);
      this.#body.append(row.el);
    }
    const all = columns.map(tookOf);
    const longest = Math.max(...all.map((took) => took.all));
    const isOver = columns.every(({ store }) => !store.isRunning && !store.replay.state);
    const best = MEASURES.map(({ of, isMore }) => {
      // What broke off is no winner.
      const whole = all.filter((_, i) => columns[i]!.store.doing === "done");
      const values = whole.map(({ measured }) => of(measured)).filter((value) => value !== null);
      if (!isOver || values.length < 2 || new Set(values).size < 2) return null;
      return isMore ? Math.max(...values) : Math.min(...values);
    });
    // What nobody has is no column.
    MEASURES.forEach(({ word, of }, i) => {
      const isKnown = all.some(({ measured }) => of(measured) !== null);
      this.#heads[i]!.hidden = !isKnown;
      for (const cell of this.#body.querySelectorAll<HTMLElement>(`[data-word="${word}"]`))
        cell.hidden = !isKnown;
    });
    for (const [i, row] of this.#rows.entries()) row.update(columns[i]!, all[i]!, longest, best);
  }
}
