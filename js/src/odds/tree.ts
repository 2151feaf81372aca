/** The answers of a view as a tree: each branch under the one that it left. */

import { isDict } from "../read";
import type { RunState } from "../state";
import { turns } from "../turns";
import { hasOdds } from "./figures";
import { teller } from "./of_run";

export interface Node {
  /** The place of its run, */
  at: number;
  /** and how many branches lead to it. */
  depth: number;
  /** Where it left the other answer, and what stands there in each; null for a first answer. */
  left: { at: number; token: string; instead: string } | null;
}

/** All answers that have odds or branches, each followed by its branches. */
export function treeOf(runs: readonly RunState[]): Node[] {
  const shown = turns(runs);
  const branches = new Map<string, number[]>();
  for (const at of shown) {
    const of = originOf(runs[at]!);
    if (of !== null) branches.set(of, [...(branches.get(of) ?? []), at]);
  }
  const known = new Set(shown.flatMap((at) => [runs[at]!.id, teller(runs[at]!).id]));
  const nodes: Node[] = [];
  const done = new Set<number>();
  const add = (at: number, depth: number, parent: RunState | null) => {
    if (done.has(at)) return; // a log can be from anywhere
    done.add(at);
    const run = runs[at]!;
    nodes.push({ at, depth, left: parent && leftAt(run, parent) });
    for (const id of new Set([run.id, teller(run).id])) {
      for (const one of branches.get(id) ?? []) add(one, depth + 1, run);
    }
  };
  for (const at of shown) {
    const run = runs[at]!;
    const of = originOf(run);
    const isFirst = of === null || !known.has(of);
    if (isFirst && (hasOdds(teller(run)) || branches.has(run.id))) add(at, 0, null);
  }
  return nodes;
}

function originOf({ metadata }: RunState): string | null {
  const { branch } = metadata;
  return isDict(branch) && typeof branch.of === "string" ? branch.of : null;
}

function leftAt(run: RunState, parent: RunState): Node["left"] {
  const { branch } = run.metadata;
  if (!isDict(branch)) return null;
  const at = Number(branch.at);
  return { at, token: String(branch.token), instead: parent.texts[at] ?? "" };
}
