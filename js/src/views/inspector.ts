/** What is known of the chunk under the pointer. */

import { element, setText } from "../dom";
import { duration, type RunState } from "../state";
import type { TokensView } from "./tokens";

/** Code points listed, at most. */
const POINTS = 8;

/** Show a card beside the chunk that the pointer is on. */
export function inspectTokens(
  tokens: TokensView,
  root: HTMLElement,
  runOnShow: () => RunState | undefined,
): void {
  const text = element("code");
  const points = element("div");
  const facts = element("div");
  const card = element("div", { class: "nbs-card", role: "tooltip" }, text, points, facts);
  // In the browser's top layer, where no cell's output cuts it off.
  card.popover = "manual";
  card.hidden = true;
  root.append(card);

  tokens.el.addEventListener("pointerover", (event) => {
    const token = event.target as HTMLElement;
    const index = tokens.indexOf(token);
    const run = runOnShow();
    if (index === null || !run) {
      hide(card);
      return;
    }
    setText(text, JSON.stringify(run.texts[index]));
    setText(points, codePoints(run.texts[index]!));
    setText(facts, factsOf(run, index));
    show(card);
    place(card, token, root);
  });
  for (const gone of ["pointerleave", "scroll", "pointerdown"]) {
    tokens.el.addEventListener(gone, () => hide(card));
  }
}

/** "#3 of 12 · 1.2 s after the start · 14 ms after the one before" */
export function factsOf(run: RunState, index: number): string {
  const number = (value: number) => value.toLocaleString("en");
  const facts = [
    `#${number(index + 1)} of ${number(run.texts.length)}`,
    `${duration(run.times[index]! - run.start)} after the start`,
  ];
  if (index > 0) {
    facts.push(`${duration(run.times[index]! - run.times[index - 1]!)} after the one before`);
  }
  return facts.join(" · ");
}

/** "U+0068 U+00E9": what a text is made of, also where that cannot be seen. */
export function codePoints(text: string): string {
  const all = [...text];
  const shown = all
    .slice(0, POINTS)
    .map((c) => `U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`);
  if (all.length > POINTS) shown.push(`… ${all.length - POINTS} more`);
  return shown.join(" ");
}

function show(card: HTMLElement): void {
  if (!card.hidden) return;
  card.hidden = false;
  card.showPopover?.(); // older browsers have no top layer
}

function hide(card: HTMLElement): void {
  if (card.hidden) return;
  card.hidePopover?.();
  card.hidden = true;
}

/** Below the chunk's first line, or above it at the page's end; inside the panel's width. */
function place(card: HTMLElement, token: HTMLElement, root: HTMLElement): void {
  const at = token.getClientRects()[0] ?? token.getBoundingClientRect();
  const panel = root.getBoundingClientRect();
  const most = panel.right - card.offsetWidth - 8;
  card.style.left = `${Math.max(panel.left + 8, Math.min(at.left, most))}px`;
  const below = at.bottom + 4;
  const fits = below + card.offsetHeight <= window.innerHeight;
  card.style.top = `${fits ? below : at.top - card.offsetHeight - 4}px`;
}
