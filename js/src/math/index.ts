/** LaTeX to MathML. A module of its own: only those who look at a formula load its library. */

import temml from "temml";

/** In em: what is moved or made larger than that is no formula. */
const MOST = 30;

/** The MathML of a formula. Throws where that is no LaTeX. It is not safe yet: see safe.ts. */
export function toMathML(latex: string, isDisplay: boolean): string {
  return temml.renderToString(latex, {
    displayMode: isDisplay,
    throwOnError: true,
    trust: false,
    maxSize: [MOST, MOST],
    maxExpand: 500,
  });
}
