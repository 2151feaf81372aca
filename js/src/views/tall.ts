/** A list of equal lines of which only those in sight are drawn, however many there are. */

/** Browsers hold no element taller than some 17 million pixels. */
const TALLEST = 8_000_000;

/** Where the keys go from a line, by how many are on a page of them and which is the last. */
export const STEPS: { [key: string]: (at: number, page: number, last: number) => number } = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at, page) => at + page,
  PageUp: (at, page) => at - page,
  Home: () => 0,
  End: (_at, _page, last) => last,
};

/** How such a list is scrolled: past the tallest that there can be, a pixel is several lines. */
export class Tall {
  /** How many lines there are. */
  count = 0;
  /** Pixels of a line: as large as the page's letters are. */
  row: number;

  constructor(row: number) {
    this.row = row;
  }

  /** Pixels of all of it, as it is on the page. */
  get height(): number {
    return Math.min(this.count * this.row, TALLEST);
  }

  /** How many lines are above those in sight, of which there are `view` pixels. */
  top(scrollTop: number, view: number): number {
    const whole = this.count * this.row;
    if (whole <= TALLEST) return scrollTop / this.row;
    return ((scrollTop / (TALLEST - view)) * (whole - view)) / this.row;
  }

  /** Scroll a line into sight, where `page` lines from `top` on are. */
  reveal(el: HTMLElement, line: number, top: number, page: number): void {
    const scale = this.height / this.count;
    if (line < top) el.scrollTop = line * scale;
    else if (line >= top + page) el.scrollTop = (line - page + 1) * scale;
  }
}
