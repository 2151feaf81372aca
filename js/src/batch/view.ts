/** The whole of a `BatchView`: the header, what narrows the table down, and the table or a line. */

import type { AnyModel } from "@anywidget/types";
import { drawSoon } from "../clock";
import { addStyle, button, element, on, setText } from "../dom";
import { keepKeys } from "../keys";
import { Options } from "../options";
import type { Traits } from "../protocol";
import { setup } from "../setup";
import { MOVED } from "../shown";
import { watchSight } from "../sight";
import { count, number } from "../words";
import css from "./batch.css" with { type: "text" };
import { BatchDetail } from "./detail";
import { BatchHeader } from "./header";
import { STATUSES } from "./protocol";
import type { BatchStore } from "./store";
import { BatchTable } from "./table";

const STYLE = "nbs-b-style";
/** Milliseconds between two looks at a batch that goes on without news: its clock does. */
const TICK = 500;
/** Milliseconds between two times that progress is said, at least. */
const QUIET = 8000;
const GONE = "The kernel is gone: these are the answers received so far.";

export function renderBatch(
  store: BatchStore,
  model: AnyModel<Traits>,
  el: HTMLElement,
  signal: AbortSignal,
): void {
  const root = element("section", {
    class: "nbstream nbs-batch mathjax_ignore tex2jax_ignore",
    "aria-label": "Many runs",
    tabindex: "-1",
  });
  const options = new Options(model, setup(), signal);
  const header = new BatchHeader(store);
  const table = new BatchTable(store, signal);
  const detail = new BatchDetail(store, model, () => table.shown);
  const tools = new Tools(store);
  const empty = element("div", { class: "nbs-hint" });
  // It can change each second: no screen reader could say anything else.
  const note = element("div", { class: "nbs-notice" });
  const problem = element("div", { class: "nbs-problem", role: "alert" });
  const said = element("div", { class: "nbs-offscreen", "aria-live": "polite" });
  const list = element("div", {}, tools.el, table.el, empty);
  root.append(header.el, problem, note, list, detail.el, said);
  el.append(root);
  keepKeys(root, signal);

  const announce = announcer(store, said);
  let timer = 0;
  let opened = store.opened;
  let isStyled = false;
  const drawn = { isOutOfSight: false, write, read };

  function schedule(): void {
    drawSoon(drawn);
  }

  function write(): void {
    if (!root.isConnected || signal.aborted) return;
    if (!isStyled) addStyle(STYLE, css, root.getRootNode());
    isStyled = true;
    const { lines, isGone } = store;
    // Not as a panel says it, which one of a run inside would take for its own.
    root.dataset.state = isGone && lines.state !== "done" ? "gone" : lines.state;
    root.style.setProperty("--nbs-max-height", options.get("max_height"));
    let isLater = header.update();
    isLater = table.update() || isLater;
    tools.update(table.shown.length);
    list.hidden = store.opened !== null;
    const isNone = table.shown.length === 0;
    setText(empty, isNone ? (lines.length ? "No run is like that." : "No run has begun yet.") : "");
    empty.hidden = !isNone;
    setText(note, isGone && lines.state !== "done" ? GONE : store.notice || lines.note);
    setText(problem, store.problem);
    detail.update();
    announce();
    clearTimeout(timer);
    if (isLater || store.isRunning) timer = window.setTimeout(schedule, TICK);
  }

  function read(): void {
    if (!root.isConnected || signal.aborted) return;
    if (store.opened === opened) {
      if (!opened) table.draw();
      return;
    }
    const isBack = store.opened === null;
    opened = store.opened;
    if (isBack) {
      table.place();
      table.el.focus({ preventScroll: true });
    } else if (!detail.el.contains(document.activeElement)) detail.focus();
  }

  // What Escape closes inside the line comes first.
  let isInner = false;
  root.addEventListener(
    "keydown",
    () => {
      isInner = detail.el.querySelector("[data-nbs-open]") !== null;
    },
    { capture: true },
  );
  on(root, "keydown", (event) => {
    if (event.key !== "Escape" || isInner || !store.opened) return;
    event.preventDefault();
    store.show(null);
  });
  options.onChange(["max_height"], schedule);
  store.subscribe(schedule, signal);
  root.addEventListener(MOVED, schedule);
  const attached = new ResizeObserver(schedule);
  attached.observe(root);
  const seen = (isOutOfSight: boolean) => {
    drawn.isOutOfSight = isOutOfSight;
    if (!isOutOfSight) schedule();
  };
  watchSight(root, seen, signal);
  signal.addEventListener("abort", () => {
    attached.disconnect();
    clearTimeout(timer);
    detail.end();
  });
  write();
  read();
  if (store.setup.scrolledTo) table.place();
}

/** What narrows the table down. */
class Tools {
  readonly el: HTMLElement;
  #store: BatchStore;
  #count = element("span", { class: "nbs-count" });
  #chips = [null, ...STATUSES].map((status) => {
    const size = element("span", { class: "nbs-size" });
    const word = status ?? "all";
    const el = button("nbs-tab", `${word[0]!.toUpperCase()}${word.slice(1)}`, size);
    on(el, "click", () => this.#store.want({ status, kind: null }));
    return { status, el, size };
  });
  #first = button("nbs-text-button", "Failures first");
  #search = element("input", {
    type: "search",
    class: "nbs-search",
    placeholder: "Find text",
    "aria-label": "Find text in inputs and answers",
  });

  constructor(store: BatchStore) {
    this.#store = store;
    const group = element("div", { class: "nbs-tabs", role: "group", "aria-label": "Status" });
    group.append(...this.#chips.map(({ el }) => el));
    const tools = element("div", { class: "nbs-tools" }, this.#count, this.#first, this.#search);
    this.el = element("div", { class: "nbs-tabbar nbs-b-tools" }, group, tools);
    this.#search.value = store.setup.search;
    on(this.#search, "input", () => store.want({ search: this.#search.value }));
    on(this.#first, "click", () => {
      const isOn = this.#areFirst;
      store.want({ sort: isOn ? "index" : "status", isDescending: false });
    });
  }

  get #areFirst(): boolean {
    const { sort, isDescending } = this.#store.setup;
    return sort === "status" && !isDescending;
  }

  update(shown: number): void {
    const { lines, setup } = this.#store;
    const counts = lines.counts();
    for (const { status, el, size } of this.#chips) {
      const times = status ? counts[status] : lines.length;
      setText(size, number(times));
      el.hidden = status !== null && times === 0 && status !== setup.status;
      el.setAttribute("aria-pressed", String(status === setup.status));
    }
    this.#first.setAttribute("aria-pressed", String(this.#areFirst));
    this.#first.hidden = counts.failed + counts.stopped === 0 && !this.#areFirst;
    setText(
      this.#count,
      shown === lines.length ? "" : `${number(shown)} of ${number(lines.length)}`,
    );
  }
}

/** Say how far it is: at its end, and between in steps of a tenth. */
function announcer(store: BatchStore, el: HTMLElement): () => void {
  let at = performance.now();
  let step = -1;
  let wasRunning = store.isRunning;
  return () => {
    const { lines, isRunning } = store;
    const { done, kept, failed, stopped } = lines.counts();
    const over = done + kept + failed + stopped;
    const total = lines.metrics.total ?? lines.length;
    const tenth = total ? Math.floor((10 * over) / total) : 0;
    if (step < 0) step = tenth; // what was there before is for the reader to go to
    const now = performance.now();
    const isEnd = wasRunning && !isRunning;
    wasRunning = isRunning;
    if (!isEnd && (tenth === step || !isRunning || now - at < QUIET)) return;
    step = tenth;
    at = now;
    const failures = failed ? `, ${number(failed)} failed` : "";
    el.textContent = `${number(over)} of ${count(total, "run")} over${failures}.`;
  };
}
