/** How something is spread over the lines, as a small plot with its middle and its end in words. */

import { element, setText, svg } from "../dom";

const WIDTH = 120;
const HEIGHT = 28;
const BINS = 24;
/** Of fewer a plot would be a picture of single lines. */
const LEAST = 5;

/** The value that a share of sorted values is not above. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** How many values there are in each of equal stretches; the last has all beyond it, too. */
export function binned(sorted: readonly number[], bins = BINS): number[] {
  const counts = new Array<number>(bins).fill(0);
  const least = sorted[0] ?? 0;
  // One that is far from all others would leave these in one bar.
  const span = quantile(sorted, 0.98) - least;
  for (const value of sorted) {
    const bin = span > 0 ? Math.floor(((value - least) / span) * bins) : Math.floor(bins / 2);
    counts[Math.min(bins - 1, bin)]!++;
  }
  return counts;
}

export class Plot {
  readonly el: HTMLElement;
  #path = svg("path", {});
  #words = element("span", { class: "nbs-b-plot-words" });
  #say: (value: number) => string;

  constructor(title: string, say: (value: number) => string) {
    this.#say = say;
    const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" };
    const drawing = svg("svg", { ...box, "aria-hidden": "true" }, this.#path);
    const caption = element("figcaption", {}, element("b", {}, title), this.#words);
    this.el = element("figure", { class: "nbs-b-plot" }, caption, drawing);
  }

  update(values: number[]): void {
    this.el.hidden = values.length < LEAST;
    if (this.el.hidden) return;
    values.sort((a, b) => a - b);
    const counts = binned(values);
    const most = Math.max(...counts);
    const step = WIDTH / counts.length;
    const bars = counts.map((count, i) => {
      // A single one among thousands is to be seen, too.
      const height = count && Math.max(1.5, (count / most) * HEIGHT);
      const left = (i * step).toFixed(1);
      return height
        ? `M${left} ${HEIGHT}v-${height.toFixed(1)}h${(step - 1).toFixed(1)}V${HEIGHT}Z`
        : "";
    });
    const drawn = bars.join("");
    if (this.#path.getAttribute("d") !== drawn) this.#path.setAttribute("d", drawn);
    const [middle, end] = [quantile(values, 0.5), quantile(values, 0.95)];
    setText(this.#words, `half ≤ ${this.#say(middle)}, 95% ≤ ${this.#say(end)}`);
  }
}
