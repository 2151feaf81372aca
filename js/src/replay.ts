/** Playing a log again, in its own time: the views are shown its state as it was. */

import type { Log } from "./log";
import { fold, initial, type ViewState } from "./state";

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];

export class Replay {
  /** The state at `time`, or null while the log is shown as it is. */
  state: ViewState | null = null;
  time = 0;
  speed = 1;
  isPlaying = false;
  #log: Log;
  #notify: () => void;
  #frame = 0;

  /** @param notify is called when another time is to be shown. */
  constructor(log: Log, notify: () => void) {
    this.#log = log;
    this.#notify = notify;
  }

  /** When the log begins and ends. */
  get span(): [number, number] {
    const { time } = this.#log;
    return [time[0] ?? 0, time.at(-1) ?? 0];
  }

  /** Show the log as it was at a time. */
  seek(time: number): void {
    const log = this.#log;
    const [begin, end] = this.span;
    this.time = Math.min(Math.max(time, begin), end);
    let next = this.state?.next ?? 0;
    if (this.state && next > 0 && log.time[next - 1]! > this.time) {
      this.state = null; // a fold cannot be undone
      next = 0;
    }
    this.state ??= initial();
    while (next < log.length && log.time[next]! <= this.time) next++;
    fold(this.state, log, next);
    this.#notify();
  }

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
    this.#notify();
  }

  pause(): void {
    this.isPlaying = false;
    cancelAnimationFrame(this.#frame);
    this.#notify();
  }

  /** Show the log as it is. */
  leave(): void {
    this.pause();
    this.state = null;
    this.#notify();
  }
}
