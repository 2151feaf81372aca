/** One store for each widget model: it folds frames in, asks for missing ones, and tells views. */

import type { Frame, Request } from "./protocol";
import { apply, initial, type ViewState } from "./state";

/** Milliseconds to wait for a resync before asking again. */
const PATIENCE = 2000;

/**
 * How the reader has set up a view. When a run ends, the notebook draws its output anew: what the
 * reader did to the old view must hold for the one that takes its place.
 */
export interface Setup {
  /** Whether the borders are shown, where that is not as the trait says. */
  marked: boolean | null;
  stepsOpen: boolean;
  /** Where the reader has scrolled to; null while the end stays in sight. */
  scrolledTo: number | null;
}

export class Store {
  readonly setup: Setup = { marked: null, stepsOpen: false, scrolledTo: null };
  readonly state: ViewState = initial();
  #listeners = new Set<() => void>();
  #ask: (message: Request) => void;
  #asked = 0;

  /** @param ask sends a request to Python. */
  constructor(ask: (message: Request) => void) {
    this.#ask = ask;
  }

  take(frame: Frame): void {
    const before = this.state.next;
    if (!apply(this.state, frame)) {
      // Frames keep coming while the answer is under way: one question is enough.
      const now = performance.now();
      if (this.#asked === 0 || now - this.#asked > PATIENCE) {
        this.#asked = now;
        this.#ask({ type: "resync", seq: this.state.next });
      }
      return;
    }
    this.#asked = 0;
    if (this.state.next > before) this.notify();
  }

  /** Ask Python to end the run; whether it hears that while it is busy depends on the kernel. */
  stop(): void {
    this.#ask({ type: "stop" });
  }

  notify(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Call `listener` after each change, until `signal` aborts. */
  subscribe(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener));
  }
}
