/**
 * The view state: what frames add up to. `nbstream/widget/_state.py` is its twin.
 *
 * The state belongs to the fold, which extends it in place: a copy for each frame would make a
 * long stream's work grow with its square.
 */

import type { EndItem, Frame, Item, RunError, Usage } from "./protocol";

export type Status = "waiting" | "streaming" | "done" | "stopped" | "failed";

/** One run. Times are milliseconds since the log began. */
export interface RunState {
  parent: number | null;
  type: string;
  name: string;
  model: string | null;
  status: "running" | "done" | "stopped" | "failed";
  start: number;
  end: number | null;
  texts: string[];
  times: number[];
  usage: Usage | null;
  stop: string | null;
  error: RunError | null;
}

export interface ViewState {
  /** The number of the event that comes next. */
  next: number;
  runs: RunState[];
}

export interface Metrics {
  first: number | null;
  chunks: number;
  tokens: number | null;
  rate: number | null;
}

export function initial(): ViewState {
  return { next: 0, runs: [] };
}

/**
 * Fold a frame into the state; what it repeats is skipped. False if events are missing between the
 * two: the frame is then left out, and the log is needed from `state.next` on.
 */
export function apply(state: ViewState, frame: Frame): boolean {
  let seq = frame.seq;
  if (seq > state.next) return false;
  for (const item of frame.items) {
    if (item.kind === "chunks") {
      let at = item.at;
      for (let i = 0; i < item.run.length; i++) {
        at += item.gap[i]!;
        if (seq++ !== state.next) continue;
        state.next++;
        if (!item.text[i]) continue;
        const run = state.runs[item.run[i]!]!;
        run.texts.push(item.text[i]!);
        run.times.push(at / 10);
      }
      if (item.run.length > 0) noteExtra(state.runs[item.run.at(-1)!]!, item);
    } else if (seq++ === state.next) {
      state.next++;
      applyOne(state, item);
    }
  }
  return true;
}

const OUTCOMES = { end: "done", cancelled: "stopped", error: "failed" } as const;

function applyOne(state: ViewState, item: Exclude<Item, { kind: "chunks" }>): void {
  if (item.kind === "start") {
    state.runs.push({
      parent: item.parent,
      type: item.type,
      name: item.name,
      model: item.model,
      status: "running",
      start: item.at / 10,
      end: null,
      texts: [],
      times: [],
      usage: null,
      stop: null,
      error: null,
    });
  } else if (item.kind in OUTCOMES) {
    // Kinds not known yet are counted and passed over.
    const run = state.runs[item.run]!;
    run.status = OUTCOMES[item.kind];
    run.end = item.at / 10;
    run.error = item.error ?? null;
    noteExtra(run, item);
  }
}

function noteExtra(run: RunState, item: Pick<EndItem, "usage" | "stop">): void {
  run.usage = item.usage ?? run.usage;
  run.stop = item.stop ?? run.stop;
}

/** How the first run, the one on show, is doing. */
export function status(state: ViewState): Status {
  const root = state.runs[0];
  if (!root) return "waiting";
  if (root.status === "running") return root.texts.length > 0 ? "streaming" : "waiting";
  return root.status;
}

/** The first run's figures; tokens are those of all model calls inside it. */
export function metrics(state: ViewState): Metrics {
  const root = state.runs[0];
  if (!root) return { first: null, chunks: 0, tokens: null, rate: null };
  let tokens: number | null = null;
  for (const run of state.runs) {
    if (run.type === "chat_model" && run.usage) tokens = (tokens ?? 0) + run.usage.output;
  }
  const first = root.times[0];
  const took = first === undefined ? 0 : root.times.at(-1)! - first;
  // The first one's time is not in the span, so neither is the first one.
  const passed = (tokens ?? root.times.length) - 1;
  return {
    first: first === undefined ? null : first - root.start,
    chunks: root.times.length,
    tokens,
    rate: took > 0 && passed > 0 ? (passed / took) * 1000 : null,
  };
}

/** The model's name, from the run on show or the first one inside it that has one. */
export function modelName(state: ViewState): string | null {
  return state.runs.find((run) => run.model)?.model ?? null;
}

/** The figures in words. */
export function figures(state: ViewState): string[] {
  const { first, chunks, tokens, rate } = metrics(state);
  const unit = tokens === null ? "chunk" : "token";
  const count = tokens ?? chunks;
  const words: string[] = [];
  if (first !== null) words.push(`first token ${duration(first)}`);
  if (count > 0) words.push(`${number(count)} ${unit}${count === 1 ? "" : "s"}`);
  if (rate !== null) words.push(`${number(rate)} ${unit}s/s`);
  return words;
}

/** A note where the answer ends because it may be no longer. */
export function cutOff(state: ViewState): string | null {
  const stopped = state.runs.some((run) => run.stop === "max_tokens" || run.stop === "length");
  return stopped ? "The answer was cut off at max_tokens." : null;
}

function number(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 0 });
}

/** A time in words. */
export function duration(milliseconds: number): string {
  return milliseconds < 1000
    ? `${milliseconds.toFixed(0)} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}
