/** Playing a log again, in its own time: the views are shown its state as it was. */

import type { Log } from "./log";
import { fold, initial, type ViewState } from "./state";

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];

/** What can be played: a log, or several. */
export abstract class Player {
  time = 0;
  speed = 1;
  isPlaying = false;
  #frame = 0;

  /** What is shown of it at `time`, or null while all of it is. */
  abstract get state(): unknown;
  /** When it begins and ends. */
  abstract get span(): [number, number];
  /** Show it as it was at a time. */
  abstract seek(time: number): void;
  protected abstract notify(): void;

  /** Go on from where it is, or from the beginning if that is the end. */
  play(): void {
    const [begin, end] = this.span;
    if (!this.state || this.time >= end) this.seek(begin);
    this.isPlaying = true;
    let before = performance.now();
    const step = () => {
      if (!this.isPlaying) return;
      const now = performance.now();
      const time = this.time + (now - before) * this.speed;
      before = now;
      if (time >= end) this.isPlaying = false;
      this.seek(time);
      if (this.isPlaying) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
    this.notify();
  }

  pause(): void {
    this.isPlaying = false;
    cancelAnimationFrame(this.#frame);
    this.notify();
  }

  /** Show all of it as it is. */
  leave(): void {
    this.pause();
    this.clear();
    this.notify();
  }

  protected abstract clear(): void;
}

export class Replay extends Player {
  #state: ViewState | null = null;
  #log: Log;
  protected notify: () => void;

  /** @param notify is called when another time is to be shown. */
  constructor(log: Log, notify: () => void) {
    super();
    this.#log = log;
    this.notify = notify;
  }

  get state(): ViewState | null {
    return this.#state;
  }

  get span(): [number, number] {
    const { time } = this.#log;
    return [time[0] ?? 0, time.at(-1) ?? 0];
  }

  seek(time: number): void {
    const log = this.#log;
    const [begin, end] = this.span;
    this.time = Math.min(Math.max(time, begin), end);
    let next = this.#state?.next ?? 0;
    if (this.#state && next > 0 && log.time[next - 1]! > this.time) {
      this.#state = null; // a fold cannot be undone
      next = 0;
    }
    this.#state ??= initial();
    while (next < log.length && log.time[next]! <= this.time) next++;
    fold(this.#state, log, next);
    this.notify();
  }

  protected clear(): void {
    this.#state = null;
  }
}
