/** One line, opened: what went in, and the whole view of its run. */

import type { AnyModel } from "@anywidget/types";
import { button, element, iconButton, on, setText } from "../dom";
import { Options } from "../options";
import type { Traits } from "../protocol";
import { renderPanel } from "../views/panel";
import { number } from "../words";
import type { BatchStore, Opened } from "./store";

export class BatchDetail {
  readonly el = element("div", { class: "nbs-b-detail" });
  #store: BatchStore;
  #model: AnyModel<Traits>;
  /** The numbers of the lines around it, in the table's order. */
  #order: () => readonly number[];
  #back = button("nbs-text-button nbs-b-back", "‹ All runs");
  #title = element("span", { class: "nbs-b-title" });
  #before = iconButton("Previous run", "", "M9.5 4L5.5 8l4 4");
  #after = iconButton("Next run", "", "M6.5 4l4 4-4 4");
  #retry = button("nbs-text-button", "Run again");
  #input = element("bdi", {
    class: "nbs-b-input",
    tabindex: "0",
    role: "region",
    "aria-label": "Input",
  });
  #output = element("bdi", { class: "nbs-b-output", "aria-label": "Answer", role: "region" });
  #note = element("div", { class: "nbs-hint" });
  #error = element("div", { class: "nbs-error", role: "alert" });
  #panel = element("div");
  #shown: Opened | null = null;
  #life = new AbortController();

  constructor(store: BatchStore, model: AnyModel<Traits>, order: () => readonly number[]) {
    this.#store = store;
    this.#model = model;
    this.#order = order;
    const arrows = element(
      "span",
      { class: "nbs-buttons" },
      this.#retry,
      this.#before,
      this.#after,
    );
    const bar = element("div", { class: "nbs-b-detail-bar" }, this.#back, this.#title, arrows);
    this.el.append(bar, this.#input, this.#output, this.#note, this.#error, this.#panel);
    on(this.#back, "click", () => store.show(null));
    on(this.#before, "click", () => this.#go(-1));
    on(this.#after, "click", () => this.#go(1));
    on(this.#retry, "click", () => {
      if (store.opened) store.ask({ type: "retry", line: store.opened.index });
    });
  }

  update(): void {
    const { opened, lines } = this.#store;
    this.el.hidden = opened === null;
    this.el.toggleAttribute("data-nbs-open", opened !== null); // Escape closes it
    if (opened !== this.#shown) this.#replace(opened);
    if (!opened) return;
    const { index, answer } = opened;
    const status = lines.statusOf(index);
    this.el.dataset.status = status;
    setText(this.#title, `Run ${number(index)} · ${status}`);
    setText(this.#input, lines.inputs[index] ?? "");
    const hasLog = answer?.hasLog ?? false;
    this.#panel.hidden = !hasLog;
    // One that goes on without a log of its own has what its row has.
    const said = status === "running" ? lines.shown(index) : answer?.output || lines.heads[index];
    setText(this.#output, hasLog ? "" : (said ?? ""));
    this.#output.hidden = !this.#output.textContent;
    setText(this.#error, hasLog ? "" : (answer?.error ?? lines.messages.get(index) ?? ""));
    this.#error.hidden = !this.#error.textContent;
    setText(this.#note, noteOf(opened, status));
    this.#note.hidden = !this.#note.textContent;
    const order = this.#order();
    const at = order.indexOf(index);
    this.#before.disabled = at <= 0;
    this.#after.disabled = at < 0 || at >= order.length - 1;
    this.#retry.hidden = this.#store.isGone || (status !== "failed" && status !== "stopped");
  }

  focus(): void {
    this.#back.focus({ preventScroll: true });
  }

  end(): void {
    this.#life.abort();
  }

  #go(step: number): void {
    const order = this.#order();
    const next = order[order.indexOf(this.#store.opened?.index ?? -1) + step];
    if (next !== undefined) this.#store.show(next);
  }

  /** Draw another run's panel. */
  #replace(opened: Opened | null): void {
    this.#shown = opened;
    this.#life.abort();
    this.#life = new AbortController();
    this.#panel.replaceChildren();
    if (!opened) return;
    const { signal } = this.#life;
    const options = new Options(this.#model, opened.store.setup, signal);
    renderPanel({ store: opened.store, el: this.#panel, signal, options });
  }
}

const LATE =
  "The kernel, which has the log of this run, does not answer: this is what its line has.";

function noteOf({ answer, isLate }: Opened, status: string): string {
  if (!answer) return isLate ? LATE : "";
  if (answer.hasLog) return "";
  if (status === "waiting") return "It has not begun yet.";
  if (status === "running") return "";
  return answer.output || answer.error
    ? "The log of this run is not kept any more: this is what came of it."
    : "The log of this run is not kept any more.";
}
