/** The text, chunk by chunk, in blocks that the browser can skip while they are out of sight. */

import { element } from "../dom";

/** A block is closed at the first line end after this many chunks, */
const BLOCK = 300;
/** and at the latest after this many, so that no block grows without bound. */
const BLOCK_MAX = 3000;
/** Chunks added in one animation frame, at most. */
export const BATCH = 1000;

export class TokensView {
  readonly el: HTMLElement;
  #shown = 0;
  #block: HTMLElement | null = null;
  #inBlock = 0;

  constructor() {
    this.el = element("div", {
      class: "nbs-tokens",
      role: "region",
      "aria-label": "Answer",
      tabindex: "0",
    });
    this.el.addEventListener("copy", (event) => this.#copy(event));
  }

  /** How many chunks are on the page. */
  get shown(): number {
    return this.#shown;
  }

  /** Add what is new, up to a batch. Returns whether there is more to add. */
  update(texts: readonly string[]): boolean {
    const end = Math.min(texts.length, this.#shown + BATCH);
    const stuck = this.#atEnd();
    let fragment = document.createDocumentFragment();
    for (; this.#shown < end; this.#shown++) {
      if (this.#block === null) {
        this.#block = element("div", { class: "nbs-block" });
        this.#inBlock = 0;
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
    if (stuck) this.el.scrollTop = this.el.scrollHeight;
    return this.#shown < texts.length;
  }

  // Read from live geometry before each change: the scroll event of the last one may still be due.
  #atEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.el;
    return scrollHeight - scrollTop - clientHeight < 24;
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
