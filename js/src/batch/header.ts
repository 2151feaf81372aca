/** What all lines add up to: progress, metrics, failures by kind, how they are spread. */

import { button, element, on, setText } from "../dom";
import { count, duration, money, number } from "../words";
import type { Lines } from "./lines";
import { Plot } from "./plots";
import type { BatchState, LineStatus } from "./protocol";
import type { BatchStore } from "./store";

const WORDS: { [state in BatchState]: string } = {
  waiting: "Waiting",
  running: "Running",
  paused: "Paused",
  done: "Done",
  stopped: "Stopped",
};
/** The parts of the bar, in order. */
const PARTS: LineStatus[] = ["done", "kept", "failed", "stopped", "running"];
/** Kinds of failures that are named, at most. */
const MOST_KINDS = 6;
/** Milliseconds between two looks at how the lines are spread, at least. */
const PAUSE = 400;

export class BatchHeader {
  readonly el: HTMLElement;
  #store: BatchStore;
  #state = element("span", { class: "nbs-status" });
  #progress = element("span", { class: "nbs-b-count" });
  #metrics = element("span", { class: "nbs-b-figures" });
  #pause = button("nbs-text-button", "Pause");
  #stop = button("nbs-text-button", "Stop all");
  #retry = button("nbs-text-button", "Retry failed");
  #bar = element("div", {
    class: "nbs-b-bar",
    role: "progressbar",
    "aria-label": "Runs that are over",
  });
  #parts = PARTS.map((status) => element("span", { "data-status": status }));
  #kinds = element("div", {
    class: "nbs-b-kinds",
    role: "group",
    "aria-label": "Failures by kind",
  });
  #plots = {
    wait: new Plot("First token", seconds),
    length: new Plot("Tokens", (value) => number(value)),
    took: new Plot("Duration", seconds),
  };
  #spread: HTMLElement;
  #plottedAt = Number.NEGATIVE_INFINITY;
  #plotted = -1;
  #told = "";

  constructor(store: BatchStore) {
    this.#store = store;
    this.#bar.append(...this.#parts);
    this.#spread = element(
      "div",
      { class: "nbs-b-plots" },
      ...Object.values(this.#plots).map(({ el }) => el),
    );
    const buttons = element("span", { class: "nbs-buttons" }, this.#pause, this.#retry, this.#stop);
    const line = element(
      "header",
      { class: "nbs-header" },
      this.#state,
      this.#progress,
      this.#metrics,
      buttons,
    );
    this.el = element("div", { class: "nbs-b-head" }, line, this.#bar, this.#kinds, this.#spread);
    on(this.#pause, "click", () => {
      store.ask({ type: store.lines.state === "paused" ? "resume" : "pause" });
    });
    on(this.#stop, "click", () => store.ask({ type: "stop" }));
    on(this.#retry, "click", () => store.ask({ type: "retry" }));
  }

  /** Returns whether to look again later, with nothing new. */
  update(): boolean {
    const { lines, isGone, isRunning } = this.#store;
    const counts = lines.counts();
    const total = lines.metrics.total ?? lines.length;
    const over = counts.done + counts.kept + counts.failed + counts.stopped;
    setText(this.#state, isGone && lines.state !== "done" ? "Kernel gone" : WORDS[lines.state]);
    const open = lines.metrics.total === null ? "+" : "";
    setText(this.#progress, `${number(over)} of ${number(total)}${open} runs`);
    setText(this.#metrics, metricsOf(this.#store).join(" · "));
    this.#pause.hidden = !isRunning;
    setText(this.#pause, lines.state === "paused" ? "Resume" : "Pause");
    this.#stop.hidden = !isRunning;
    const again = counts.failed + counts.stopped;
    this.#retry.hidden = isGone || again === 0 || lines.state === "paused";
    setText(
      this.#retry,
      counts.failed ? `Retry failed (${number(again)})` : `Run the rest (${number(again)})`,
    );
    this.#bar.setAttribute("aria-valuemin", "0");
    this.#bar.setAttribute("aria-valuemax", String(total));
    this.#bar.setAttribute("aria-valuenow", String(over));
    PARTS.forEach((status, i) => {
      this.#parts[i]!.style.width = `${total ? (100 * counts[status]) / total : 0}%`;
    });
    this.#updateKinds(lines);
    return this.#updatePlots(lines);
  }

  #updateKinds(lines: Lines): void {
    const all = lines.failures();
    const { kind } = this.#store.setup;
    const told = JSON.stringify([all, kind]);
    if (told === this.#told) return;
    this.#told = told;
    const chips = all.slice(0, MOST_KINDS).map(([name, times]) => {
      const chip = button("nbs-b-kind", element("bdi", {}, name), ` ${number(times)}`);
      const isOn = name === kind;
      chip.setAttribute("aria-pressed", String(isOn));
      chip.title = isOn ? "Show all lines again" : "Show only these";
      on(chip, "click", () => this.#store.want({ kind: isOn ? null : name, status: null }));
      return chip;
    });
    const rest = all.slice(MOST_KINDS).reduce((sum, [, times]) => sum + times, 0);
    if (rest) chips.push(element("span", {}, `others ${number(rest)}`) as never);
    const focused = [...this.#kinds.children].indexOf(document.activeElement as Element);
    this.#kinds.replaceChildren(...chips);
    if (focused >= 0) chips[Math.min(focused, chips.length - 1)]?.focus();
    this.#kinds.hidden = chips.length === 0;
  }

  #updatePlots(lines: Lines): boolean {
    if (this.#plotted === lines.version) return false;
    const now = performance.now();
    if (now - this.#plottedAt < PAUSE) return true;
    this.#plottedAt = now;
    this.#plotted = lines.version;
    const [waits, lengths, tooks]: [number[], number[], number[]] = [[], [], []];
    for (let i = 0; i < lines.length; i++) {
      const wait = lines.wait(i);
      const took = lines.took(i);
      const tokens = lines.numbers.tokens[i];
      if (wait !== null) waits.push(wait);
      if (took === null) continue; // how long it gets is not known yet
      tooks.push(took);
      if (tokens != null) lengths.push(tokens);
    }
    this.#plots.wait.update(waits);
    this.#plots.length.update(lengths);
    this.#plots.took.update(tooks);
    this.#spread.hidden = Object.values(this.#plots).every(({ el }) => el.hidden);
    return false;
  }
}

/** The metrics in words. */
export function metricsOf({ lines, now, isRunning }: BatchStore): string[] {
  const { eta, per_minute, tokens, tokens_per_second, cost } = lines.metrics;
  const words: string[] = [];
  if (isRunning && eta !== null) words.push(`${clock(eta)} left`);
  if (now > 0) words.push(clock(now));
  if (per_minute !== null) words.push(`${number(per_minute)} runs/min`);
  if (tokens > 0) words.push(count(tokens, "token"));
  if (tokens_per_second !== null) words.push(`${number(tokens_per_second)} tokens/s`);
  if (cost !== null && cost > 0) words.push(money({ cost, priced_by: "" }));
  return words;
}

/** A time that may be long: "12 s", "3:05", "2:03:05". */
export function clock(time: number): string {
  const whole = Math.round(time);
  if (whole < 60) return `${whole} s`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function seconds(value: number): string {
  return duration(value * 1000);
}
