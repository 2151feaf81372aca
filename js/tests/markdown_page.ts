/** What the tests of Markdown share: a view on a page whose clock stands still. Needs jsdom. */

import { afterEach, beforeEach, vi } from "vitest";
import { createMarkdown, type MarkdownView } from "../src/markdown";

/** The page's clock: it stands still, or takes a step each time somebody looks. */
export const page = { clock: 0, step: 0 };

// For each document that DOMPurify makes, jsdom leaves listeners on its window: it would crawl.
(globalThis as unknown as { jsdom: { window: Window } }).jsdom.window.addEventListener = () => {};

beforeEach(() => {
  page.clock = page.step = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    page.clock += page.step;
    return page.clock;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

export function start(): {
  el: HTMLElement;
  view: MarkdownView;
  draw: (finished?: boolean) => void;
} {
  const el = document.createElement("div");
  const view = createMarkdown(el);
  return {
    el,
    view,
    draw(finished = false) {
      for (let calls = 0; view.render(finished); calls++) {
        page.clock += 1e6;
        if (calls > 10_000) throw new Error("There is no end to it.");
      }
      page.clock += 1e6;
    },
  };
}

export function written(pieces: Iterable<string>, finished = true): HTMLElement {
  const { el, view, draw } = start();
  for (const piece of pieces) {
    view.append(piece);
    draw();
  }
  if (finished) draw(true);
  return el;
}

export const inPieces = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  );

export const whole = (text: string) => {
  const { el, view, draw } = start();
  view.append(text);
  draw(true);
  return el;
};

/** The elements that Markdown is about, without what is around and on them. */
export function plain(el: HTMLElement): string {
  const copy = el.cloneNode(true) as HTMLElement;
  for (const bar of copy.querySelectorAll(".nbs-md-bar, .nbs-md-csv")) bar.remove();
  for (const box of copy.querySelectorAll("div")) box.replaceWith(...box.childNodes);
  for (const node of copy.querySelectorAll("*")) {
    for (const name of [
      "dir",
      "rel",
      "target",
      "title",
      "tabindex",
      "type",
      "class",
      "disabled",
      "aria-label",
      "role",
    ]) {
      node.removeAttribute(name);
    }
  }
  for (const span of copy.querySelectorAll("span")) span.replaceWith(...span.childNodes);
  copy.normalize();
  return copy.innerHTML.replaceAll("\n", "⏎");
}
