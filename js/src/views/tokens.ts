/** The text, chunk by chunk, in blocks that the browser can skip while they are out of sight. */

import { element } from "../dom";
import type { Setup } from "../store";

/** A block is closed at the first line end after this many chunks, */
const BLOCK = 300;
/** and at the latest after this many, so that no block grows without bound. */
const BLOCK_MAX = 3000;
/** Chunks added in one animation frame, at most. */
export const BATCH = 1000;

const UPWARDS = new Set(["ArrowUp", "PageUp", "Home"]);

export class TokensView {
  readonly el: HTMLElement;
  #shown = 0;
  #block: HTMLElement | null = null;
  #inBlock = 0;
  /** The number of each block's first chunk. */
  #begins = new WeakMap<Element, number>();
  #setup: Setup;
  #isPlaced = false;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.el = element("div", {
      class: "nbs-tokens",
      role: "region",
      "aria-label": "Answer",
      tabindex: "0",
    });
    this.el.addEventListener("copy", (event) => this.#copy(event));
    this.#watchReader();
  }

  /** How many chunks are on the page. */
  get shown(): number {
    return this.#shown;
  }

  /** The number of the chunk that an element shows, or null where it shows none. */
  indexOf(token: Element): number | null {
    const begin = token.parentElement && this.#begins.get(token.parentElement);
    if (typeof begin !== "number") return null;
    let index = begin;
    for (let at = token.previousElementSibling; at; at = at.previousElementSibling) index++;
    return index;
  }

  /** Add what is new, up to a batch. Returns whether to call again in the next frame. */
  update(texts: readonly string[]): boolean {
    const end = Math.min(texts.length, this.#shown + BATCH);
    let fragment = document.createDocumentFragment();
    for (; this.#shown < end; this.#shown++) {
      if (this.#block === null) {
        this.#block = element("div", { class: "nbs-block" });
        this.#inBlock = 0;
        this.#begins.set(this.#block, this.#shown);
        this.el.append(this.#block);
      }
      const text = texts[this.#shown]!;
      fragment.append(element("span", { class: "nbs-token" }, text));
      this.#inBlock++;
      // A block is a box of its own, and so begins a new line: end it where the text does.
      const lineEnds = text.endsWith("\n");
      if ((this.#inBlock >= BLOCK && lineEnds) || this.#inBlock >= BLOCK_MAX) {
        this.#block.append(fragment);
        fragment = document.createDocumentFragment();
        this.#block = null;
      }
    }
    this.#block?.append(fragment);
    if (this.#following && !this.#atEnd()) {
      // Blocks get their true height when first drawn, so look again after that.
      this.el.scrollTop = this.el.scrollHeight;
      return true;
    }
    if (this.#shown < texts.length) return true;
    if (!this.#isPlaced && this.#setup.scrolledTo !== null) {
      this.el.scrollTop = this.#setup.scrolledTo;
    }
    this.#isPlaced = true;
    return false;
  }

  /** Whether the end stays in sight, which it does until the reader scrolls up. */
  get #following(): boolean {
    return this.#setup.scrolledTo === null;
  }

  #atEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.el;
    return scrollHeight - scrollTop - clientHeight < 24;
  }

  /**
   * Let go of the end when the reader turns upwards, and take it again when they are back there.
   * Scroll positions alone don't tell: they also change when blocks are first drawn.
   */
  #watchReader(): void {
    let highest = 0;
    const leave = () => {
      if (this.el.scrollTop === 0) return;
      this.#setup.scrolledTo = this.el.scrollTop;
      highest = this.el.scrollTop;
    };
    this.el.addEventListener("wheel", (event) => event.deltaY < 0 && leave(), { passive: true });
    this.el.addEventListener("touchmove", leave, { passive: true });
    this.el.addEventListener("pointerdown", (event) => event.target === this.el && leave());
    this.el.addEventListener("keydown", (event) => UPWARDS.has(event.key) && leave());
    this.el.addEventListener("scroll", () => {
      // Back at the end, having been above it: the last jump to the end may still report itself.
      const back = this.el.scrollTop > highest + 1 && this.#atEnd();
      if (back) this.#setup.scrolledTo = null;
      else if (this.#isPlaced && !this.#following) this.#setup.scrolledTo = this.el.scrollTop;
      highest = Math.min(highest, this.el.scrollTop);
    });
  }

  /** Put exactly the text on the clipboard: no delimiters, no line ends between blocks. */
  #copy(event: ClipboardEvent): void {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || !event.clipboardData) return;
    const range = selection.getRangeAt(0);
    if (!this.el.contains(range.commonAncestorContainer)) return;
    event.clipboardData.setData("text/plain", range.cloneContents().textContent ?? "");
    event.preventDefault();
  }
}
