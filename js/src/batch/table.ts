/** The lines in sight, however many there are: a grid that the keyboard goes through. */

import { button, element, on, setText } from "../dom";
import { STEPS, Tall } from "../views/tall";
import { duration, money, number } from "../words";
import type { Lines, SortName } from "./lines";
import { KEPT } from "./lines";
import type { BatchStore } from "./store";

/** Pixels of a line, where nothing is laid out yet. */
const ROW = 26;
/** Lines drawn above and below those in sight. */
const SPARE = 8;
/** Milliseconds between two orders, at least: lines that jump about cannot be read. */
const PAUSE = 500;

interface Column {
  name: SortName;
  word: string;
  /** What stands there; `text` and `input` are the reader's, and keep their own direction. */
  said: (lines: Lines, index: number) => string;
  /** Whether the largest is of interest first. */
  isNumber?: boolean;
}

const COLUMNS: Column[] = [
  { name: "index", word: "#", said: (_, index) => number(index), isNumber: true },
  { name: "status", word: "Status", said: (lines, index) => lines.statusOf(index) },
  { name: "input", word: "Input", said: (lines, index) => lines.inputs[index] ?? "" },
  { name: "text", word: "Answer", said: (lines, index) => lines.shown(index) },
  {
    name: "first",
    word: "First token",
    said: (lines, i) => seconds(lines.wait(i)),
    isNumber: true,
  },
  { name: "took", word: "Duration", said: (lines, i) => seconds(lines.took(i)), isNumber: true },
  { name: "tokens", word: "Tokens", said: known("tokens", number), isNumber: true },
  { name: "rate", word: "Tokens/s", said: known("rate", number), isNumber: true },
  { name: "cost", word: "Cost", said: known("cost", dollars), isNumber: true },
  { name: "tries", word: "Tries", said: known("tries", number), isNumber: true },
];
/** Columns that are there only where they say something. */
const RARE = ["cost", "tries"] as const;

export class BatchTable {
  readonly el: HTMLElement;
  /** The numbers of the lines that are shown, in order. */
  shown: number[] = [];
  #store: BatchStore;
  #heads = new Map<SortName, HTMLElement>();
  #space = element("div", { class: "nbs-space", role: "rowgroup" });
  #rows = element("div", { class: "nbs-b-rows", role: "presentation" });
  #drawn: Row[] = [];
  #tall = new Tall(ROW);
  #ordered = "";
  #orderedAt = Number.NEGATIVE_INFINITY;
  #id = `nbs-${Math.random().toString(36).slice(2)}`;

  constructor(store: BatchStore, signal: AbortSignal) {
    this.#store = store;
    const head = element("div", {
      class: "nbs-b-row nbs-b-titles",
      role: "row",
      "aria-rowindex": "1",
    });
    for (const { name, word, isNumber } of COLUMNS) {
      const press = button("nbs-b-sort", word);
      press.tabIndex = -1;
      on(press, "click", () => this.#sortBy(name, isNumber ?? false));
      const cell = element("div", { role: "columnheader", "data-column": name }, press);
      this.#heads.set(name, cell);
      head.append(cell);
    }
    this.#space.append(this.#rows);
    this.el = element(
      "div",
      {
        class: "nbs-b-table",
        role: "grid",
        tabindex: "0",
        "aria-label": "Runs",
        "aria-colcount": String(COLUMNS.length),
      },
      element("div", { class: "nbs-b-top", role: "rowgroup" }, head),
      this.#space,
    );
    on(this.el, "scroll", () => {
      store.setup.scrolledTo = this.el.scrollTop;
      this.draw();
    });
    on(this.el, "click", (event) => this.#click(event));
    on(this.el, "keydown", (event) => this.#key(event));
    const resized = new ResizeObserver(() => this.#measure());
    resized.observe(this.el);
    resized.observe(this.#rows);
    signal.addEventListener("abort", () => resized.disconnect());
  }

  /** Put the lines in order. Returns whether to look again later, with nothing new. */
  update(): boolean {
    const { lines, setup } = this.#store;
    const { sort, isDescending, status, kind, search } = setup;
    const wanted = JSON.stringify([sort, isDescending, status, kind, search]);
    const now = performance.now();
    const isFixed = sort === "index" && !status && !kind && !search;
    const before = `${wanted} ${isFixed ? lines.length : lines.version}`;
    let isLater = false;
    if (before !== this.#ordered) {
      const isSame = this.#ordered.startsWith(`${wanted} `);
      isLater = isSame && !isFixed && now - this.#orderedAt < PAUSE;
      if (!isLater) {
        this.shown = lines.order(setup);
        this.#ordered = before;
        this.#orderedAt = now;
      }
    }
    for (const [name, cell] of this.#heads) {
      const order = isDescending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", name === sort ? order : "none");
    }
    for (const name of RARE) {
      const least = name === "tries" ? 1 : 0;
      const isTold = lines.numbers[name].some((value) => value !== null && value > least);
      this.el.classList.toggle(`nbs-b-has-${name}`, isTold);
    }
    this.el.setAttribute("aria-rowcount", String(this.shown.length + 1));
    this.#tall.count = this.shown.length;
    this.#space.style.height = `${this.#tall.height}px`;
    return isLater;
  }

  /** Go where the reader had been, once the table is on the page again. */
  place(): void {
    this.el.scrollTop = this.#store.setup.scrolledTo;
    this.draw();
  }

  /** The height that lines are seen in: below the titles, which stay. */
  get #view(): number {
    return Math.max(0, this.el.clientHeight - this.#space.offsetTop);
  }

  /** Where the table is scrolled to, in lines. */
  get #top(): number {
    return this.#tall.top(this.el.scrollTop, this.#view);
  }

  #measure(): void {
    const height = this.#drawn[0]?.el.getBoundingClientRect().height ?? 0;
    if (height > 0 && Math.abs(height - this.#tall.row) > 0.1) {
      this.#tall.row = height;
      this.#space.style.height = `${this.#tall.height}px`;
    }
    this.draw();
  }

  /** Draw the lines in sight. */
  draw(): void {
    const { lines, setup } = this.#store;
    const top = this.#top;
    const first = Math.max(0, Math.min(Math.floor(top), this.shown.length) - SPARE);
    const last = Math.min(this.shown.length, Math.ceil(top + this.#view / this.#tall.row) + SPARE);
    const place = this.el.scrollTop - (top - first) * this.#tall.row;
    this.#rows.style.transform = `translateY(${Math.max(0, place)}px)`;
    for (let i = first; i < last; i++) {
      const index = this.shown[i]!;
      const row = this.#drawn[i - first] ?? this.#add();
      row.show(lines, index, i + 2, `${this.#id}-${index}`, index === setup.active);
    }
    for (const { el } of this.#drawn.splice(Math.max(0, last - first))) el.remove();
    const isThere = this.#drawn.some(({ index }) => index === setup.active);
    const active = isThere ? `${this.#id}-${setup.active}` : null;
    if (active) this.el.setAttribute("aria-activedescendant", active);
    else this.el.removeAttribute("aria-activedescendant");
  }

  #add(): Row {
    const row = new Row();
    this.#drawn.push(row);
    this.#rows.append(row.el);
    return row;
  }

  #sortBy(name: SortName, isNumber: boolean): void {
    const { sort, isDescending } = this.#store.setup;
    // Of numbers the largest are looked for, but for the lines' own.
    const begin = isNumber && name !== "index";
    this.el.scrollTop = 0;
    this.#store.want({ sort: name, isDescending: name === sort ? !isDescending : begin });
    this.el.focus({ preventScroll: true });
  }

  #click(event: MouseEvent): void {
    const row = (event.target as Element).closest<HTMLElement>("[data-index]");
    // Who selects text wants that text.
    if (row && !String(getSelection() ?? "")) this.#store.show(Number(row.dataset.index));
  }

  #key(event: KeyboardEvent): void {
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target !== this.el) return;
    const { active } = this.#store.setup;
    if (event.key === "Enter" && active !== null && this.shown.includes(active)) {
      event.preventDefault();
      this.#store.show(active);
      return;
    }
    const step = STEPS[event.key];
    const last = this.shown.length - 1;
    if (!step || last < 0) return;
    event.preventDefault();
    const page = Math.max(1, Math.floor(this.#view / this.#tall.row) - 1);
    const at = active === null ? -1 : this.shown.indexOf(active);
    const next = Math.min(last, Math.max(0, step(at, page, last)));
    this.#tall.reveal(this.el, next, this.#top, page);
    this.#store.want({ active: this.shown[next]! });
    this.draw();
  }
}

/** One line on the page; what it shows changes as the table scrolls. */
class Row {
  readonly el = element("div", { class: "nbs-b-row", role: "row" });
  index = -1;
  #cells = COLUMNS.map(({ name }) => {
    const said = element(name === "input" || name === "text" ? "bdi" : "span");
    this.el.append(element("div", { role: "gridcell", "data-column": name }, said));
    return said;
  });

  show(lines: Lines, index: number, place: number, id: string, isActive: boolean): void {
    if (index !== this.index) {
      this.index = index;
      this.el.id = id;
      this.el.dataset.index = String(index);
    }
    const status = lines.statusOf(index);
    this.el.setAttribute("aria-rowindex", String(place));
    this.el.setAttribute("aria-selected", String(isActive));
    this.el.dataset.status = status;
    const isTail = status === "running" && (lines.lengths[index] ?? 0) > KEPT / 2;
    this.el.classList.toggle("nbs-b-tail", isTail);
    for (const [i, { said }] of COLUMNS.entries()) setText(this.#cells[i]!, said(lines, index));
  }
}

function seconds(value: number | null): string {
  return value === null ? "" : duration(value * 1000);
}

function dollars(cost: number): string {
  return money({ cost, priced_by: "" });
}

function known(name: "tokens" | "rate" | "cost" | "tries", say: (value: number) => string) {
  return (lines: Lines, index: number) => {
    const value = lines.numbers[name][index] ?? null;
    return value === null ? "" : say(value);
  };
}
