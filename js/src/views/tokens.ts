/** The text, chunk by chunk, in blocks that the browser can skip while they are out of sight. */

import { element } from "../dom";
import type { Setup } from "../setup";
import type { RunState } from "../state";
import { AsideElement } from "./aside";
import { fill, type Look } from "./look";
import { Follower } from "./scroll";

/** A block is closed at the first line end after this many chunks, */
const BLOCK = 300;
/** and at the latest after this many, so that no block grows without bound. */
const BLOCK_MAX = 3000;
/** Chunks added in one animation frame, at most; fewer where that makes frames late. */
export const BATCH = 1000;
const BATCH_MIN = 200;
/** Milliseconds between two frames, above which the page is not fluent. */
const LATE = 30;

interface Block {
  el: HTMLElement;
  /** The number of its first chunk. */
  begin: number;
}

export class TokensView {
  readonly el: HTMLElement;
  #shown = 0;
  #blocks: Block[] = [];
  /** Whether the next chunk goes into the last block. */
  #isOpen = false;
  #asides: AsideElement[] = [];
  #run: RunState | undefined;
  #batch = BATCH / 2;
  #lastFrame = 0;
  #look: Look = { whitespace: false, heat: "none" };
  #follower: Follower;

  constructor(setup: Setup) {
    this.el = element("div", {
      class: "nbs-tokens nbs-scroll",
      role: "region",
      "aria-label": "Answer, token by token",
      tabindex: "0",
    });
    this.#follower = new Follower(this.el, setup);
    this.el.addEventListener("copy", (event) => this.#copy(event));
  }

  /** How many chunks are on the page. */
  get shown(): number {
    return this.#shown;
  }

  /** The number of the chunk that an element shows, or null where it shows none. */
  indexOf(node: Element): number | null {
    const token = node.closest(".nbs-token");
    const block = token && this.#blocks.find(({ el }) => el === token.parentElement);
    if (!block) return null;
    let index = block.begin;
    for (let at = token.previousElementSibling; at; at = at.previousElementSibling) index++;
    return index;
  }

  /** The element that shows a chunk, once it is on the page. */
  tokenAt(index: number): HTMLElement | null {
    if (index < 0 || index >= this.#shown) return null;
    const block = this.#blocks.findLast(({ begin }) => begin <= index)!;
    return block.el.children[index - block.begin] as HTMLElement;
  }

  /** Draw all tokens anew, looking otherwise. */
  restyle(look: Look): void {
    if (look.whitespace === this.#look.whitespace && look.heat === this.#look.heat) return;
    this.#look = look;
    this.#clear();
  }

  /** Add what is new, up to a batch. Returns whether to call again in the next frame. */
  update(run: RunState | undefined): boolean {
    if (run !== this.#run) {
      // A replay that jumps back has a state of its own: what the two share is on the page.
      if (run?.id !== this.#run?.id) this.#clear();
      this.#run = run;
    }
    const texts = run?.texts ?? [];
    if (this.#shown > texts.length || this.#asides.length > (run?.asides.length ?? 0)) {
      this.#cut(texts.length, run?.asides.length ?? 0);
    }
    const more = this.#add(run);
    this.#pace(more);
    if (this.#follower.update()) return true;
    if (more) return true;
    this.#follower.placed();
    return false;
  }

  /** Find out how much the page can take: that differs by machine, and by what else is going on. */
  #pace(isBusy: boolean): void {
    const now = performance.now();
    const took = now - this.#lastFrame;
    this.#lastFrame = isBusy ? now : 0;
    if (!isBusy || took > 1000) return; // the frame before was no part of this
    const change = took > LATE ? 0.8 : 1.1;
    this.#batch = Math.round(Math.min(BATCH, Math.max(BATCH_MIN, this.#batch * change)));
  }

  #add(run: RunState | undefined): boolean {
    if (!run) return false;
    const { texts, asides } = run;
    const end = Math.min(texts.length, this.#shown + this.#batch);
    let fragment = document.createDocumentFragment();
    let next = asides[this.#asides.length];
    for (const aside of this.#asides) aside.update(run);
    for (; ; this.#shown++) {
      while (next && next.at <= this.#shown) {
        this.#blocks.at(-1)?.el.append(fragment);
        fragment = document.createDocumentFragment();
        this.#isOpen = false;
        const aside = new AsideElement(next);
        aside.update(run);
        this.#asides.push(aside);
        this.el.append(aside.el);
        next = asides[this.#asides.length];
      }
      if (this.#shown >= end) break;
      if (!this.#isOpen) this.#begin();
      const text = texts[this.#shown]!;
      fragment.append(this.#token(run, text));
      const inBlock = this.#shown + 1 - this.#blocks.at(-1)!.begin;
      // A block is a box of its own, and so begins a new line: end it where the text does.
      if ((inBlock >= BLOCK && text.endsWith("\n")) || inBlock >= BLOCK_MAX) {
        this.#blocks.at(-1)!.el.append(fragment);
        fragment = document.createDocumentFragment();
        this.#isOpen = false;
      }
    }
    this.#blocks.at(-1)?.el.append(fragment);
    return this.#shown < texts.length;
  }

  #begin(): void {
    const el = element("div", { class: "nbs-block" });
    this.#blocks.push({ el, begin: this.#shown });
    this.el.append(el);
    this.#isOpen = true;
  }

  #token(run: RunState, text: string): HTMLElement {
    const token = element("span", { class: "nbs-token" });
    fill(token, text, this.#look, run, this.#shown);
    return token;
  }

  /** Take away all behind a number of chunks and asides. */
  #cut(texts: number, asides: number): void {
    while (this.#asides.length > asides) this.#asides.pop()!.el.remove();
    for (let last = this.#blocks.at(-1); last; last = this.#blocks.at(-1)) {
      if (last.begin < texts) {
        while (last.el.childElementCount > texts - last.begin) last.el.lastElementChild!.remove();
        break;
      }
      last.el.remove();
      this.#blocks.pop();
    }
    this.#shown = Math.min(this.#shown, texts);
    this.#isOpen = this.el.lastElementChild === this.#blocks.at(-1)?.el && this.#blocks.length > 0;
  }

  #clear(): void {
    this.el.replaceChildren();
    this.#blocks = [];
    this.#asides = [];
    this.#isOpen = false;
    this.#shown = 0;
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
