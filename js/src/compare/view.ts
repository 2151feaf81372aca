/** What stands around the columns: the race, what is done with all of them, their differences. */

import type { AnyModel } from "@anywidget/types";
import { type Drawn, drawSoon } from "../clock";
import { addStyle, button, element, iconButton, on, setText } from "../dom";
import type { Column } from "../index_compare";
import { keepKeys } from "../keys";
import type { Traits } from "../protocol";
import type { Store } from "../store";
import { textOfTurns } from "../turns";
import { ReplayView } from "../views/replay";
import css from "./compare.css" with { type: "text" };
import { DifferencesView } from "./marked";
import { Race } from "./race";
import { JointReplay } from "./replay";
import { scrollTogether } from "./scroll";

const STYLE = "nbs-compare-style";
/** Milliseconds between two looks at columns that stream: the race is no film. */
const TICK = 200;

export interface ArrangeProps {
  model: AnyModel<Traits>;
  columns: readonly Column[];
  /** Tells of all that is new in any column, and of what is said of all. */
  whole: Store;
  root: HTMLElement;
  /** Has one element for each column: its name and its panel. */
  list: HTMLElement;
  ask: (message: object) => void;
  signal: AbortSignal;
}

export function arrange(props: ArrangeProps): void {
  const { model, columns, whole, root, list, ask, signal } = props;
  const race = new Race();
  const replay = new JointReplay(() => columns.map(({ store }) => store), schedule);
  let isReplaying = false;
  const bar = new ReplayView(replay, () => {
    isReplaying = false;
    schedule();
    again.focus();
  });
  const stop = iconButton("Stop all", "nbs-stop", "M4.5 4.5h7v7h-7z");
  const again = iconButton(
    "Play all again",
    "nbs-again",
    "M3 3v3.5h3.5",
    "M3.6 6.2a5 5 0 11-.6 3.3",
  );
  const together = button("nbs-text-button", "Scroll together");
  together.setAttribute("aria-label", "Scroll together");
  together.setAttribute("aria-pressed", "false");
  const base = element("select", { class: "nbs-select", "aria-label": "Mark differences" });
  const differences = columns.map(() => new DifferencesView(schedule));
  const problem = element("div", { class: "nbs-problem", role: "alert" });
  const notice = element("div", { class: "nbs-notice", role: "status" });
  const status = element("span", { class: "nbs-word", role: "status" });
  const tools = element("span", { class: "nbs-buttons" }, base, together, stop, again);
  const head = element("header", { class: "nbs-header" }, status, tools);
  root.classList.add("nbs-compare");
  root.prepend(head, race.el);
  root.append(problem, notice, bar.el);
  addStyle(STYLE, css, root.getRootNode());
  keepKeys(root, signal);
  scrollTogether(list, columns, () => together.getAttribute("aria-pressed") === "true", signal);

  let timer = 0;
  /** Whether there is something new that was not looked at. */
  let isDue = false;
  /** How all was when that was last looked at. */
  let heard = "";
  const drawn: Drawn = { write, read() {} };

  function write(): void {
    if (!root.isConnected || signal.aborted) return;
    const isRunning = columns.some(({ store }) => store.isRunning);
    race.update(columns);
    setText(status, [...summary(columns), ...taken()].join(" · "));
    setText(problem, whole.problem);
    setText(notice, whole.notice);
    stop.hidden = !isRunning;
    stop.disabled = columns.every(({ store }) => store.isStopping || !store.isRunning);
    again.hidden = isRunning;
    bar.el.hidden = !isReplaying;
    if (isReplaying) bar.update();
    grow();
    mark();
    clearTimeout(timer);
    isDue = false;
    timer = window.setTimeout(() => {
      timer = 0;
      if (isDue || (isRunning && !isReplaying)) schedule();
    }, TICK);
  }

  /** Look at once at what is done with the columns, and at their tokens soon: not in each frame. */
  function hear(): void {
    const now = [whole.problem, whole.notice, ...columns.map(({ store }) => store.doing)].join();
    isDue = true;
    if (timer === 0 || isReplaying || now !== heard) schedule();
    heard = now;
  }

  /** Take in columns that have come. */
  function grow(): void {
    if (base.length === 0) base.append(element("option", { value: "" }, "No differences"));
    for (let i = base.length - 1; i < columns.length; i++) {
      base.append(element("option", { value: String(i) }, `Differences from ${columns[i]!.name}`));
      differences[i] ??= new DifferencesView(schedule);
      const column = list.children[i]!;
      column.setAttribute("aria-label", columns[i]!.name);
      column.append(differences[i]!.el);
      const take = button("nbs-text-button nbs-take", "Take this one");
      on(take, "click", () => ask({ type: "take", column: i }));
      const name = column.firstElementChild!;
      name.setAttribute("role", "heading");
      name.setAttribute("aria-level", "4");
      column.prepend(element("div", { class: "nbs-column-head" }, name, take));
    }
    const taken = model.get("_taken");
    [...list.children].forEach((column, i) => {
      const take = column.querySelector<HTMLButtonElement>(":scope > :first-child > .nbs-take")!;
      const isTaken = taken === i;
      take.hidden = taken === null || taken === undefined;
      take.disabled = isTaken || columns[i]!.store.isGone;
      setText(take, isTaken ? "Taken" : "Take this one");
      column.classList.toggle("nbs-taken", isTaken);
    });
  }

  /** What the conversation goes on with, where the columns are of one. */
  function taken(): string[] {
    const name = columns[model.get("_taken") ?? -1]?.name;
    return name === undefined ? [] : [`The conversation goes on with ${name}`];
  }

  function mark(): void {
    const from = base.value === "" ? null : Number(base.value);
    const textOf = ({ store }: Column) => textOfTurns(store.state.runs, store.places);
    columns.forEach(({ store }, i) => {
      const view = differences[i]!;
      const panel = list.children[i]!.querySelector<HTMLElement>(":scope > .nbstream")!;
      view.el.hidden = from === null;
      panel.hidden = from !== null;
      if (from === null) return;
      view.update(textOf(columns[from]!), textOf(columns[i]!), i === from, store);
    });
  }

  function schedule(): void {
    drawSoon(drawn);
  }

  on(stop, "click", () => {
    for (const { store } of columns) store.stopping();
    ask({ type: "stop" });
    root.focus({ preventScroll: true });
  });
  on(again, "click", () => {
    isReplaying = true;
    replay.play();
    bar.el.hidden = false;
    bar.update();
    bar.el.querySelector<HTMLElement>(".nbs-pause")?.focus();
  });
  on(together, "click", () => {
    const isOn = together.getAttribute("aria-pressed") === "true";
    together.setAttribute("aria-pressed", String(!isOn));
  });
  on(base, "change", schedule);
  model.on("change:_taken", schedule);
  signal.addEventListener("abort", () => {
    model.off("change:_taken", schedule);
    clearTimeout(timer);
    replay.pause();
  });
  whole.subscribe(hear, signal);
  const attached = new ResizeObserver(hear);
  attached.observe(root);
  signal.addEventListener("abort", () => attached.disconnect());
  write();
}

/** How many columns are where: "2 streaming, 1 done". */
function summary(columns: readonly Column[]): string[] {
  const counts = new Map<string, number>();
  for (const { store } of columns) counts.set(store.doing, (counts.get(store.doing) ?? 0) + 1);
  return [[...counts].map(([word, count]) => `${count} ${word}`).join(", ")];
}
