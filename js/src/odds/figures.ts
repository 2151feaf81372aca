/** What odds come to. `nbstream/events/_odds.py` has the same, and says what each means. */

import type { Odds } from "../protocol";
import type { RunState, ViewState } from "../state";

/** A token's alternatives, with their log-probabilities; mostly it is among them. */
export function alternatives(odds: Odds): [string, number][] {
  const found: [string, number][] = [];
  for (let i = 2; i < odds.length; i += 2) found.push([String(odds[i]), Number(odds[i + 1])]);
  return found;
}

export function probability(logprob: number): number {
  return Math.exp(Math.min(0, logprob));
}

/** The place among the alternatives, 1 for the likeliest; null where it is in none. */
export function rankOf(odds: Odds): number | null {
  const others = alternatives(odds);
  if (!others.some(([token]) => token === odds[0])) return null;
  return 1 + others.filter(([, logprob]) => logprob > Number(odds[1])).length;
}

/** How open the choice was, in bits; null without alternatives. */
export function entropyOf(odds: Odds): number | null {
  const others = alternatives(odds);
  if (others.length === 0) return null;
  const shares = others.map(([, logprob]) => probability(logprob));
  if (!others.some(([token]) => token === odds[0])) shares.push(probability(Number(odds[1])));
  shares.push(Math.max(0, 1 - shares.reduce((sum, share) => sum + share, 0)));
  return shares.reduce((bits, p) => (p > 1e-9 ? bits - p * Math.log2(p) : bits), 0);
}

export interface OddsFigures {
  perplexity?: number;
  entropy?: number;
}

/** Of all outermost runs: of one that has no odds itself, those of the models in it. */
export function oddsOfAll({ runs }: ViewState): OddsFigures {
  const root: number[] = [];
  for (const { parent } of runs) root.push(parent === null ? root.length : root[parent]!);
  const odds = runs.flatMap((run, at) => {
    const outer = runs[root[at]!]!;
    const isMeasured = hasOdds(outer) ? run === outer : run.type === "chat_model";
    return isMeasured ? Object.values(run.logprobs).flat() : [];
  });
  if (odds.length === 0) return {};
  const sum = odds.reduce((all, one) => all + Number(one[1]), 0);
  const bits = odds.map(entropyOf).filter((one) => one !== null);
  const perplexity = Math.exp(Math.min(700, -sum / odds.length));
  if (bits.length === 0) return { perplexity };
  return { perplexity, entropy: bits.reduce((all, one) => all + one, 0) / bits.length };
}

export function hasOdds({ logprobs }: RunState): boolean {
  for (const _ in logprobs) return true;
  return false;
}
