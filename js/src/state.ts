/**
 * The view state: what events add up to. `nbstream/events/_state.py` is its twin.
 *
 * The state belongs to the fold, which extends it in place: a copy for each frame would make a
 * long stream's work grow with its square.
 */

import { type Block, noteBlocks } from "./blocks";
import type { Log } from "./log";
import type { CustomItem, EndItem, Json, Odds, RunError, StartItem } from "./protocol";
import { type Dict, dicts, isDict, text, toJson, whole } from "./read";

export type Status = "waiting" | "streaming" | "done" | "stopped" | "failed";

/** What a message holds beside its text: thinking, or a call of a tool. */
export interface Aside {
  kind: "thinking" | "tool_call";
  /** How many texts came before it. */
  at: number;
  /** Tells calls that are written at the same time apart. */
  index: number | string | null;
  name: string | null;
  /** The call's, by which its result knows it. */
  id: string | null;
  /** The thought, or the arguments' JSON. */
  pieces: string[];
}

/** What a step said of itself while it ran. */
export interface Custom {
  time: number;
  name: string;
  data: Json;
}

/** The name of the events that say how far a call's approval is. */
export const APPROVAL = "tool_approval";

/** Whether a call waits for the reader's word. */
export function isAsking({ customs, end }: RunState): boolean {
  const last = customs.findLast(({ name }) => name === APPROVAL)?.data;
  return end === null && isDict(last) && last.verdict === "wait";
}

/** One run. Times are milliseconds since the log began. */
export interface RunState {
  id: string;
  parent: number | null;
  type: string;
  name: string;
  model: string | null;
  tags: string[];
  metadata: Dict;
  input: Json;
  status: "running" | "done" | "stopped" | "failed";
  start: number;
  end: number | null;
  texts: string[];
  times: number[];
  /** Whether its one text is its output, which came at its end. */
  at_once: boolean;
  asides: Aside[];
  blocks: Block[];
  customs: Custom[];
  /** Whether a chunk was a value, neither a text nor a message. */
  values: boolean;
  /** The odds of its tokens, by the text's place, where the model told them. */
  logprobs: { [place: number]: Odds[] };
  usage: { input: number; output: number } | null;
  /** In US dollars, and by whose prices. */
  cost: [number, string] | null;
  stop: string | null;
  /** What the end said of it; null where it is the texts. */
  output: Json;
  error: RunError | null;
}

export interface ViewState {
  /** The number of the event that comes next. */
  next: number;
  runs: RunState[];
}

/** For a million tokens. */
export type Price = { input?: number; output?: number };

/** What a run took and gave, as `nbstream.events.Metrics`: times are seconds. */
export interface Metrics {
  duration: number | null;
  first_token: number | null;
  chunks: number;
  input_tokens: number | null;
  output_tokens: number | null;
  tokens_per_second: number | null;
  cost: number | null;
  priced_by: string | null;
}

export interface Gaps {
  gap_p50: number | null;
  gap_p95: number | null;
  gap_max: number | null;
}

export function initial(): ViewState {
  return { next: 0, runs: [] };
}

/** Take in the log's events up to before number `end`. */
export function fold(state: ViewState, log: Log, end = log.length): void {
  for (let seq = state.next; seq < end; seq++) {
    const detail = log.detail.get(seq);
    if (log.kind[seq] === "chunk") {
      const run = state.runs[log.run[seq]!]!;
      const odds = log.odds.get(seq);
      const at = run.texts.length;
      // Parts of a character come before the text that has all of it.
      if (odds?.length) run.logprobs[at] = [...(run.logprobs[at] ?? []), ...odds];
      if (detail) noteChunk(run, (detail as { chunk: Json }).chunk, log.text[seq]!);
      if (log.text[seq]) {
        run.texts.push(log.text[seq]!);
        run.times.push(log.time[seq]!);
      }
    } else if (log.kind[seq] === "start") {
      state.runs.push(begun(detail as StartItem));
    } else if (OUTCOMES[log.kind[seq]!]) {
      finish(state.runs[log.run[seq]!]!, log.time[seq]!, detail as EndItem);
    } else if (log.kind[seq] === "custom") {
      const { name, data } = detail as CustomItem;
      state.runs[log.run[seq]!]!.customs.push({ time: log.time[seq]!, name, data });
    }
  }
  state.next = Math.max(state.next, end);
}

function begun(item: StartItem): RunState {
  return {
    id: item.id,
    parent: item.parent,
    type: item.type,
    name: item.name,
    model: item.model,
    tags: item.tags ?? [],
    metadata: item.metadata ?? {},
    input: item.input ?? null,
    status: "running",
    start: item.at / 10,
    end: null,
    texts: [],
    times: [],
    at_once: false,
    asides: [],
    blocks: [],
    customs: [],
    values: false,
    logprobs: {},
    usage: null,
    cost: null,
    stop: null,
    output: null,
    error: null,
  };
}

const OUTCOMES: { [kind: string]: RunState["status"] } = {
  end: "done",
  cancelled: "stopped",
  error: "failed",
};

function finish(run: RunState, time: number, item: EndItem): void {
  run.status = OUTCOMES[item.kind]!;
  run.end = time;
  run.error = item.error ?? null;
  run.input = item.input ?? run.input;
  const whole = item.message && { ...item.message, content: run.texts.join("") };
  run.output = item.output ?? whole ?? null;
  if (isDict(run.output)) {
    const { texts, asides, blocks } = run;
    const isNew = texts.length + asides.length + blocks.length === 0;
    if (isNew && run.type === "chat_model") noteWhole(run, run.output);
    // It is the sum of the chunks', so it stands for theirs.
    run.usage = usageOf(run.output) ?? run.usage;
    noteMetadata(run, run.output);
  }
  // What did not stream has one text: its output.
  const output = run.texts.length > 0 ? "" : textOf(run.output);
  if (output) {
    run.texts.push(output);
    run.times.push(time);
    run.at_once = true;
  }
}

/** Take in a message that came at once: what it thought before it spoke, its calls after. */
function noteWhole(run: RunState, message: Dict): void {
  const hasText = textOf(message) !== "";
  noteBlocks(run, message, hasText);
  noteMessage(run, message);
  for (const aside of run.asides) aside.at = hasText && aside.kind === "tool_call" ? 1 : 0;
  const after = run.asides.filter(({ kind }) => kind === "thinking").length;
  for (const block of run.blocks) block.after = after;
}

function textOf(output: Json): string {
  const value = isDict(output) && "content" in output ? output.content! : output;
  if (value === null || typeof value === "string") return value ?? "";
  if (value === output || !Array.isArray(value)) return toJson(value);
  const texts = value.map((block) => (isDict(block) ? block.text : block));
  return texts.filter((text) => typeof text === "string").join("");
}

/** Take in what a chunk is beside its text. It can be anything that a step yielded. */
function noteChunk(run: RunState, chunk: Json, text: string): void {
  run.values ||= !isDict(chunk) || !("content" in chunk);
  if (!isDict(chunk)) return;
  noteBlocks(run, chunk, text !== "");
  noteMessage(run, chunk);
}

function noteMessage(run: RunState, message: Dict): void {
  const usage = usageOf(message);
  if (usage) {
    const { input, output } = run.usage ?? { input: 0, output: 0 };
    run.usage = { input: input + usage.input, output: output + usage.output };
  }
  noteMetadata(run, message);
  for (const { thinking } of dicts(message.content)) {
    if (typeof thinking === "string") extend(run, "thinking", null, {}, thinking);
  }
  for (const piece of dicts(message.tool_call_chunks)) {
    extend(run, "tool_call", piece.index, piece, piece.args || "");
  }
  for (const call of dicts(message.tool_calls)) {
    extend(run, "tool_call", call.id, call, toJson(call.args ?? null));
  }
}

/** Add a piece to the aside it belongs to, or begin a new one. */
function extend(
  run: RunState,
  kind: Aside["kind"],
  key: Json | undefined,
  called: Dict,
  part: Json,
): void {
  const at = run.texts.length;
  const index = typeof key === "number" || typeof key === "string" ? key : null;
  const [name, id] = [text(called.name) || null, text(called.id) || null];
  const piece = typeof part === "string" ? part : toJson(part);
  const aside = run.asides.findLast((one) => one.kind === kind && one.index === index);
  // A thought goes on until text comes; a call, until another name comes under its index.
  const goesOn = aside && (kind === "thinking" ? aside.at === at : !(name && aside.name));
  if (goesOn) {
    aside.name ??= name;
    aside.id ??= id;
    aside.pieces.push(piece);
  } else {
    run.asides.push({ kind, at, index, name, id, pieces: [piece] });
  }
}

function usageOf(message: Dict): RunState["usage"] {
  const usage = message.usage_metadata;
  if (!isDict(usage) || Object.keys(usage).length === 0) return null;
  return { input: whole(usage.input_tokens), output: whole(usage.output_tokens) };
}

function noteMetadata(run: RunState, message: Dict): void {
  const said = message.response_metadata;
  if (!isDict(said)) return;
  run.stop = text(said.stop_reason) || run.stop;
  const { cost } = said;
  if (!isDict(cost) || cost.currency !== "USD" || typeof cost.amount !== "number") return;
  run.cost = [cost.amount, text(cost.price_list)];
}

/**
 * How the log is doing: its outermost run that goes on or, if none does, the last. It streams when any
 * run in it does: an agent may say nothing itself.
 */
export function status(state: ViewState): Status {
  const all = roots(state);
  const root = all.findLast(isOpen) ?? all.at(-1);
  const found = root ? statusOf(root) : "waiting";
  if (found !== "waiting") return found;
  const { runs } = state;
  const rootOf = (run: RunState): RunState =>
    run.parent === null ? run : rootOf(runs[run.parent]!);
  const says = runs.some((run) => hasSaid(run) && rootOf(run) === root);
  return says ? "streaming" : found;
}

function hasSaid({ texts, asides }: RunState): boolean {
  return texts.length > 0 || asides.length > 0;
}

export function statusOf(run: RunState): Status {
  if (run.status !== "running") return run.status;
  return hasSaid(run) ? "streaming" : "waiting";
}

/** Whether an outermost run goes on, or has yet to begin. */
export function isRunning(state: ViewState): boolean {
  const all = roots(state);
  return !all[0] || all.some(isOpen);
}

/** The outermost runs. */
export function roots({ runs }: ViewState): RunState[] {
  return runs.filter(({ parent }) => parent === null);
}

function isOpen({ end }: RunState): boolean {
  return end === null;
}

/** What one of the runs that are measured adds: itself and what lies in it, itself first. */
type Part = RunState[];

/** The runs to measure, each with all that lie in it: one, or by default all outermost ones. */
function parts(runs: readonly RunState[], root: number | null): Part[] {
  const found = new Map<number, Part>();
  const home: (number | undefined)[] = [];
  runs.forEach((run, at) => {
    const isRoot = root === null ? run.parent === null : at === root;
    if (isRoot) found.set(at, []);
    home[at] = isRoot ? at : home[run.parent ?? -1];
    found.get(home[at] ?? -1)?.push(run);
  });
  return [...found.values()];
}

/** The runs of a part whose texts are measured: see `nbstream.events.Metrics`. */
function measured(part: Part): RunState[] {
  const root = part[0]!;
  if (root.times.length > 0 && !root.at_once) return [root];
  const models = part.filter(({ type }) => type === "chat_model");
  const streamed = models.filter(({ times, at_once }) => times.length > 0 && !at_once);
  return streamed.length > 0 ? streamed : [root];
}

/** The times of the texts that are measured, in milliseconds: those of each outermost run. */
export function textTimes({ runs }: ViewState): (readonly number[])[] {
  return parts(runs, null).map((part) => {
    const [run, ...more] = measured(part);
    if (more.length === 0) return run!.times;
    return [run!, ...more].flatMap(({ times }) => times).sort((a, b) => a - b);
  });
}

/** A run's metrics, by default of all outermost ones; tokens are those of all models inside. */
export function metrics({ runs }: ViewState, at: number | null = null, price: Price = {}): Metrics {
  let paid: number | null = null;
  let source: string | null = null;
  let isKnown = true;
  let output_tokens: number | null = null;
  let input_tokens: number | null = null;
  let chunks = 0;
  let begin = Number.POSITIVE_INFINITY;
  let end: number | null = Number.NEGATIVE_INFINITY;
  let start = Number.POSITIVE_INFINITY;
  const streams: Stream[] = [];
  for (const part of parts(runs, at)) {
    let tokens: number | null = null;
    for (const { type, usage, cost } of part) {
      if (type !== "chat_model" || !usage) continue;
      tokens = (tokens ?? 0) + usage.output;
      input_tokens = (input_tokens ?? 0) + usage.input;
      isKnown &&= cost !== null;
      paid = (paid ?? 0) + (cost?.[0] ?? 0);
      source = cost?.[1] ?? null;
    }
    if (tokens !== null) output_tokens = (output_tokens ?? 0) + tokens;
    // Their ends are enough here: this is asked for with each frame.
    const stream = { first: Number.POSITIVE_INFINITY, last: 0, chunks: 0, tokens };
    for (const { times } of measured(part)) {
      if (times.length === 0) continue;
      stream.chunks += times.length;
      stream.first = Math.min(stream.first, times[0]!);
      stream.last = Math.max(stream.last, times.at(-1)!);
    }
    streams.push(stream);
    chunks += stream.chunks;
    begin = Math.min(begin, stream.first);
    const root = part[0]!;
    start = Math.min(start, root.start);
    end = end === null || root.end === null ? null : Math.max(end, root.end);
  }
  const { input, output } = price;
  const isSet = input !== undefined && output !== undefined;
  if (isSet && input_tokens !== null && output_tokens !== null) {
    paid = (input_tokens * input + output_tokens * output) / 1e6;
  }
  const isByList = paid !== null && isKnown && !isSet;
  return {
    duration: streams.length > 0 && end !== null ? (end - start) / 1000 : null,
    first_token: chunks > 0 ? (begin - start) / 1000 : null,
    chunks,
    input_tokens,
    output_tokens,
    tokens_per_second: rate(streams, output_tokens !== null),
    cost: isSet || isByList ? paid : null,
    priced_by: isByList ? source : null,
  };
}

interface Stream {
  first: number;
  last: number;
  chunks: number;
  tokens: number | null;
}

/** What came in a second, of the time in which any of the runs streamed. */
function rate(streams: Stream[], isInTokens: boolean): number | null {
  let passed = 0;
  let took = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { first, last, chunks, tokens } of streams.sort((a, b) => a.first - b.first)) {
    // The first one's time is not in the span, so neither is the first one.
    const more = (isInTokens ? (tokens ?? 0) : chunks) - 1;
    if (last <= first || more <= 0) continue;
    passed += more;
    took += Math.max(0, last - Math.max(first, until));
    until = Math.max(until, last);
  }
  return took > 0 ? (passed / took) * 1000 : null;
}

/**
 * The waits between texts, in seconds: half of them, and 19 in 20, are no longer than this. A pause
 * between two runs is none.
 */
export function gaps(streams: readonly (readonly number[])[]): Gaps {
  const count = streams.reduce((all, times) => all + Math.max(0, times.length - 1), 0);
  const all = new Float64Array(count);
  let at = 0;
  for (const times of streams) {
    for (let i = 1; i < times.length; i++) all[at++] = times[i]! - times[i - 1]!;
  }
  all.sort();
  const quantile = (share: number) =>
    all.length > 0 ? all[Math.min(all.length - 1, Math.floor(share * all.length))]! / 1000 : null;
  return { gap_p50: quantile(0.5), gap_p95: quantile(0.95), gap_max: quantile(1) };
}

/** The model's name, from the run on show or the first one inside it that has one. */
export function modelName(state: ViewState): string | null {
  return state.runs.find((run) => run.model)?.model ?? null;
}

const CUT_OFF = "The answer was cut off at max_tokens.";

/** By the stop reason, as in `nbstream/messages/_endings.py`; what is first counts more. */
const ENDINGS = new Map([
  ["refusal", "The model refused to answer, or to go on."],
  ["content_filter", "The provider's filter held back the answer, or the rest of it."],
  ["model_context_window_exceeded", "The answer was cut off: the model's context is full."],
  ["max_tokens", CUT_OFF],
  ["length", CUT_OFF],
  ["pause_turn", "The model paused in the middle of its turn; asked again, it goes on."],
]);

/** What there is to say of an answer's stop reason. */
export function endingOf(stop: string | null): string | null {
  return ENDINGS.get(stop ?? "") ?? null;
}

/** A note where an answer ended before its time. */
export function cutOff({ runs }: ViewState): string | null {
  const known = runs.map(({ stop }) => stop).filter((stop) => stop !== null);
  // A pause that was followed by an answer is over.
  const found = known.filter((stop, at) => stop !== "pause_turn" || at === known.length - 1);
  for (const [reason, words] of ENDINGS) if (found.includes(reason)) return words;
  return null;
}
