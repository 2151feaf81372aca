/** The module for what a model thought of its tokens; a page asks for it with the first odds. */

import type { ViewState } from "../state";
import { oddsOfAll } from "./figures";

export { told } from "./bars";
export { legend, levelOf } from "./heat";
export { choose, oddsPanel } from "./panel";

/** The figures in words. */
export function figuresOf(state: ViewState): [name: string, value: string][] {
  const { perplexity, entropy } = oddsOfAll(state);
  return [
    ["Perplexity", perplexity === undefined ? "" : perplexity.toFixed(2)],
    ["Entropy (mean)", entropy === undefined ? "" : `${entropy.toFixed(2)} bits`],
  ];
}
