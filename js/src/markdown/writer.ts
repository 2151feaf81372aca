/** Where the text is cut into what is finished and the rest, and both are put on the page. */

import { element } from "../dom";
import { CodeBlock } from "./code";
import { decorate } from "./decorate";
import { Fence, opensFence } from "./fence";
import { healInline, healLines } from "./heal";
import { languageOf, toHtml } from "./html";
import {
  collectLinks,
  inlineArrays,
  type Labels,
  type Lexed,
  type Links,
  lexBlocks,
  lexInline,
  type Token,
  type Tokens,
} from "./lexer";
import { elementsIn, References } from "./references";
import { cleanBlocks } from "./safe";

type Step = "again" | "later" | "done";

/** Milliseconds that one call may take. */
const BUDGET = 8;
/** Characters looked at in one go; twice as many where no block ends in them, */
const WINDOW = 4096;
/** up to this many: there the block is cut. Fenced code may be of any length. */
const LONGEST = 40_000;
/** Blocks that stand together: the browser skips those out of sight, and adding one moves few. */
const TOGETHER = 32;
/** Drawing the tail takes one part of the time in this many more. */
const REST = 3;
/** Laying out code takes the page about a millisecond for this many characters. */
const LAID_OUT = 2000;

export class Writer {
  #el: HTMLElement;
  #part: HTMLElement | null = null;
  #tail = element("div", { class: "nbs-md-tail" });
  #tailHtml = "";
  #incoming: string[] = [];
  /** The text after the last finished block; in a fence, what it has not seen. */
  #rest = "";
  /** In this much of the rest no block ends. */
  #looked = 0;
  #window = WINDOW;
  #fence: { fence: Fence; block: CodeBlock; length: number } | null = null;
  #links: Links = Object.create(null);
  #references = new References();
  /** Blocks in the last part. */
  #placed = 0;
  /** Whether the page lacks something of the text. */
  #isStale = false;
  #wasFinished = false;
  /** When the tail may be drawn again. */
  #notBefore = 0;

  #dress: (nodes: ParentNode) => void;

  /** `dress` sees all that is put on the page, before it is. */
  constructor(el: HTMLElement, dress: (nodes: ParentNode) => void) {
    this.#el = el;
    this.#dress = dress;
    el.append(this.#tail);
  }

  append(text: string): void {
    if (text === "") return;
    this.#incoming.push(text);
    this.#isStale = true;
  }

  render(finished: boolean): boolean {
    if (!this.#isStale && finished === this.#wasFinished) return false;
    const begun = performance.now();
    if (begun < this.#notBefore && !finished) return true;
    this.#takeIn(finished);
    let next: Step = "again";
    while (next === "again") {
      next = this.#fence ? this.#followFence(finished) : this.#step(finished, begun);
      if (next === "again" && performance.now() >= begun + BUDGET) next = "later";
    }
    if (next === "later") return true;
    this.#references.mend(finished);
    this.#isStale = false;
    this.#wasFinished = finished;
    return false;
  }

  #takeIn(finished: boolean): void {
    let text = this.#incoming.join("");
    // It may be one half of a line end.
    const held = !finished && text.endsWith("\r") ? "\r" : "";
    this.#incoming = held ? [held] : [];
    text = text.slice(0, text.length - held.length);
    this.#rest += text.replace(/\r\n?/g, "\n").replaceAll("\0", "\ufffd");
  }

  /** Finish the blocks that are, and draw the tail if nothing but it is left. */
  #step(finished: boolean, begun: number): Step {
    const blank = /^(?:[ \t]*\n)+/.exec(this.#rest);
    if (blank) this.#drop(blank[0].length);
    if (this.#openFence(finished)) return "again";
    const isAll = this.#rest.length <= this.#window;
    if (!isAll || finished || this.#rest.includes("\n", this.#looked)) {
      const text = isAll ? this.#rest : this.#rest.slice(0, this.#window);
      const isOver = isAll && finished;
      // Half a line can make others of the lines above it: they may be a table, or they may not.
      const end = isOver ? text.length : text.lastIndexOf("\n") + 1;
      const lexed = lex(text.slice(0, end), !isOver);
      const count = isOver ? lexed.tokens.length : countFinished(lexed.tokens);
      if (count > 0) {
        this.#window = WINDOW;
        if (!this.#finish(lexed, count, begun + BUDGET)) return "later";
        if (!isAll || finished) return "again";
        if (this.#openFence(finished)) return "again";
      } else if (!isAll) {
        if (this.#window >= LONGEST) this.#cut(text);
        else this.#window = Math.min(2 * this.#window, LONGEST);
        return "again";
      }
      this.#looked = this.#rest.length;
    }
    this.#drawTail();
    const now = performance.now();
    this.#notBefore = now + REST * (now - begun);
    return "done";
  }

  /** Move on in the text. */
  #drop(length: number): void {
    this.#rest = this.#rest.slice(length);
    this.#looked = 0;
  }

  /** A block beyond all measure: what has come of it is one, and the rest another like it. */
  #cut(text: string): void {
    const lexed = lex(text.slice(0, cutAt(text)));
    this.#window = WINDOW;
    this.#finish(lexed, lexed.tokens.length, Infinity);
    const last = lexed.tokens.at(-1);
    if (last?.type !== "table" || this.#rest.startsWith("\n")) return;
    const [head, dashes] = last.raw.split("\n", 2);
    this.#rest = `${head}\n${dashes}\n${this.#rest}`;
  }

  /** Put the first blocks on the page for good. Returns false where there was no time for all. */
  #finish({ tokens, runs }: Lexed, count: number, deadline: number): boolean {
    // What it shows is among them.
    this.#setTail("");
    for (const [i, token] of tokens.slice(0, count).entries()) {
      if (i > 0 && performance.now() >= deadline) return false;
      this.#drop(token.raw.length);
      if (token.type === "space") continue;
      for (const label of collectLinks(token, this.#links)) this.#references.define(label);
      this.#finished(token, runs);
    }
    return true;
  }

  #place(block: Node): void {
    if (!this.#part || this.#placed >= TOGETHER) {
      this.#placed = 0;
      this.#part = element("div", { class: "nbs-md-part" });
      this.#el.insertBefore(this.#part, this.#tail);
    }
    this.#placed++;
    this.#part.append(block);
  }

  #finished(token: Token, runs: Lexed["runs"]): void {
    const opening = token.type === "code" ? opensFence(token.raw, true) : 0;
    if (opening === 0) {
      const { node, labels } = this.#drawn(token, runs);
      const nodes = elementsIn(node);
      this.#place(node);
      this.#references.add(nodes, labels, () => {
        const { tokens, runs } = lex(token.raw);
        return this.#drawn(tokens[0]!, runs);
      });
      return;
    }
    const fence = new Fence(token.raw.slice(0, opening));
    const block = new CodeBlock(languageOf(fence.info));
    block.append(fence.push(token.raw.slice(opening), true).code);
    block.close();
    this.#place(block.el);
  }

  #drawn(token: Token, runs: Lexed["runs"]): { node: Node; labels: Labels } {
    let labels: Labels = { used: new Set(), missing: new Set() };
    const node = guarded(token.raw, () => {
      labels = lexInline([token], runs, this.#links);
      return this.#build(toHtml([token]), true);
    });
    return { node, labels };
  }

  #build(html: string, isFinished: boolean): DocumentFragment {
    const fragment = cleanBlocks(html);
    decorate(fragment, isFinished);
    if (!isFinished) this.#references.dropWanted(fragment);
    this.#dress(fragment);
    return fragment;
  }

  /** Where the rest begins with a fence, its code needs no parser from here on. */
  #openFence(finished: boolean): boolean {
    const length = opensFence(this.#rest, finished);
    if (length === 0) return false;
    const fence = new Fence(this.#rest.slice(0, length));
    const block = new CodeBlock(languageOf(fence.info));
    this.#fence = { fence, block, length: 0 };
    this.#drop(length);
    this.#setTail("");
    this.#tail.append(block.el);
    return true;
  }

  #followFence(finished: boolean): Step {
    const { fence, block } = this.#fence!;
    const { code, used } = fence.push(this.#rest, finished);
    block.append(code);
    this.#drop(used);
    if (!fence.isClosed) {
      this.#fence!.length += code.length;
      this.#notBefore = performance.now() + this.#fence!.length / LAID_OUT;
      return "done";
    }
    block.close();
    this.#place(block.el);
    this.#fence = null;
    return "again";
  }

  #drawTail(): void {
    let { tokens, runs } = lex(this.#rest, true);
    const healed = healLines(this.#rest, tokens.at(-1)?.type === "paragraph");
    if (healed !== this.#rest) ({ tokens, runs } = lex(healed, true));
    const links = tokens.some(holdsLinks)
      ? Object.assign(Object.create(null), this.#links)
      : this.#links;
    for (const token of tokens) collectLinks(token, links);
    const last = endsInCode(tokens) ? undefined : lastRun(tokens, runs);
    if (last) runs.set(last, healInline(runs.get(last)!, links));
    lexInline(tokens, runs, links);
    this.#setTail(toHtml(tokens));
  }

  #setTail(html: string): void {
    if (html === this.#tailHtml && !this.#fence) return;
    this.#tailHtml = html;
    this.#tail.replaceChildren(guarded(this.#rest, () => this.#build(html, false)));
  }
}

/** A text that our libraries cannot bear is shown as it is. */
function guarded(text: string, make: () => Node): Node {
  try {
    return make();
  } catch {
    return element("p", { dir: "auto" }, text);
  }
}

function lex(text: string, isOpen = false): Lexed {
  try {
    return lexBlocks(text, isOpen);
  } catch {
    const tokens: Token[] = [{ type: "text", raw: text, text }];
    return { tokens: [{ type: "paragraph", raw: text, text, tokens }], runs: new Map() };
  }
}

/** How many blocks of some whole lines stay as they are whatever comes: all before the last. */
function countFinished(tokens: readonly Token[]): number {
  return Math.max(
    0,
    tokens.findLastIndex(({ type }) => type !== "space"),
  );
}

/** Before an item of a list, not within one; at least at a line's end or between words. */
function cutAt(text: string): number {
  let end = text.lastIndexOf("\n");
  while (end > 0 && !/\S/.test(text.charAt(end + 1))) end = text.lastIndexOf("\n", end - 1);
  if (end <= 0) end = text.lastIndexOf("\n");
  if (end <= 0) end = text.lastIndexOf(" ");
  if (end > 0) return end + 1;
  return /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
}

function holdsLinks(token: Token): boolean {
  return ["def", "footnote", "list", "blockquote"].includes(token.type);
}

function endsInCode(tokens: readonly Token[]): boolean {
  const last = tokens.findLast(({ type }) => type !== "space");
  if (last?.type === "list") return endsInCode((last as Tokens.List).items);
  if (last?.type === "blockquote" || last?.type === "list_item")
    return endsInCode(last.tokens ?? []);
  return last?.type === "code";
}

/** The stretch of text that is being written. */
function lastRun(tokens: readonly Token[], runs: Lexed["runs"]): Token[] | undefined {
  const arrays = tokens.flatMap((token) => inlineArrays(token));
  return arrays.findLast((array) => runs.get(array)?.trim());
}
