/** What a token looks like: its whitespace and its colour. */

import { element } from "../dom";
import type { Traits } from "../protocol";
import { isDict } from "../read";
import type { RunState } from "../state";
import { codePoint, isInvisible } from "../words";
import { odds } from "./odds";

export interface TokenStyle {
  whitespace: boolean;
  heat: Traits["heat"];
}

/** What is drawn over a character that has no shape of its own. */
const SIGNS: { [character: string]: string } = { " ": "·", "\n": "⏎", "\t": "→", "\r": "␍" };

/** Milliseconds of waiting, from which a token is warmer by one step. */
export const GAPS = [20, 50, 100, 250, 1000];

/** Put a text into a token's element; what is copied from there is always just the text. */
export function fill(
  token: HTMLElement,
  text: string,
  style: TokenStyle,
  run: RunState,
  index: number,
): void {
  if (style.heat !== "none") {
    const level = heatOf(style.heat, run, index);
    if (level !== null) token.dataset.heat = String(level);
  }
  // Of a branch, what it shares with another answer, and the token that is its own.
  const { branch } = run.metadata;
  if (isDict(branch) && index <= Number(branch.at)) {
    token.dataset.branch = index < Number(branch.at) ? "shared" : "chosen";
  }
  if (!style.whitespace) {
    token.textContent = text;
    return;
  }
  let plain = "";
  for (const character of text) {
    const isHidden = !(character in SIGNS) && isInvisible(character);
    const sign = isHidden ? codePoint(character) : SIGNS[character];
    if (sign === undefined) {
      plain += character;
      continue;
    }
    token.append(plain);
    plain = "";
    const kind = isHidden ? "nbs-sign nbs-hidden" : "nbs-sign";
    token.append(element("span", { class: kind, "data-sign": sign }, character));
  }
  token.append(plain);
}

/** How warm a token is, 0 to 5; null where that is not known. */
export function heatOf(
  heat: Exclude<Traits["heat"], "none">,
  run: RunState,
  index: number,
): number | null {
  if (heat !== "gap") return odds()?.levelOf(heat, run, index) ?? null;
  const before = index > 0 ? run.times[index - 1]! : run.start;
  return GAPS.filter((gap) => run.times[index]! - before >= gap).length;
}

/** What the colours mean, warmest last. */
export function legend(heat: Exclude<Traits["heat"], "none">): string[] {
  if (heat !== "gap") return odds()?.legend(heat) ?? [];
  return ["< 20 ms", "20 ms", "50 ms", "100 ms", "250 ms", "≥ 1 s"];
}
