/** Keeps the end of what grows in sight, until the reader scrolls up. */

import { on } from "../dom";
import type { Setup } from "../setup";
import { MOVED } from "../shown";

const UPWARDS = new Set(["ArrowUp", "PageUp", "Home"]);

export class Follower {
  #el: HTMLElement;
  #setup: Pick<Setup, "scrolledTo">;
  #isPlaced = false;

  /** @param setup where the place is kept, for the view that replaces this one. */
  constructor(el: HTMLElement, setup: Pick<Setup, "scrolledTo">) {
    this.#el = el;
    this.#setup = setup;
    el.classList.add("nbs-follows");
    // What is moved on the page begins at its top again.
    el.addEventListener(MOVED, () => {
      el.scrollTop = this.#setup.scrolledTo ?? el.scrollHeight;
    });
    this.#watch();
  }

  get isFollowing(): boolean {
    return this.#setup.scrolledTo === null;
  }

  /** Go to the end if it is to be in sight. Returns whether to look again in the next frame. */
  update(): boolean {
    if (!this.isFollowing) return false;
    const before = this.#el.scrollTop;
    this.#el.scrollTop = this.#el.scrollHeight;
    // What is out of sight gets its true height when first drawn, so look again after that.
    return Math.abs(this.#el.scrollTop - before) > 1;
  }

  /** All is there: go where the reader had been. */
  placed(): void {
    if (!this.#isPlaced && this.#setup.scrolledTo !== null) {
      this.#el.scrollTop = this.#setup.scrolledTo;
    }
    this.#isPlaced = true;
  }

  #atEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#el;
    return scrollHeight - scrollTop - clientHeight < 24;
  }

  /**
   * Let go of the end when the reader turns upwards, and take it again when they are back there.
   * Scroll positions alone don't tell: they also change when blocks are first drawn.
   */
  #watch(): void {
    const el = this.#el;
    let highest = 0;
    const leave = () => {
      if (el.scrollTop === 0) return;
      this.#setup.scrolledTo = el.scrollTop;
      highest = el.scrollTop;
    };
    el.addEventListener("wheel", (event) => event.deltaY < 0 && leave(), { passive: true });
    el.addEventListener("touchmove", leave, { passive: true });
    on(el, "pointerdown", (event) => event.target === el && leave());
    on(el, "keydown", (event) => UPWARDS.has(event.key) && leave());
    on(el, "scroll", () => {
      // Back at the end, having been above it: the last jump to the end may still report itself.
      const back = el.scrollTop > highest + 1 && this.#atEnd();
      if (back) this.#setup.scrolledTo = null;
      else if (this.#isPlaced && this.#setup.scrolledTo !== null) {
        this.#setup.scrolledTo = el.scrollTop;
      }
      highest = Math.min(highest, el.scrollTop);
    });
  }
}
