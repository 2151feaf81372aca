/** All figures of the run on show, and how fast tokens came over time. */

import { element, setText, svg } from "../dom";
import type { Traits } from "../protocol";
import { gaps, metrics, textTimes, type ViewState } from "../state";
import { fine, money, number } from "../words";
import { odds } from "./odds";

const WIDTH = 240;
const HEIGHT = 48;
const BINS = 60;

/** Tokens in each of a number of equal stretches from the first to the last. */
export function ratesOf(times: readonly number[], end: number, most = BINS): number[] {
  // Few tokens in many bins would be a picture of single tokens, not of a rate.
  const bins = Math.max(6, Math.min(most, Math.floor(times.length / 3)));
  const begin = times[0] ?? 0;
  const span = Math.max(end - begin, 1);
  const counts = new Array<number>(bins).fill(0);
  for (const time of times) {
    const bin = Math.min(bins - 1, Math.floor(((time - begin) / span) * bins));
    counts[bin] = counts[bin]! + 1;
  }
  return counts.map((count) => (count * bins * 1000) / span);
}

/** The times of all runs, one after the other. */
function inOrder(streams: readonly (readonly number[])[]): readonly number[] {
  const [first = [], ...more] = streams;
  return more.length === 0 ? first : streams.flat().sort((a, b) => a - b);
}

/** A plot of rates as an SVG path, and the highest rate. */
function outline(rates: readonly number[], width: number, height: number): [string, number] {
  const most = Math.max(...rates, 1);
  const step = width / rates.length;
  const points = rates.map((rate, i) => {
    const y = (height - (rate / most) * (height - 2)).toFixed(1);
    return `${(i * step).toFixed(1)} ${y}H${((i + 1) * step).toFixed(1)}`;
  });
  return [`M0 ${height}L${points.join("L")}V${height}Z`, most];
}

/** The small plot in the header. */
export class Spark {
  readonly el = svg("svg", {
    class: "nbs-spark",
    viewBox: "0 0 48 14",
    role: "img",
    "aria-label": "Tokens a second over time",
  });
  #path = svg("path", {});
  #drawn = 0;

  constructor() {
    this.el.append(this.#path);
  }

  update(state: ViewState, now: number): void {
    const { chunks, duration } = metrics(state);
    this.el.classList.toggle("nbs-none", chunks < 8);
    // As for the density: all in all linear.
    const isNews = chunks > this.#drawn * 1.05 || chunks < this.#drawn;
    const isOver = duration !== null && chunks !== this.#drawn;
    if (chunks < 8 || !(isNews || isOver)) return;
    this.#drawn = chunks;
    const times = inOrder(textTimes(state));
    const end = duration === null ? now : times.at(-1)!;
    this.#path.setAttribute("d", outline(ratesOf(times, end, 24), 48, 14)[0]);
  }
}

export class FiguresView {
  readonly el: HTMLElement;
  #list = element("dl");
  #values = new Map<string, HTMLElement>();
  #path = svg("path", {});
  #most = element("span");
  #span = element("span");
  #plot: HTMLElement;
  #drawn = -1;

  constructor() {
    const image = svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      this.#path,
    );
    const caption = element("figcaption", {}, this.#most, this.#span);
    this.#plot = element("figure", { class: "nbs-plot" }, image, caption);
    this.el = element("section", { class: "nbs-figures", "aria-label": "Metrics" });
    this.el.append(this.#list, this.#plot);
  }

  update(state: ViewState, price: Traits["price"], now: number): void {
    const measured = metrics(state, null, price);
    const { first_token, chunks, input_tokens, output_tokens, tokens_per_second } = measured;
    const begun = state.runs[0]?.start;
    const took = measured.duration === null ? null : measured.duration * 1000;
    const time = (seconds: number | null) => (seconds === null ? "" : fine(seconds * 1000));
    const rate = tokens_per_second ? number(tokens_per_second) : "";
    this.#set("First token", time(first_token));
    this.#set("Duration", begun === undefined ? "" : fine(took ?? now - begun));
    this.#set("Chunks", number(chunks));
    this.#set("Tokens in", input_tokens === null ? "" : number(input_tokens));
    this.#set("Tokens out", output_tokens === null ? "" : number(output_tokens));
    this.#set("Chunks a second", output_tokens === null ? rate : "");
    this.#set("Tokens a second", output_tokens !== null ? rate : "");
    const cost = measured.cost === null ? "" : money(measured).replace("cost ", "");
    this.#set("Cost", cost && measured.priced_by ? `${cost} (${measured.priced_by})` : cost);
    this.#plot.hidden = chunks < 2;
    // Sorting all gaps is the dearest thing here: it waits until a tenth has been added.
    const isNews = chunks > this.#drawn * 1.1 || chunks < this.#drawn;
    if (!isNews && (took === null || chunks === this.#drawn)) return;
    this.#drawn = chunks;
    const streams = textTimes(state);
    const { gap_p50, gap_p95 } = gaps(streams);
    const times = inOrder(streams);
    this.#set("Gap (median)", time(gap_p50));
    this.#set("Gap (p95)", time(gap_p95));
    for (const [name, value] of odds()?.figuresOf(state) ?? []) this.#set(name, value);
    const end = took === null ? now : (times.at(-1) ?? 0);
    const [path, most] = outline(ratesOf(times, end), WIDTH, HEIGHT);
    this.#path.setAttribute("d", path);
    setText(this.#most, `up to ${number(most)} chunks/s`);
    setText(this.#span, `over ${fine(end - (times[0] ?? 0))}`);
  }

  #set(name: string, value: string): void {
    let cell = this.#values.get(name);
    if (!cell) {
      if (!value) return;
      cell = element("dd");
      this.#values.set(name, cell);
      this.#list.append(element("div", {}, element("dt", {}, name), cell));
    }
    setText(cell, value);
    cell.parentElement!.hidden = !value;
  }
}
