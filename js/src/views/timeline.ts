/** The runs as a tree over time: who called whom, and when each was at work. A WAI-ARIA treegrid. */

import { element, on, setText } from "../dom";
import type { Setup } from "../setup";
import { isAsking, type RunState } from "../state";
import { duration, number } from "../words";
import { density } from "./density";

/** Rows on the page, at most. */
export const MAX_ROWS = 500;

interface Row {
  el: HTMLElement;
  index: number;
  /** The last row that lies in this one's run, or the row itself. */
  lastInside: HTMLElement;
  hasChildren: boolean;
  bar: HTMLElement;
  flow: HTMLElement;
  first: HTMLElement;
  took: HTMLElement;
  /** How many chunks the density was drawn from. */
  drawn: number;
}

export class TimelineView {
  readonly el: HTMLElement;
  #body = element("tbody");
  #end = element("span");
  #rest = element("div", { class: "nbs-rest" });
  #rows: Row[] = [];
  #runs: readonly RunState[] = [];
  #setup: Setup;
  #select: (run: number | null) => void;

  /** @param select narrows all views to a run, or to none. */
  constructor(setup: Setup, select: (run: number | null) => void) {
    this.#setup = setup;
    this.#select = select;
    const ruler = element("div", { class: "nbs-ruler" }, element("span", {}, "0"), this.#end);
    const head = element(
      "tr",
      {},
      element("th", { scope: "col" }, "Step"),
      element("th", { scope: "col", "aria-label": "Time" }, ruler),
      element("th", { scope: "col", class: "nbs-took" }, "Duration"),
    );
    const table = element(
      "table",
      { role: "treegrid", "aria-label": "Steps in time" },
      element("thead", {}, head),
      this.#body,
    );
    this.el = element("div", { class: "nbs-timeline nbs-scroll" }, table, this.#rest);
    on(this.#body, "keydown", (event) => this.#key(event));
    on(this.#body, "click", (event) => this.#click(event));
  }

  /** Show the runs as they are at a time; `open` is the word for those without an end. */
  update(runs: readonly RunState[], now: number, open = "running"): void {
    if (runs.length < this.#rows.length || runs[0]?.id !== this.#runs[0]?.id) this.#clear();
    this.#runs = runs;
    const shown = Math.min(runs.length, MAX_ROWS);
    const before = this.#rows.length;
    while (this.#rows.length < shown) this.#add(this.#rows.length);
    if (this.#rows.length > before) this.#fold();
    const begin = runs[0]?.start ?? 0;
    const end = Math.max(begin, ...runs.slice(0, shown).map((run) => run.end ?? now));
    setText(this.#end, duration(end - begin));
    const share = (time: number) => (end > begin ? ((time - begin) / (end - begin)) * 100 : 0);
    for (const row of this.#rows) this.#draw(row, share, end, open);
    const left = runs.length - shown;
    setText(this.#rest, left > 0 ? `… and ${number(left)} more` : "");
  }

  #draw(row: Row, share: (time: number) => number, end: number, open: string): void {
    const run = this.#runs[row.index]!;
    const until = run.end ?? end;
    const left = share(run.start);
    row.el.dataset.status = run.status;
    row.bar.style.insetInlineStart = `${left}%`;
    row.bar.style.width = `${share(until) - left}%`;
    const first = run.times[0];
    const last = run.times.at(-1);
    row.flow.hidden = first === undefined;
    row.first.hidden = first === undefined || run.type !== "chat_model";
    if (first !== undefined && last !== undefined) {
      row.first.style.insetInlineStart = `${share(first)}%`;
      row.flow.style.insetInlineStart = `${share(first)}%`;
      row.flow.style.width = `${share(last) - share(first)}%`;
      // Drawn anew when a tenth has been added: all in all that is linear in the chunks.
      if (
        run.times.length > row.drawn * 1.1 ||
        (run.end !== null && run.times.length > row.drawn)
      ) {
        row.flow.style.backgroundImage = density(run.times);
        row.drawn = run.times.length;
      }
    }
    const word = run.status === "failed" || run.status === "stopped" ? `${run.status} · ` : "";
    const now = isAsking(run) ? "waits for you" : open;
    setText(row.took, run.end === null ? now : word + duration(run.end - run.start));
    const isSelected = this.#setup.selected === row.index;
    if (row.el.getAttribute("aria-selected") !== String(isSelected)) {
      row.el.setAttribute("aria-selected", String(isSelected));
    }
  }

  #add(index: number): void {
    const run = this.#runs[index]!;
    const depth = this.#depth(run);
    const name = element("td", { class: "nbs-step", role: "gridcell", title: run.name });
    name.append(element("span", { class: "nbs-twisty" }), element("bdi", {}, run.name));
    name.style.setProperty("--nbs-depth", String(Math.min(depth, 12)));
    const bar = element("div", { class: "nbs-bar" });
    const flow = element("div", { class: "nbs-flow" });
    const first = element("div", { class: "nbs-first", title: "First token" });
    const took = element("td", { class: "nbs-took", role: "gridcell" });
    const track = element("td", { class: "nbs-track", role: "gridcell" });
    track.append(element("div", {}, bar, flow, first));
    const el = element(
      "tr",
      {
        role: "row",
        "data-type": run.type,
        "data-run": String(index),
        "aria-level": String(depth + 1),
        tabindex: index === (this.#setup.selected ?? 0) ? "0" : "-1",
      },
      name,
      track,
      took,
    );
    this.#place(run, el);
    const parent = run.parent === null ? undefined : this.#rows[run.parent];
    if (parent && !parent.hasChildren) {
      parent.hasChildren = true;
      parent.el.setAttribute("aria-expanded", String(!this.#setup.collapsed.has(parent.index)));
    }
    const parts = { el, index, lastInside: el, hasChildren: false, drawn: 0 };
    this.#rows.push({ ...parts, bar, flow, first, took });
  }

  /** Put a row behind all that its caller has called before: steps that ran at once take turns. */
  #place(run: RunState, el: HTMLElement): void {
    if (run.parent === null) {
      this.#body.append(el);
      return;
    }
    const before = this.#rows[run.parent]!.lastInside;
    before.after(el);
    for (let at: number | null = run.parent; at !== null; at = this.#runs[at]!.parent) {
      const around = this.#rows[at]!;
      if (around.lastInside === before) around.lastInside = el;
    }
  }

  #depth(run: RunState): number {
    let steps = 0;
    for (let at = run; at.parent !== null; at = this.#runs[at.parent]!) steps++;
    return steps;
  }

  /** Hide the rows that lie in a collapsed one. */
  #fold(): void {
    const { collapsed } = this.#setup;
    const hidden = new Set<number>();
    // A run's parent has a lower number, so it has been looked at before.
    for (const row of this.#rows) {
      const parent = this.#runs[row.index]!.parent;
      row.el.hidden = parent !== null && (hidden.has(parent) || collapsed.has(parent));
      if (row.el.hidden) hidden.add(row.index);
      if (row.hasChildren) {
        row.el.setAttribute("aria-expanded", String(!collapsed.has(row.index)));
      }
    }
  }

  /** Fold a run's inner runs away, or open; `run` is null for all. */
  expand(run: number | null, open: boolean): void {
    const { collapsed } = this.#setup;
    for (const row of run === null ? this.#rows : [this.#rows[run]!]) {
      if (open) collapsed.delete(row.index);
      else if (row.hasChildren) collapsed.add(row.index);
    }
    this.#fold();
  }

  #click(event: MouseEvent): void {
    const target = event.target as Element;
    const row = this.#rowOf(target);
    if (!row) return;
    this.#focus(row);
    if (target.closest(".nbs-twisty") && row.hasChildren) {
      this.expand(row.index, this.#setup.collapsed.has(row.index));
    } else {
      this.#toggle(row);
    }
  }

  #toggle(row: Row): void {
    this.#select(this.#setup.selected === row.index ? null : row.index);
  }

  #rowOf(node: Element): Row | undefined {
    const el = node.closest<HTMLElement>("[data-run]");
    return el ? this.#rows[Number(el.dataset.run)] : undefined;
  }

  #focus(row: Row): void {
    for (const other of this.#rows) other.el.tabIndex = other === row ? 0 : -1;
    row.el.focus();
  }

  #key(event: KeyboardEvent): void {
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    const row = this.#rowOf(event.target as Element);
    if (!row) return;
    const seen = [...this.#body.children].filter((el) => !(el as HTMLElement).hidden);
    const at = seen.indexOf(row.el);
    const isOpen = row.hasChildren && !this.#setup.collapsed.has(row.index);
    const parent = this.#runs[row.index]!.parent;
    let next: Element | undefined;
    if (event.key === "ArrowDown") next = seen[at + 1];
    else if (event.key === "ArrowUp") next = seen[at - 1];
    else if (event.key === "Home") next = seen[0];
    else if (event.key === "End") next = seen.at(-1);
    else if (event.key === "ArrowRight" && row.hasChildren) {
      if (isOpen) next = seen[at + 1];
      else this.expand(row.index, true);
    } else if (event.key === "ArrowLeft") {
      if (isOpen) this.expand(row.index, false);
      else if (parent !== null) next = this.#rows[parent]!.el;
    } else if (event.key === "Enter" || event.key === " ") this.#toggle(row);
    else return;
    event.preventDefault();
    if (next) this.#focus(this.#rowOf(next)!);
  }

  #clear(): void {
    this.#rows = [];
    this.#body.replaceChildren();
  }
}
