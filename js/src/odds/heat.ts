/** What tokens are coloured by. */

import type { RunState } from "../state";
import type { OddsHeat } from "../views/odds";
import { entropyOf, rankOf } from "./figures";
import { likelihood, oddsAt } from "./of_run";

/** Probabilities, below which a token is warmer by one step, */
const SHARES = [0.9, 0.7, 0.4, 0.1, 0.01];
/** and ranks and bits from which it is. */
const RANKS = [2, 3, 4, 6, 11];
const BITS = [0.5, 1, 1.5, 2, 3];

export function levelOf(heat: OddsHeat, run: RunState, index: number): number | null {
  const odds = oddsAt(run, index);
  if (heat === "logprob") {
    const share = likelihood(odds);
    return share === null ? null : SHARES.filter((one) => share < one).length;
  }
  // Of several tokens the most surprising counts.
  const isRank = heat === "rank";
  const known = odds.filter((one) => one.length > 2);
  if (known.length === 0) return null;
  const values = known.map((one) => (isRank ? (rankOf(one) ?? Infinity) : (entropyOf(one) ?? 0)));
  const most = Math.max(...values);
  return (isRank ? RANKS : BITS).filter((one) => most >= one).length;
}

export function legend(heat: OddsHeat): string[] {
  if (heat === "logprob") return ["≥ 90 %", "< 90 %", "< 70 %", "< 40 %", "< 10 %", "< 1 %"];
  if (heat === "rank") return ["first", "2nd", "3rd", "4th", "6th", "beyond"];
  return ["< 0.5 bits", "0.5", "1", "1.5", "2", "≥ 3 bits"];
}
