/** A stretch of the text that the browser skips while it is out of sight. */

import { element } from "../dom";
import type { RunState } from "../state";
import { fill, type TokenStyle } from "./token_style";

/** A block is closed at the first line end after this many chunks, */
const SIZE = 150;
/** and at the latest after this many, so that no block grows without bound. */
const SIZE_MAX = 3000;

/**
 * Out of sight a block is one text, which can be found and copied; in sight, each chunk has an
 * element of its own. Making those, and giving them their style, is nearly all that a long text
 * costs.
 */
export class Block {
  readonly el: HTMLElement = element("div", { class: "nbs-block" });
  /** The number of its first chunk, */
  readonly begin: number;
  /** and of the one behind its last. */
  end: number;
  isDrawn: boolean;
  static #all = new WeakMap<EventTarget, Block>();

  constructor(begin: number, isDrawn: boolean) {
    this.begin = begin;
    this.end = begin;
    this.isDrawn = isDrawn;
    Block.#all.set(this.el, this);
  }

  /** The block that has this element. */
  static of(el: EventTarget | null | undefined): Block | undefined {
    return el ? Block.#all.get(el) : undefined;
  }

  /**
   * Add chunks up to `limit`, fewer where the block comes to its end. Returns whether it did.
   * A block is a box of its own, and so begins a new line: it ends where the text has a line end.
   */
  extend(run: RunState, style: TokenStyle, limit: number): boolean {
    const { texts } = run;
    const from = this.end;
    let isFull = false;
    while (this.end < limit && !isFull) {
      const text = texts[this.end++]!;
      const size = this.end - this.begin;
      isFull = (size >= SIZE && text.endsWith("\n")) || size >= SIZE_MAX;
    }
    if (this.isDrawn) this.el.append(tokens(run, style, from, this.end));
    else this.el.append(texts.slice(from, this.end).join(""));
    return isFull;
  }

  /** Give each chunk its element. */
  draw(run: RunState, style: TokenStyle): void {
    this.isDrawn = true;
    this.el.replaceChildren(tokens(run, style, this.begin, this.end));
  }

  /** Be one text again. */
  rest(): void {
    this.isDrawn = false;
    // What is out of sight keeps the height it has had.
    this.el.replaceChildren(this.el.textContent ?? "");
  }

  /** Let go of the chunks from `end` on. */
  cut(run: RunState | undefined, end: number): void {
    this.end = end;
    if (this.isDrawn) {
      while (this.el.childElementCount > end - this.begin) this.el.lastElementChild!.remove();
    } else this.el.replaceChildren(run?.texts.slice(this.begin, end).join("") ?? "");
  }
}

function tokens(run: RunState, style: TokenStyle, begin: number, end: number): DocumentFragment {
  const fragment = document.createDocumentFragment();
  for (let index = begin; index < end; index++) {
    const token = element("span", { class: "nbs-token" });
    fill(token, run.texts[index]!, style, run, index);
    fragment.append(token);
  }
  return fragment;
}
