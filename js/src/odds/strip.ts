/** How sure the model was, over the whole text: a strip to look at, to point at, and for the keys. */

import { element, on, svg } from "../dom";
import type { RunState } from "../state";
import { inWords, visible } from "./bars";
import { entropyOf, probability } from "./figures";
import { oddsAt } from "./of_run";

/** Bars in a strip, at most: of a long text each stands for several tokens. */
const BARS = 240;
const HEIGHT = 20;
/** Bits at which a bar is as high as the strip. */
const FULL = 3;
/** Shares of the height from which a bar is warmer. */
const WARM = [0.12, 0.25, 0.4, 0.6, 0.8];

/** How open the choice of a text was, 0 to 1; null where that is not known. */
export function openness(run: RunState, index: number): number | null {
  const values = oddsAt(run, index).map((odds) => {
    const bits = entropyOf(odds);
    // Without alternatives, how unlikely it was tells as much as there is.
    return bits === null ? 1 - probability(Number(odds[1])) : Math.min(1, bits / FULL);
  });
  return values.length > 0 ? Math.max(...values) : null;
}

/** For each bar the most open choice of its tokens. */
export function barsOf(run: RunState, most = BARS): number[] {
  const count = run.texts.length;
  const bars = new Array<number>(Math.min(count, most)).fill(0);
  for (let index = 0; index < count; index++) {
    const at = Math.floor((index / count) * bars.length);
    bars[at] = Math.max(bars[at]!, openness(run, index) ?? 0);
  }
  return bars;
}

export class Strip {
  readonly el: HTMLElement;
  #paths = [0, 1, 2, 3, 4, 5].map((level) => svg("path", { "data-level": String(level) }));
  #svg = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true" });
  #mark = element("span", { class: "nbs-odds-mark" });
  #run: RunState | null = null;
  #drawn = -1;
  #at = 0;
  #go: (index: number) => void;

  /** @param go shows a token to the reader. */
  constructor(go: (index: number) => void) {
    this.#go = go;
    this.#svg.append(...this.#paths);
    this.#mark.hidden = true;
    this.el = element("div", {
      class: "nbs-odds-strip",
      role: "slider",
      tabindex: "0",
      "aria-label": "How open the choice of each token was",
      "aria-valuemin": "1",
    });
    this.el.append(this.#svg, this.#mark);
    on(this.el, "click", (event) => {
      const { left, width } = this.el.getBoundingClientRect();
      this.#move(Math.floor(((event.clientX - left) / Math.max(1, width)) * this.#count));
    });
    on(this.el, "keydown", (event) => {
      const to = this.#target(event.key);
      if (to === null || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.#move(to);
    });
    on(this.el, "blur", () => {
      this.#mark.hidden = true;
    });
  }

  get #count(): number {
    return this.#run?.texts.length ?? 0;
  }

  update(run: RunState): void {
    this.#run = run;
    const count = run.texts.length;
    // All in all linear: it is drawn anew when a twentieth has been added.
    const isNews = count > this.#drawn * 1.05 || count < this.#drawn;
    if (!isNews && (run.end === null || count === this.#drawn)) return;
    this.#drawn = count;
    const bars = barsOf(run);
    const paths = this.#paths.map(() => "");
    bars.forEach((share, at) => {
      const top = (HEIGHT * (1 - Math.max(0.06, share))).toFixed(1);
      const level = WARM.filter((one) => share >= one).length;
      paths[level] += `M${at} ${HEIGHT}V${top}h1V${HEIGHT}z`;
    });
    this.#svg.setAttribute("viewBox", `0 0 ${Math.max(1, bars.length)} ${HEIGHT}`);
    this.#paths.forEach((path, level) => {
      path.setAttribute("d", paths[level]!);
    });
    this.el.setAttribute("aria-valuemax", String(Math.max(1, count)));
    this.#say();
  }

  #target(key: string): number | null {
    const page = Math.max(1, Math.round(this.#count / 10));
    const steps: { [key: string]: number } = {
      ArrowRight: this.#at + 1,
      ArrowUp: this.#at + 1,
      ArrowLeft: this.#at - 1,
      ArrowDown: this.#at - 1,
      PageUp: this.#at + page,
      PageDown: this.#at - page,
      Home: 0,
      End: this.#count - 1,
      Enter: this.#at,
    };
    return steps[key] ?? null;
  }

  #move(to: number): void {
    if (this.#count === 0) return;
    this.#at = Math.min(this.#count - 1, Math.max(0, to));
    this.#mark.hidden = false;
    this.#mark.style.left = `${(((this.#at + 0.5) / this.#count) * 100).toFixed(2)}%`;
    this.#say();
    this.#go(this.#at);
  }

  #say(): void {
    const run = this.#run;
    if (!run || this.#count === 0) return;
    this.el.setAttribute("aria-valuenow", String(this.#at + 1));
    const odds = oddsAt(run, this.#at);
    const words = odds.map(inWords).join("; ") || "odds not known";
    this.el.setAttribute("aria-valuetext", `${visible(run.texts[this.#at]!)}: ${words}`);
  }
}
