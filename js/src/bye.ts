/** Tells when nothing of a widget is on the page any more, so that Python need not keep it. */

/** Milliseconds for which a cell that was cut out may be put in again, and its view is the same. */
const PATIENCE = 10_000;

export class Bye {
  #goneAt: number | null = null;
  #isSaid = false;
  #say: () => void;

  /** @param say tells Python. */
  constructor(say: () => void) {
    this.#say = say;
  }

  /**
   * Say so once, if it has been true for a while.
   *
   * @returns whether to look again soon.
   */
  look(isGone: boolean, now = performance.now()): boolean {
    if (!isGone) {
      this.#goneAt = null;
      this.#isSaid = false;
      return false;
    }
    this.#goneAt ??= now;
    if (!this.#isSaid && now - this.#goneAt >= PATIENCE) {
      this.#isSaid = true;
      this.#say();
    }
    return !this.#isSaid;
  }
}
