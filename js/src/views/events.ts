/** Every event of the log as a line, however many there are; the selected one as its dict. */

import { writeClipboard } from "../clipboard";
import { button, choice, element, on, setText } from "../dom";
import { eventAt, eventName } from "../events";
import { toJson } from "../read";
import type { Store } from "../store";
import { moment, number } from "../words";
import { shown } from "./details";
import { Follower } from "./scroll";
import { STEPS, Tall } from "./tall";

/** Pixels of a line, where nothing is laid out yet. */
const ROW = 24;
/** Lines drawn above and below those in sight. */
const SPARE = 10;
/** Events looked through in one animation frame, at most. */
const BATCH = 50_000;

const KINDS = [
  ["", "All events"],
  ["start", "start"],
  ["chunk", "stream"],
  ["end", "end"],
  ["error", "error"],
  ["cancelled", "cancel"],
  ["custom", "custom"],
] as const;

export class EventsView {
  readonly el: HTMLElement;
  /** What narrows the list down. */
  readonly tools: HTMLElement;
  #store: Store;
  #list: HTMLElement;
  #space = element("div", { class: "nbs-space" });
  #rows = element("div", { class: "nbs-rows" });
  #detail: HTMLElement;
  #json = element("div", { class: "nbs-json" });
  #count = element("span", { class: "nbs-count", role: "status" });
  #names: HTMLSelectElement;
  #tags: HTMLSelectElement;
  #follower: Follower;
  #tall = new Tall(ROW);
  /** The numbers of the events that pass. */
  #passed: number[] = [];
  #looked = 0;
  #runsKnown = 0;
  #narrowedTo: number | null = null;
  /** For each run, whether it lies in that one. */
  #inside: boolean[] = [];
  #drawn = "";

  constructor(store: Store, signal?: AbortSignal) {
    this.#store = store;
    const filter = store.setup.events;
    const kinds = choice("Kind of event", KINDS, (value) => this.#narrow({ kind: value }));
    kinds.value = filter.kind;
    this.#names = choice("Name", [["", "All names"]], (name) => this.#narrow({ name }));
    this.#tags = choice("Tag", [["", "All tags"]], (tag) => this.#narrow({ tag }));
    this.#tags.hidden = true;
    const version = choice(
      "Version of the events",
      [
        ["v2", "v2"],
        ["v1", "v1"],
      ],
      (value) => this.#narrow({ version: value }),
    );
    version.value = filter.version;
    const search = element("input", {
      type: "search",
      class: "nbs-search",
      placeholder: "Find text",
      "aria-label": "Find text in the events",
    });
    search.value = filter.text;
    on(search, "input", () => this.#narrow({ text: search.value }));
    this.tools = element(
      "div",
      { class: "nbs-tools" },
      this.#count,
      kinds,
      this.#names,
      this.#tags,
      search,
      version,
    );
    this.#space.append(this.#rows);
    this.#list = element(
      "div",
      { class: "nbs-list", role: "listbox", "aria-label": "Events", tabindex: "0" },
      this.#space,
    );
    const copy = button("nbs-text-button", "Copy");
    on(copy, "click", async () => {
      await writeClipboard(this.#json.textContent ?? "", this.el);
      setText(copy, "Copied");
      setTimeout(() => setText(copy, "Copy"), 1500);
    });
    this.#detail = element("div", { class: "nbs-detail" }, copy, this.#json);
    this.el = element("div", { class: "nbs-events" }, this.#list, this.#detail);
    // Of a run that is over one reads the beginning first.
    const isOver = store.live.runs[0] !== undefined && store.live.runs[0].end !== null;
    this.#follower = new Follower(this.#list, { scrolledTo: isOver ? 0 : null });
    on(this.#list, "scroll", () => this.#draw());
    // How many lines fit is known when the list is on the page, and may change.
    const resized = new ResizeObserver(() => this.#measure());
    resized.observe(this.#list);
    resized.observe(this.#rows);
    signal?.addEventListener("abort", () => resized.disconnect());
    on(this.#list, "click", (event) => this.#click(event));
    on(this.#list, "keydown", (event) => this.#key(event));
  }

  /** Take in what is new. Returns whether there is more. */
  update(): boolean {
    const { state, setup } = this.#store;
    if (setup.selected !== this.#narrowedTo) {
      this.#narrowedTo = setup.selected;
      this.#restart();
    }
    this.#learn();
    while (this.#passed.length > 0 && this.#passed.at(-1)! >= state.next) this.#passed.pop();
    this.#looked = Math.min(this.#looked, state.next);
    const end = Math.min(state.next, this.#looked + BATCH);
    for (; this.#looked < end; this.#looked++) {
      if (this.#passes(this.#looked)) this.#passed.push(this.#looked);
    }
    const all = this.#passed.length === state.next;
    const some = `${number(this.#passed.length)} of ${number(state.next)}`;
    setText(this.#count, all ? number(state.next) : some);
    this.#tall.count = this.#passed.length;
    this.#space.style.height = `${this.#tall.height}px`;
    this.#showDetail();
    return this.#looked < state.next;
  }

  /** Draw the lines in sight. Returns whether to look again in the next frame. */
  follow(isMore: boolean): boolean {
    const again = this.#follower.update();
    this.#follower.placed();
    this.#draw();
    return again || isMore;
  }

  #narrow(change: Partial<Store["setup"]["events"]>): void {
    Object.assign(this.#store.setup.events, change);
    this.#restart();
    this.#store.notify();
  }

  #restart(): void {
    this.#passed = [];
    this.#looked = 0;
    this.#inside = [];
    this.#drawn = "";
  }

  /** Offer the names and tags that runs have. */
  #learn(): void {
    const { runs } = this.#store.live;
    const { name, tag } = this.#store.setup.events;
    for (; this.#runsKnown < runs.length; this.#runsKnown++) {
      const run = runs[this.#runsKnown]!;
      offer(this.#names, run.name, name);
      for (const one of run.tags) offer(this.#tags, one, tag);
    }
    this.#tags.hidden = this.#tags.length < 2;
  }

  #passes(seq: number): boolean {
    const { log, live, setup } = this.#store;
    const { kind, name, tag, text, version } = setup.events;
    const index = log.run[seq]!;
    const run = live.runs[index];
    if (!run) return false;
    if (kind && log.kind[seq] !== kind) return false;
    if (name && run.name !== name) return false;
    if (tag && !run.tags.includes(tag)) return false;
    if (setup.selected !== null && !this.#isInside(index, setup.selected)) return false;
    const event = eventName(log, live.runs, seq, version);
    if (event === null) return false;
    if (!text) return true;
    const wanted = text.toLowerCase();
    const detail = log.detail.get(seq);
    return (
      log.text[seq]!.toLowerCase().includes(wanted) ||
      event.includes(wanted) ||
      run.name.toLowerCase().includes(wanted) ||
      (detail !== undefined && toJson(detail).toLowerCase().includes(wanted))
    );
  }

  /** Whether a run is the one that the list is narrowed to, or lies in it. */
  #isInside(index: number, around: number): boolean {
    const { runs } = this.#store.live;
    const inside = this.#inside;
    // A run's parent has a lower number, so it has been looked at before.
    for (let i = inside.length; i <= index; i++) {
      const { parent } = runs[i]!;
      inside.push(i === around || (parent !== null && inside[parent]!));
    }
    return inside[index]!;
  }

  /** Where the list is scrolled to, in lines. */
  get #top(): number {
    return this.#tall.top(this.#list.scrollTop, this.#list.clientHeight);
  }

  #measure(): void {
    const height = this.#rows.firstElementChild?.getBoundingClientRect().height ?? 0;
    if (height > 0 && Math.abs(height - this.#tall.row) > 0.1) {
      this.#tall.row = height;
      this.#drawn = "";
      this.#space.style.height = `${this.#tall.height}px`;
    }
    this.#draw();
  }

  #draw(): void {
    const { clientHeight, scrollTop } = this.#list;
    const top = this.#top;
    const first = Math.max(0, Math.floor(top) - SPARE);
    const last = Math.min(
      this.#passed.length,
      Math.ceil(top + clientHeight / this.#tall.row) + SPARE,
    );
    const { selected, version } = this.#store.setup.events;
    const now = `${first} ${last} ${selected} ${version} ${this.#passed[first]}`;
    if (now === this.#drawn) return;
    this.#drawn = now;
    this.#rows.style.transform = `translateY(${scrollTop - (top - first) * this.#tall.row}px)`;
    const rows = [];
    for (let i = first; i < last; i++) rows.push(this.#line(i));
    this.#rows.replaceChildren(...rows);
    const id = selected === null ? "" : `${this.#id}-${selected}`;
    this.#list.setAttribute("aria-activedescendant", id);
  }

  #id = `nbs-${Math.random().toString(36).slice(2)}`;

  #line(place: number): HTMLElement {
    const { log, live, setup } = this.#store;
    const seq = this.#passed[place]!;
    const run = live.runs[log.run[seq]!]!;
    const began = live.runs[0]!.start;
    return element(
      "div",
      {
        class: "nbs-event",
        role: "option",
        id: `${this.#id}-${seq}`,
        "data-seq": String(seq),
        "data-kind": log.kind[seq]!,
        "aria-selected": String(seq === setup.events.selected),
        "aria-posinset": String(place + 1),
        "aria-setsize": String(this.#passed.length),
      },
      element("span", { class: "nbs-seq" }, number(seq)),
      element("span", { class: "nbs-time" }, moment(log.time[seq]! - began)),
      element("span", { class: "nbs-event-name" }, eventName(log, live.runs, seq, "v2") ?? ""),
      element("bdi", { class: "nbs-run-name" }, run.name),
      element("bdi", { class: "nbs-preview" }, this.#preview(seq)),
    );
  }

  #preview(seq: number): string {
    const { log, live, setup } = this.#store;
    if (log.kind[seq] === "chunk" && !log.detail.has(seq)) return JSON.stringify(log.text[seq]);
    const data = eventAt(log, live.runs, seq, setup.events.version)?.data;
    return data === undefined ? "" : toJson(data).slice(0, 300);
  }

  #showDetail(): void {
    const { log, live, setup, state } = this.#store;
    const { selected, version } = setup.events;
    this.#detail.hidden = selected === null || selected >= state.next;
    this.el.classList.toggle("nbs-has-detail", !this.#detail.hidden);
    if (selected === null || this.#detail.hidden) return;
    const event = eventAt(log, live.runs, selected, version);
    setText(this.#json, event ? shown(event as never) : `Version ${version} has no such event.`);
  }

  #choose(seq: number | null): void {
    this.#store.setup.events.selected = seq;
    this.#list.toggleAttribute("data-nbs-open", seq !== null);
    this.#showDetail();
    this.#draw();
  }

  #click(event: MouseEvent): void {
    const row = (event.target as Element).closest<HTMLElement>("[data-seq]");
    if (!row) return;
    const seq = Number(row.dataset.seq);
    this.#choose(seq === this.#store.setup.events.selected ? null : seq);
  }

  #key(event: KeyboardEvent): void {
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") this.#choose(null);
    const step = STEPS[event.key];
    const last = this.#passed.length - 1;
    if (!step || last < 0) return;
    event.preventDefault();
    const { selected } = this.#store.setup.events;
    const page = Math.max(1, Math.floor(this.#list.clientHeight / this.#tall.row) - 1);
    const at = selected === null ? -1 : this.#passed.indexOf(selected);
    const next = Math.min(last, Math.max(0, step(at, page, last)));
    this.#tall.reveal(this.#list, next, this.#top, page);
    this.#choose(this.#passed[next]!);
  }
}

/** Add an option once; choose it where the reader had. */
function offer(select: HTMLSelectElement, value: string, chosen: string): void {
  if (![...select.options].some((option) => option.value === value)) {
    select.append(element("option", { value }, value));
  }
  if (value === chosen) select.value = value;
}
