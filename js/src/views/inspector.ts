/** What is known of one chunk: the one under the pointer, or the one that the keys went to. */

import { element, on, setText } from "../dom";
import { MOVED } from "../shown";
import type { RunState } from "../state";
import { codePoint, fine, number } from "../words";
import { odds } from "./odds";
import type { TokensView } from "./tokens";

/** Code points listed, at most. */
const POINTS = 8;

const STEPS: { [key: string]: (at: number, last: number) => number } = {
  ArrowRight: (at, last) => Math.min(at + 1, last),
  ArrowLeft: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};

/** Show a card beside the chunk that the pointer or the keys are on. */
export function inspectTokens(
  tokens: TokensView,
  root: HTMLElement,
  runOnShow: () => RunState | undefined,
): void {
  const text = element("code");
  const points = element("div");
  const facts = element("div");
  const likely = element("div");
  const name = element("div");
  const card = element(
    "div",
    { class: "nbs-card", role: "status", "aria-live": "polite" },
    text,
    points,
    facts,
    likely,
    name,
  );
  // In the browser's top layer, where no cell's output cuts it off.
  card.popover = "manual";
  card.hidden = true;
  root.append(card);
  let current: number | null = null;
  /** Where the keys were when the reader went to choose. */
  let left: number | null = null;

  function inspect(index: number | null): void {
    const run = runOnShow();
    const token = index === null ? null : tokens.tokenAt(index);
    if (index === null || !run || !token) {
      hide();
      return;
    }
    setText(text, JSON.stringify(run.texts[index]));
    setText(points, codePoints(run.texts[index]!));
    setText(facts, factsOf(run, index));
    likely.replaceChildren(...(odds()?.told(run, index) ?? []));
    setText(name, run.name);
    if (card.hidden) {
      card.hidden = false;
      card.showPopover?.(); // older browsers have no top layer
    }
    place(card, token, root);
  }

  function hide(): void {
    if (!card.hidden) {
      card.hidePopover?.();
      card.hidden = true;
    }
    mark(null);
  }

  function mark(index: number | null): void {
    if (current !== null) tokens.tokenAt(current)?.classList.remove("nbs-current");
    current = index;
    tokens.el.toggleAttribute("data-nbs-open", index !== null);
    if (index !== null) tokens.tokenAt(index)?.classList.add("nbs-current");
  }

  /** Let the reader choose what else might be there, where that is known. */
  function choose(index: number | null): boolean {
    const run = runOnShow();
    const token = index === null ? null : tokens.tokenAt(index);
    if (index === null || !run || !token || !odds()) return false;
    hide();
    left = index;
    odds()!.choose(root, run, index, token);
    return true;
  }

  let isMoving = false;
  on(tokens.el, "click", (event) => {
    if (document.getSelection()?.isCollapsed) choose(tokens.indexOf(event.target as HTMLElement));
  });
  on(tokens.el, "pointermove", () => {
    isMoving = true;
  });
  on(tokens.el, "pointerover", (event) => {
    // Text that moves under a pointer at rest is not pointed at.
    if (current !== null && !isMoving) return;
    mark(null);
    inspect(tokens.indexOf(event.target as HTMLElement));
  });
  on(tokens.el, "pointerleave", hide);
  on(tokens.el, "pointerdown", hide);
  tokens.el.addEventListener(MOVED, hide);
  on(tokens.el, "blur", hide);
  on(tokens.el, "scroll", () => current === null && hide());
  on(tokens.el, "keydown", (event) => {
    if (event.key === "Escape") hide();
    if (event.key === "Enter" && event.target === tokens.el && choose(current ?? left)) {
      event.preventDefault();
      return;
    }
    const step = STEPS[event.key];
    const last = tokens.shown - 1;
    if (!step || event.target !== tokens.el || event.ctrlKey || event.shiftKey || last < 0) return;
    event.preventDefault();
    isMoving = false;
    const from = current ?? left;
    const next = from === null && event.key === "ArrowRight" ? 0 : step(from ?? last, last);
    left = null;
    mark(next);
    tokens.tokenAt(next)?.scrollIntoView({ block: "nearest" });
    inspect(next);
  });
}

/** "#3 of 12 · 1.2 s after the start · 14 ms after the one before" */
export function factsOf(run: RunState, index: number): string {
  const facts = [
    `#${number(index + 1)} of ${number(run.texts.length)}`,
    `${fine(run.times[index]! - run.start)} after the start`,
  ];
  if (index > 0) {
    facts.push(`${fine(run.times[index]! - run.times[index - 1]!)} after the one before`);
  }
  return facts.join(" · ");
}

/** "U+0068 U+00E9": what a text is made of, also where that cannot be seen. */
export function codePoints(text: string): string {
  const all = [...text];
  const shown = all.slice(0, POINTS).map(codePoint);
  if (all.length > POINTS) shown.push(`… ${all.length - POINTS} more`);
  return shown.join(" ");
}

/** Below the chunk's first line, or above it at the page's end; inside the panel's width. */
export function place(card: HTMLElement, token: HTMLElement, root: HTMLElement): void {
  const at = token.getClientRects()[0] ?? token.getBoundingClientRect();
  const panel = root.getBoundingClientRect();
  const most = panel.right - card.offsetWidth - 8;
  card.style.left = `${Math.max(panel.left + 8, Math.min(at.left, most))}px`;
  const below = at.bottom + 4;
  const fits = below + card.offsetHeight <= window.innerHeight;
  card.style.top = `${fits ? below : at.top - card.offsetHeight - 4}px`;
}
