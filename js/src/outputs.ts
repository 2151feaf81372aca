/**
 * The outputs that the notebook's document has, on the page or not. The transcript is put there
 * where Jupyter cannot: it updates an output only in the page that ran the cell, and so not after a
 * page was reloaded in the middle of a run.
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

/** The lists of outputs that the document has, or null where that cannot be seen. */
function outputsOf(manager: unknown): Outputs[] | null {
  const cells = (manager as Manager | undefined)?.context?.model?.cells;
  if (!cells) return null;
  return [...cells].flatMap(({ outputs }) => (outputs ? [outputs] : []));
}

/**
 * Whether the document still has a transcript, though it may be nowhere on the page: those of cells
 * that are far away are not. Null where that cannot be told.
 */
export function hasTranscript(manager: unknown, place: string): boolean | null {
  const all = outputsOf(manager);
  if (!all) return null;
  return all.some((outputs) => placesIn(outputs, place).length > 0);
}

/** Replace each output that is the place of a transcript, whether it holds the widget, too, or not. */
export function replaceTranscripts(manager: unknown, place: string, data: Output["data"]): void {
  for (const outputs of outputsOf(manager) ?? []) {
    for (const i of placesIn(outputs, place)) {
      outputs.set(i, { output_type: "display_data", data, metadata: {} });
    }
  }
}

function placesIn(outputs: Outputs, place: string): number[] {
  const begin = `<div data-nbstream="${place}"`;
  const found: number[] = [];
  for (let i = 0; i < outputs.length; i++) {
    if (String(outputs.get(i).data["text/html"] ?? "").startsWith(begin)) found.push(i);
  }
  return found;
}

/** Replace each output that still holds the widget. Returns how many there were. */
export function replaceOutputs(manager: unknown, answer: BundleAnswer): number {
  let count = 0;
  for (const outputs of outputsOf(manager) ?? []) {
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
