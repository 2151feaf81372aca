/** A token's alternatives as bars, with how likely each was. */

import { element } from "../dom";
import type { Odds } from "../protocol";
import type { RunState } from "../state";
import { codePoint, isInvisible } from "../words";
import { alternatives, entropyOf, probability, rankOf } from "./figures";
import { oddsAt } from "./of_run";

const SIGNS: { [character: string]: string } = { " ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍" };

/** A token so that all of it can be seen. */
export function visible(token: string): string {
  const shown = [...token].map((one) => SIGNS[one] ?? (isInvisible(one) ? codePoint(one) : one));
  return shown.join("");
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 10 ? value.toFixed(0) : value >= 0.1 ? value.toFixed(1) : "< 0.1"} %`;
}

/** What might have been there, the likeliest first; the token itself is among them. */
export function choices(odds: Odds): [token: string, logprob: number][] {
  const found = alternatives(odds);
  if (!found.some(([token]) => token === odds[0])) found.push([String(odds[0]), Number(odds[1])]);
  return found.sort(([, a], [, b]) => b - a);
}

/** One choice's bar. */
export function bar(token: string, logprob: number, isChosen: boolean): HTMLElement[] {
  const share = probability(logprob);
  const fill = element("span", { class: "nbs-odds-fill" });
  fill.style.width = `${Math.max(1, share * 100).toFixed(1)}%`;
  return [
    element("span", { class: `nbs-odds-token ${isChosen ? "nbs-odds-own" : ""}` }, visible(token)),
    element("span", { class: "nbs-odds-bar", "aria-hidden": "true" }, fill),
    element("span", { class: "nbs-odds-share" }, percent(share)),
  ];
}

/** "11 % likely · rank 2 · 1.9 bits" */
export function inWords(odds: Odds): string {
  const words = [`${percent(probability(Number(odds[1])))} likely`];
  const rank = rankOf(odds);
  const others = alternatives(odds).length;
  if (others > 0) words.push(rank ? `rank ${rank}` : `not among the first ${others}`);
  const bits = entropyOf(odds);
  if (bits !== null) words.push(`entropy ${bits.toFixed(1)} bits`);
  return words.join(" · ");
}

/** What a token's card says. */
export function told(run: RunState, index: number): Node[] {
  const odds = oddsAt(run, index);
  return odds.flatMap((one) => {
    const rows = one.length > 2 ? choices(one) : [];
    const bars = rows.map(([token, logprob]) =>
      element("div", { class: "nbs-odds-row" }, ...bar(token, logprob, token === one[0])),
    );
    const name = odds.length > 1 ? `${visible(String(one[0]))}: ` : "";
    return [element("div", {}, name + inWords(one)), element("div", {}, ...bars)];
  });
}
