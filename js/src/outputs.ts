/**
 * Putting the transcript into the notebook where Jupyter cannot: it updates an output only in the
 * page that ran the cell, and so not after a page was reloaded in the middle of a run.
 */

import type { BundleAnswer } from "./protocol";

const WIDGET = "application/vnd.jupyter.widget-view+json";

// What of JupyterLab's notebook model is needed; every step of the way may be missing elsewhere.
interface Output {
  data: { [mime: string]: unknown };
}
interface Outputs {
  length: number;
  get(index: number): Output;
  set(index: number, output: object): void;
}
interface Manager {
  context?: { model?: { cells?: Iterable<{ outputs?: Outputs }> } };
}

/** Replace each output that still holds the widget. Returns how many there were. */
export function replaceOutputs(manager: unknown, answer: BundleAnswer): number {
  let count = 0;
  for (const { outputs } of (manager as Manager | undefined)?.context?.model?.cells ?? []) {
    if (!outputs) continue;
    for (let i = 0; i < outputs.length; i++) {
      const view = outputs.get(i).data[WIDGET] as { model_id?: string } | undefined;
      if (view?.model_id !== answer.model) continue;
      const { data, metadata } = answer;
      outputs.set(i, { output_type: "display_data", data, metadata });
      count++;
    }
  }
  return count;
}
