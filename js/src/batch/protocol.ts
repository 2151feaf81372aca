/** What a `BatchView` and its page say to each other; `nbstream/widget/_batch_frames.py` is the twin. */

import type { ExportAnswer, Frame, ModuleAnswer, Words } from "../protocol";

/** What a line's run is doing, by its number on the wire. */
export const STATUSES = ["waiting", "running", "done", "failed", "stopped", "kept"] as const;
export type LineStatus = (typeof STATUSES)[number];

/** The columns of numbers; null where something is not known. Times are seconds since the start. */
export const NUMBERS = ["started", "first", "ended", "tokens", "rate", "cost", "tries"] as const;
export type NumberName = (typeof NUMBERS)[number];

/**
 * What changed between two versions of the table, column by column. `index` names the lines. An
 * input is sent once; of a text what was added, from character `at` to before `to`.
 */
export interface BatchFrame {
  type: "batch";
  since: number;
  version: number;
  state: BatchState;
  /** What there is to say of all of it, as that a budget is used up. */
  note: string;
  index: number[];
  status: number[];
  columns: { [name in NumberName]?: (number | null)[] };
  inputs: { index: number[]; text: string[] };
  texts: { index: number[]; at: number[]; to: number[]; text: string[] };
  errors: { index: number[]; kind: string[]; message: string[] };
  metrics: BatchMetrics;
}

export const STATES = ["waiting", "running", "paused", "done", "stopped"] as const;
export type BatchState = (typeof STATES)[number];

/** What all lines add up to now; null where it is not known. */
export interface BatchMetrics {
  /** How many lines there are to be; null while a generator still gives more. */
  total: number | null;
  elapsed: number;
  eta: number | null;
  per_minute: number | null;
  tokens_per_second: number | null;
  tokens: number;
  cost: number | null;
}

/** What there is of one line that is opened. */
export interface LineAnswer {
  type: "line";
  line: number;
  output: string;
  error: string;
  /** Whether a log of its run is there, which comes as frames. */
  hasLog: boolean;
}

export type BatchAnswer =
  | BatchFrame
  | LineAnswer
  | ((Frame | ExportAnswer) & { line?: number })
  | ModuleAnswer
  | Words;

export type BatchRequest =
  | { type: "since"; version: number }
  | { type: "stop" | "retry"; line?: number }
  | { type: "pause" | "resume" }
  | { type: "watch" | "leave"; line: number };

/** The table as a saved notebook keeps it. */
export interface SavedBatch {
  type: "batch";
  frame: BatchFrame;
}
