/** Playing all columns again on one clock: each from its own beginning. */

import { Player } from "../replay";
import type { Store } from "../store";

export class JointReplay extends Player {
  #stores: () => Store[];
  protected notify: () => void;

  constructor(stores: () => Store[], notify: () => void) {
    super();
    this.#stores = stores;
    this.notify = notify;
  }

  /** From the beginning of all to the end of the longest. */
  get span(): [number, number] {
    const all = this.#stores().map(({ replay }) => replay.span[1] - replay.span[0]);
    return [0, Math.max(0, ...all)];
  }

  get state(): unknown {
    return this.#stores().every(({ replay }) => replay.state) || null;
  }

  seek(time: number): void {
    this.time = Math.min(Math.max(time, 0), this.span[1]);
    for (const { replay } of this.#stores()) {
      if (replay.isPlaying) replay.pause();
      replay.seek(replay.span[0] + this.time);
    }
    this.notify();
  }

  protected clear(): void {
    for (const { replay } of this.#stores()) replay.leave();
  }
}
