/** Whose odds a run's are: its own or, of a chain that ends in a parser, the model's in it. */

import type { Odds } from "../protocol";
import type { RunState } from "../state";
import { hasOdds, probability } from "./figures";

/** The model whose odds a run has, where that is another one. */
const lenders = new WeakMap<RunState, RunState>();

/** Look for the models in chains that have no odds of their own. */
export function lend(runs: readonly RunState[]): void {
  for (const model of runs) {
    if (model.type !== "chat_model" || !hasOdds(model)) continue;
    for (let at = model.parent; at !== null; at = runs[at]!.parent) {
      const run = runs[at]!;
      if (hasOdds(run) || lenders.get(run) === model) continue;
      if (isSame(run.texts, model.texts)) lenders.set(run, model);
    }
  }
}

/** Whether a chain passes on what a model says: while both go on, one may be ahead. */
function isSame(passed: readonly string[], said: readonly string[]): boolean {
  if (passed.length === 0 || Math.abs(passed.length - said.length) > 1) return false;
  const last = Math.min(passed.length, said.length) - 1;
  return passed[0] === said[0] && passed[last] === said[last];
}

/** The run that has a run's odds. */
export function teller(run: RunState): RunState {
  return lenders.get(run) ?? run;
}

/** The odds of a text's tokens; empty where they are not known. */
export function oddsAt(run: RunState, index: number): Odds[] {
  return teller(run).logprobs[index] ?? [];
}

/** How likely a text was, which may be several tokens; null where that is not known. */
export function likelihood(odds: readonly Odds[]): number | null {
  if (odds.length === 0) return null;
  return probability(odds.reduce((sum, one) => sum + Number(one[1]), 0));
}
