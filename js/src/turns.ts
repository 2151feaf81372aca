/** The runs whose texts are read, one after the other. `nbstream/events/_turns.py` is its twin. */

import { isDict } from "./read";
import type { RunState } from "./state";

/**
 * The places of the runs that are shown as turns: the outermost ones. Where one has streamed no text
 * of its own, the chat models inside it are in its place, and behind them what it adds to those.
 */
export function turns(runs: readonly RunState[]): number[] {
  const root: number[] = [];
  /** Whether a run is, or lies in, a model that has a turn. */
  const isTold: boolean[] = [];
  const models = new Map<number, number[]>();
  runs.forEach(({ parent, type, texts, asides, error }, index) => {
    root[index] = parent === null ? index : root[parent]!;
    if (parent === null) {
      models.set(index, []);
      return;
    }
    const says = texts.length > 0 || asides.length > 0 || error;
    const isFirst = !isTold[parent] && type === "chat_model" && says;
    isTold[index] = isTold[parent] || !!isFirst;
    if (isFirst) models.get(root[index])!.push(index);
  });
  return [...models].flatMap(([index, inside]) => {
    const { texts, asides, at_once } = runs[index]!;
    if (inside.length === 0 || asides.length > 0 || (texts.length > 0 && !at_once)) return [index];
    const told = inside.map((one) => runs[one]!);
    return adds(runs[index]!, told) ? [...inside, index] : inside;
  });
}

/** What the runs at these places have said, with a blank line between two. */
export function textOfTurns(runs: readonly RunState[], places: number[], between = ""): string {
  const texts = places.map((at) => runs[at]?.texts.join(between));
  return texts.filter((text) => text).join("\n\n");
}

/** Whether a run has more to say than the models in it have. */
function adds({ error, at_once, output, texts }: RunState, models: RunState[]): boolean {
  if (error) return models.every((model) => !model.error);
  // A value is no text: the timeline has it.
  const isText = typeof output === "string" || (isDict(output) && "content" in output);
  return at_once && isText && models.every((model) => model.texts.join("") !== texts[0]);
}

/**
 * Whether there is more to read than one answer's text: more than one model or tool call, a model
 * that cites or has used a tool at its provider's end, or one inside a chain that thought or called. `is_conversation` of `nbstream/events/_entries.py`.
 */
export function isConversation(runs: readonly RunState[]): boolean {
  let calls = 0;
  /** Whether a run is, or lies in, a model. */
  const isTold: boolean[] = [];
  return runs.some(({ parent, type, asides, blocks, metadata }) => {
    const isModel = type === "chat_model";
    const isInside = parent !== null && isTold[parent]!;
    isTold.push(isModel || isInside);
    // A branch is another answer to what was asked before, and no further call.
    const isBranch = parent === null && isDict(metadata.branch);
    if ((isModel && !isInside && !isBranch) || type === "tool") calls++;
    const tells = blocks.length > 0 || (parent !== null && asides.length > 0);
    return calls > 1 || (isModel && tells);
  });
}
