/** What is drawn of a list that grows: each item once, in order, and of a long list the end. */

import { button, element, on } from "../dom";

export interface Drawn<T> {
  readonly el: HTMLElement;
  /** Bring it up to date. Returns whether there is more to draw. */
  update(item: T): boolean;
}

/** Items that are drawn at first, and how many more each press brings. */
const MOST = 150;

export class List<T, D extends Drawn<T> = Drawn<T>> {
  readonly el: HTMLElement;
  #earlier = button("nbs-earlier nbs-text-button");
  #drawn = new Map<string, D>();
  #most = MOST;
  #keyOf: (item: T, at: number) => string;
  #make: (item: T) => D;

  /**
   * @param keyOf names an item: what has another name is another one.
   * @param schedule has the page drawn again.
   */
  constructor(
    el: HTMLElement,
    keyOf: (item: T, at: number) => string,
    make: (item: T) => D,
    schedule: () => void,
  ) {
    this.el = el;
    this.#keyOf = keyOf;
    this.#make = make;
    el.append(this.#earlier);
    on(this.#earlier, "click", () => {
      this.#most += MOST;
      schedule();
    });
  }

  /** What is drawn now. */
  get drawn(): D[] {
    return [...this.#drawn.values()];
  }

  /** Let all of it be drawn anew. */
  clear(): void {
    for (const { el } of this.#drawn.values()) el.remove();
    this.#drawn.clear();
  }

  update(items: readonly T[]): boolean {
    const begin = Math.max(0, items.length - this.#most);
    this.#earlier.hidden = begin === 0;
    if (begin > 0) this.#earlier.textContent = `Show earlier (${begin.toLocaleString("en")})`;
    const left = new Set(this.#drawn.keys());
    let next = this.#earlier.nextSibling;
    let isMore = false;
    for (let at = begin; at < items.length; at++) {
      const item = items[at]!;
      const key = this.#keyOf(item, at);
      let drawn = this.#drawn.get(key);
      if (!drawn) {
        drawn = this.#make(item);
        this.#drawn.set(key, drawn);
      }
      left.delete(key);
      if (drawn.el === next) next = next.nextSibling;
      else this.el.insertBefore(drawn.el, next);
      isMore = drawn.update(item) || isMore;
    }
    for (const key of left) {
      this.#drawn.get(key)!.el.remove();
      this.#drawn.delete(key);
    }
    return isMore;
  }
}

/** A text that grows; it scrolls where it is long, also by the keys. */
export class Growing {
  readonly el: HTMLElement;
  #text = document.createTextNode("");
  #taken = 0;

  constructor(kind: string, label: string) {
    this.el = element("div", { class: `nbs-tr-text ${kind}`, "aria-label": label }, this.#text);
  }

  /** Show all of these texts. */
  update(texts: readonly string[]): void {
    if (this.#taken > texts.length) {
      this.#text.data = "";
      this.#taken = 0;
    }
    if (this.#taken < texts.length) {
      this.#text.appendData(texts.slice(this.#taken).join(""));
      this.#taken = texts.length;
    }
    this.#settle();
  }

  /** Show this text instead. */
  set(text: string): void {
    if (this.#text.data !== text) this.#text.data = text;
    this.#settle();
  }

  #settle(): void {
    this.el.hidden = this.#text.length === 0;
    // What scrolls must be reached by the keys.
    const isLong = this.#text.length > 400 && !this.el.hasAttribute("tabindex");
    if (isLong) {
      this.el.tabIndex = 0;
      this.el.setAttribute("role", "region");
    }
  }
}
