/** The text, chunk by chunk, in blocks that the browser can skip while they are out of sight. */

import { element, on } from "../dom";
import type { Setup } from "../setup";
import type { RunState } from "../state";
import { AsideElement } from "./aside";
import { Block } from "./block";
import { Follower } from "./scroll";
import type { TokenStyle } from "./token_style";

/** Chunks added in one animation frame, at most, where those out of sight need not be drawn. */
export const BATCH = 20_000;
/** Where more than this many come in a frame, nobody can follow: they pass by undrawn, */
const FOLLOWED = 300;
/** until nothing has passed for so many milliseconds. Scrolling past a whole view is the same. */
const STILL = 80;
/** Chunks added in a frame by older browsers, where all have to be drawn. */
const BATCH_DRAWN = 500;
/** Chunks that stay drawn: the blocks drawn longest ago, and out of sight, become texts again. */
export const DRAWN_MAX = 15_000;
/** Blocks drawn between two looks at that. */
const SOME = 20;

/** Tells that a block comes into sight, or goes out of it; older browsers don't. */
const CHANGE = "contentvisibilityautostatechange";

export class TokensView {
  readonly el: HTMLElement;
  #shown = 0;
  #blocks: Block[] = [];
  /** Those whose chunks have elements, the one drawn last at the end. */
  #drawn = new Set<Block>();
  /** How many of them there are when it is time to let some rest. */
  #mayRest = SOME;
  #inSight = new Set<Block>();
  readonly #canRest = `on${CHANGE}` in HTMLElement.prototype;
  /** Whether the next chunk goes into the last block. */
  #isOpen = false;
  #asides: AsideElement[] = [];
  #run: RunState | undefined;
  /** Runs while text passes by, and ends a moment after. */
  #passing = 0;
  #scrolledTo = 0;
  #settled: () => void;
  #style: TokenStyle = { whitespace: false, heat: "none" };
  #follower: Follower;

  /** @param settled is called when what has passed by is drawn, which changes its height. */
  constructor(setup: Setup, settled = () => {}) {
    this.#settled = settled;
    this.el = element("div", {
      class: "nbs-tokens nbs-scroll",
      role: "region",
      "aria-label": "Answer, token by token",
      tabindex: "0",
    });
    this.#follower = new Follower(this.el, setup);
    on(this.el, "copy", (event) => this.#copy(event));
    this.el.addEventListener(CHANGE, (event) => this.#onSight(event));
    on(this.el, "scroll", () => {
      const { scrollTop, clientHeight } = this.el;
      if (Math.abs(scrollTop - this.#scrolledTo) > clientHeight) this.#pass();
      this.#scrolledTo = scrollTop;
    });
  }

  /** How many chunks are on the page. */
  get shown(): number {
    return this.#shown;
  }

  /** The number of the chunk that an element shows, or null where it shows none. */
  indexOf(node: Element): number | null {
    const token = node.closest(".nbs-token");
    const block = Block.of(token?.parentElement);
    if (!token || !block) return null;
    let index = block.begin;
    for (let at = token.previousElementSibling; at; at = at.previousElementSibling) index++;
    return index;
  }

  /** The element that shows a chunk, once it is on the page. */
  tokenAt(index: number): HTMLElement | null {
    if (index < 0 || index >= this.#shown) return null;
    const block = this.#blocks.findLast(({ begin }) => begin <= index)!;
    if (!block.isDrawn) this.#draw(block);
    return block.el.children[index - block.begin] as HTMLElement;
  }

  /** Draw all tokens anew, looking otherwise. */
  restyle(style: TokenStyle): void {
    if (style.whitespace === this.#style.whitespace && style.heat === this.#style.heat) return;
    this.#style = style;
    this.#clear();
  }

  /** Add what is new, up to a batch. Returns whether there is more. */
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
    return this.#add(run);
  }

  /** Keep the end in sight. Returns whether to look again in the next frame. */
  follow(isMore: boolean): boolean {
    if (this.#follower.update() || isMore) return true;
    this.#follower.placed();
    return false;
  }

  #add(run: RunState | undefined): boolean {
    if (!run) return false;
    const { texts, asides } = run;
    const end = Math.min(texts.length, this.#shown + (this.#canRest ? BATCH : BATCH_DRAWN));
    const isPassing = this.#canRest && end - this.#shown > FOLLOWED;
    // Who has scrolled up is reading.
    if (isPassing && this.#follower.isFollowing) this.#pass();
    for (const aside of this.#asides) aside.update(run);
    for (;;) {
      let next = asides[this.#asides.length];
      while (next && next.at <= this.#shown) {
        this.#isOpen = false;
        const aside = new AsideElement(next);
        aside.update(run);
        this.#asides.push(aside);
        this.el.append(aside.el);
        next = asides[this.#asides.length];
      }
      if (this.#shown >= end) break;
      if (!this.#isOpen) this.#begin(!isPassing);
      const block = this.#blocks.at(-1)!;
      this.#isOpen = !block.extend(run, this.#style, Math.min(end, next?.at ?? end));
      this.#shown = block.end;
    }
    return this.#shown < texts.length;
  }

  #begin(isDrawn: boolean): void {
    const block = new Block(this.#shown, isDrawn);
    this.#blocks.push(block);
    this.el.append(block.el);
    this.#isOpen = true;
    if (isDrawn) this.#noteDrawn(block);
  }

  #draw(block: Block): void {
    if (!this.#run) return;
    block.draw(this.#run, this.#style);
    this.#noteDrawn(block);
  }

  #noteDrawn(block: Block): void {
    this.#drawn.add(block);
    if (!this.#canRest || this.#drawn.size < this.#mayRest) return;
    let room = DRAWN_MAX;
    for (const one of [...this.#drawn].reverse()) {
      room -= one.end - one.begin;
      if (room >= 0 || one === block || this.#inSight.has(one)) continue;
      one.rest();
      this.#drawn.delete(one);
    }
    this.#mayRest = this.#drawn.size + SOME;
  }

  #pass(): void {
    clearTimeout(this.#passing);
    this.#passing = window.setTimeout(() => {
      this.#passing = 0;
      for (const block of this.#inSight) if (!block.isDrawn) this.#draw(block);
      this.#settled();
    }, STILL);
  }

  #onSight(event: Event): void {
    const block = Block.of(event.target);
    if (!block) return;
    if ((event as Event & { skipped: boolean }).skipped) {
      this.#inSight.delete(block);
      return;
    }
    this.#inSight.add(block);
    if (!block.isDrawn && !this.#passing) this.#draw(block);
  }

  /** Take away all behind a number of chunks and asides. */
  #cut(texts: number, asides: number): void {
    while (this.#asides.length > asides) this.#asides.pop()!.el.remove();
    for (let last = this.#blocks.at(-1); last; last = this.#blocks.at(-1)) {
      if (last.begin < texts) {
        if (last.end > texts) last.cut(this.#run, texts);
        break;
      }
      last.el.remove();
      this.#drawn.delete(last);
      this.#inSight.delete(last);
      this.#blocks.pop();
    }
    this.#shown = Math.min(this.#shown, texts);
    this.#isOpen = this.el.lastElementChild === this.#blocks.at(-1)?.el && this.#blocks.length > 0;
  }

  #clear(): void {
    this.el.replaceChildren();
    this.#blocks = [];
    this.#drawn.clear();
    this.#mayRest = SOME;
    this.#inSight.clear();
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
