/** A batch on the page: its lines, those of them that are open, and how the reader wants it all. */

import type { Frame } from "../protocol";
import { isDict } from "../read";
import { Store, tell } from "../store";
import { Lines, type Wanted } from "./lines";
import type { BatchAnswer, BatchRequest, LineAnswer, SavedBatch } from "./protocol";

/** Milliseconds to wait for an answer before asking again. */
const PATIENCE = 2000;
/** Milliseconds in which Python should have heard of what the reader asked for. */
const HEARD_BY = 5000;
const UNHEARD = "The kernel does not answer: it is busy, or it is no longer there.";

/** One line that is open. */
export interface Opened {
  index: number;
  store: Store;
  /** What there is of it, once Python has said so. */
  answer: LineAnswer | null;
  /** Whether Python should have said so by now. */
  isLate: boolean;
}

export interface BatchSetup extends Wanted {
  /** The line that the keyboard is at. */
  active: number | null;
  scrolledTo: number;
}

export class BatchStore {
  readonly lines = new Lines();
  readonly setup: BatchSetup = {
    sort: "index",
    isDescending: false,
    status: null,
    kind: null,
    search: "",
    active: null,
    scrolledTo: 0,
  };
  opened: Opened | null = null;
  isGone = false;
  problem = "";
  notice = "";
  #ask: (message: object) => void;
  #listeners = new Set<() => void>();
  #askedAt = Number.NEGATIVE_INFINITY;
  #heardAt: number | null = null;
  #patience = 0;

  /** @param ask sends a request to Python. */
  constructor(ask: (message: object) => void) {
    this.#ask = ask;
  }

  get isRunning(): boolean {
    const { state } = this.lines;
    return !this.isGone && (state === "running" || state === "paused");
  }

  /** Seconds since the batch began; it goes on between two frames. */
  get now(): number {
    const { metrics, state } = this.lines;
    if (this.isGone || this.#heardAt === null || state !== "running") return metrics.elapsed;
    return metrics.elapsed + (performance.now() - this.#heardAt) / 1000;
  }

  /** Take all there is, as a page finds it when it opens. */
  open(log: object): void {
    const found = log as Partial<SavedBatch> | null;
    if (found?.type !== "batch" || !isDict(found.frame)) return;
    this.lines.take(found.frame);
    this.notify();
  }

  take(message: BatchAnswer): void {
    if (message.type === "batch") this.#takeLines(message);
    else if (message.type === "frame") this.#openedAs(message.line)?.store.take(message as Frame);
    else if (message.type === "export")
      this.#openedAs(message.line)?.store.exporter.take(message.text);
    else if (message.type === "line") {
      const opened = this.#openedAs(message.line);
      if (opened) opened.answer = message;
    } else if (message.type === "problem" || message.type === "notice") {
      this[message.type] = message.text;
      clearTimeout(this.#patience);
    }
    this.notify();
  }

  #takeLines(message: BatchAnswer & { type: "batch" }): void {
    const { opened, lines } = this;
    const started = opened && lines.numbers.started[opened.index];
    const now = performance.now();
    if (lines.take(message)) {
      this.#heardAt = now;
      clearTimeout(this.#patience);
      // Begun, or run again, it has another log.
      if (opened && lines.numbers.started[opened.index] !== started) this.show(opened.index);
    } else if (now - this.#askedAt > PATIENCE) {
      this.#askedAt = now;
      this.#ask({ type: "since", version: lines.version } satisfies BatchRequest);
    }
  }

  #openedAs(line: number | undefined): Opened | null {
    return this.opened?.index === line ? this.opened : null;
  }

  /** Open a line, or go back to all of them. */
  show(index: number | null): void {
    const { opened } = this;
    if (opened) this.#ask({ type: "leave", line: opened.index } satisfies BatchRequest);
    this.opened = null;
    if (index !== null && index >= 0 && index < this.lines.length) {
      const store = new Store((message) => this.#ask(Object.assign({ line: index }, message)));
      store.lose(this.isGone);
      const opened = { index, store, answer: null, isLate: false };
      this.opened = opened;
      setTimeout(() => {
        opened.isLate = true;
        this.notify();
      }, HEARD_BY);
      this.setup.active = index;
      this.#ask({ type: "watch", line: index } satisfies BatchRequest);
    }
    this.notify();
  }

  /** Ask for something that changes what runs. */
  ask(message: BatchRequest): void {
    this.problem = this.notice = "";
    this.#ask(message);
    clearTimeout(this.#patience);
    this.#patience = window.setTimeout(() => {
      this.problem = UNHEARD;
      this.notify();
    }, HEARD_BY);
    this.notify();
  }

  /** Change how the reader wants the lines. */
  want(change: Partial<BatchSetup>): void {
    Object.assign(this.setup, change);
    this.notify();
  }

  /** Note that the kernel is gone, or there again. */
  lose(isGone: boolean): void {
    if (isGone === this.isGone) return;
    this.isGone = isGone;
    clearTimeout(this.#patience);
    this.opened?.store.lose(isGone);
    this.notify();
  }

  notify(): void {
    tell(this.#listeners);
  }

  subscribe(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener));
  }
}
