/**
 * The log as the dicts of `astream_events`, versions 1 and 2. `nbstream/events/_lens.py` is its
 * twin; the fixtures in `tests/fixtures/protocol` hold what both say.
 */

import type { Detail, Kind, Log } from "./log";
import type { CustomItem, EndItem, Json, Odds, RunError } from "./protocol";
import { isDict, text, toJson } from "./read";
import type { RunState } from "./state";

export type Version = "v1" | "v2";

export interface StreamEvent {
  event: string;
  run_id: string;
  name: string;
  tags: string[];
  metadata: { [key: string]: Json };
  data: Json;
  parent_ids?: string[];
}

const SUFFIX: { [kind in Kind]: string } = {
  start: "start",
  chunk: "stream",
  end: "end",
  error: "error",
  cancelled: "cancel",
  custom: "",
  unknown: "",
};

/** What has one value by nature does not report it as a stream, too. */
const UNSTREAMED = new Set(["prompt", "tool", "retriever"]);

/** What an event is called, or null where a version does not have it. */
export function eventName(
  log: Log,
  runs: readonly RunState[],
  seq: number,
  version: Version,
): string | null {
  const kind = log.kind[seq]!;
  if (kind === "unknown") return null;
  const run = runs[log.run[seq]!]!;
  if (kind === "custom") return version === "v1" ? null : "on_custom_event";
  const isShown = version === "v1" && run.parent === null;
  if (kind === "chunk" && UNSTREAMED.has(run.type) && !isShown) return null;
  return `on_${run.type}_${SUFFIX[kind]}`;
}

/** An event of the log as a dict, or null where a version does not have it. */
export function eventAt(
  log: Log,
  runs: readonly RunState[],
  seq: number,
  version: Version,
): StreamEvent | null {
  const event = eventName(log, runs, seq, version);
  if (event === null) return null;
  const run = runs[log.run[seq]!]!;
  const custom = log.kind[seq] === "custom" ? (log.detail.get(seq) as CustomItem) : null;
  const shown: StreamEvent = {
    event,
    run_id: run.id,
    name: custom?.name ?? run.name,
    tags: run.tags,
    metadata: run.metadata,
    data: custom ? custom.data : dataAt(log, run, seq, version),
  };
  if (version === "v2") shown.parent_ids = parentIds(runs, run);
  return shown;
}

function dataAt(log: Log, run: RunState, seq: number, version: Version): Json {
  const isRoot = run.parent === null;
  const detail = log.detail.get(seq);
  switch (log.kind[seq]!) {
    case "chunk":
      return { chunk: chunkAt(log, seq) };
    case "start": {
      const { input, streamed } = log.started(log.run[seq]!);
      return streamed && !isRoot ? {} : { input: input ?? null };
    }
    case "end": {
      const said = outputOf(run, detail as EndItem);
      const output = withOdds(said, allOdds(log, log.run[seq]!, said));
      if (isRoot) return { output };
      const isModel = run.type === "chat_model";
      return {
        output: version === "v1" && isModel ? generations(output) : output,
        input: run.input,
      };
    }
    case "error":
      return { error: (detail as EndItem).error as RunError };
    default:
      return {};
  }
}

/** What a chunk was: a text, a message, or any other value. */
export function chunkAt(log: Log, seq: number): Json {
  const detail = log.detail.get(seq) as Extract<Detail, { chunk: Json }> | undefined;
  const content = log.text[seq]!;
  const said = log.isMessage[seq] ? { type: "AIMessageChunk", content } : content;
  return withOdds(detail ? detail.chunk : said, log.odds.get(seq) ?? []);
}

/** What a run gave, from how it ended and the texts that had come. */
export function outputOf(run: RunState, end: Pick<EndItem, "output" | "message">): Json {
  if (end.output !== undefined) return end.output;
  return end.message ? run.output : run.texts.join("");
}

/** A message with the log-probabilities of its tokens, which are kept beside it. */
function withOdds(message: Json, odds: readonly Odds[]): Json {
  if (odds.length === 0 || !isDict(message)) return message;
  const metadata = isDict(message.response_metadata) ? message.response_metadata : {};
  const others = isDict(metadata.logprobs) ? metadata.logprobs : {};
  const content = odds.map(([token, logprob, ...rest]) => {
    const top: Json[] = [];
    for (let i = 0; i < rest.length; i += 2) top.push({ token: rest[i]!, logprob: rest[i + 1]! });
    return { token: token!, logprob: logprob!, top_logprobs: top };
  });
  return { ...message, response_metadata: { ...metadata, logprobs: { ...others, content } } };
}

/** All odds of a run, for its output where that is a message. */
function allOdds(log: Log, run: number, output: Json): Odds[] {
  if (!isDict(output) || !text(output.type).startsWith("AIMessage")) return [];
  return [...log.odds].flatMap(([seq, odds]) => (log.run[seq] === run ? odds : []));
}

function generations(message: Json): Json {
  const isMessage = isDict(message);
  const isChunk = isMessage && text(message.type).endsWith("Chunk");
  const generation = {
    text: isMessage ? textOf(message.content ?? "") : "",
    generation_info: null,
    type: isChunk ? "ChatGenerationChunk" : "ChatGeneration",
    message,
  };
  return { generations: [[generation]], llm_output: null, run: null, type: "LLMResult" };
}

function textOf(content: Json): string {
  if (!Array.isArray(content)) return typeof content === "string" ? content : toJson(content);
  return content
    .map((block) => (isDict(block) ? (block.type === "text" ? text(block.text) : "") : text(block)))
    .join("");
}

/** The runs around one, the outermost first. */
function parentIds(runs: readonly RunState[], run: RunState): string[] {
  const ids: string[] = [];
  for (let at = run.parent; at !== null; at = runs[at]!.parent) ids.push(runs[at]!.id);
  return ids.reverse();
}
