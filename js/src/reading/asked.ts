/** What a run was given, as messages to read. `nbstream/events/_asked.py` is its twin. */

import type { Json } from "../protocol";
import { type Dict, dicts, isDict, text } from "../read";
import type { RunState } from "../state";
import { imagesIn, jsonOf, textIn } from "./parts";

/** One message that a run was given. */
export interface Prompt {
  kind: "prompt";
  run: number;
  /** `human`, `system`, `ai` or, for what is no message, `input`. */
  role: string;
  text: string;
  images: string[];
}

export interface Result {
  id: string;
  text: string;
  failed: boolean;
}

interface Message {
  role: string;
  text: string;
  images: string[];
  results: Result[];
}

/** Messages of one prompt that are shown: the last ones. */
const MAX_PROMPTS = 50;
/** Dicts and lists around messages that are looked into. */
const MAX_WRAPPED = 3;

const ROLES: { [name: string]: string } = {
  user: "human",
  humanmessage: "human",
  assistant: "ai",
  aimessage: "ai",
  aimessagechunk: "ai",
  model: "ai",
  systemmessage: "system",
  developer: "system",
  toolmessage: "tool",
  function: "tool",
};

/**
 * What an outermost run was given. Where that is no message, as the variables of a prompt's
 * template, it is what came to the first model inside. Of a later run, what had been said before is
 * left out.
 */
export function promptsOf(
  runs: readonly RunState[],
  at: number,
  first: number | null,
  isFirst: boolean,
): Prompt[] {
  const given = runs[at]!.input;
  const own = messagesOf(given);
  const found = own ?? (first === null ? null : messagesOf(runs[first]!.input));
  if (!found) {
    if (given === null) return [];
    return [{ kind: "prompt", run: at, role: "input", text: jsonOf(given), images: [] }];
  }
  const run = own ? at : first!;
  return (isFirst ? found : found.slice(answered(found)))
    .filter(({ role }) => role !== "tool")
    .slice(-MAX_PROMPTS)
    .filter(({ text, images }) => text || images.length > 0)
    .map(({ role, text, images }) => ({ kind: "prompt", run, role, text, images }));
}

/** What a model was told that tools gave since the last answer. */
export function resultsOf(given: Json): Result[] {
  const messages = messagesOf(given) ?? [];
  return messages.slice(answered(messages)).flatMap(({ results }) => results);
}

/** The place behind the last answer of a model. */
function answered(messages: readonly Message[]): number {
  return messages.findLastIndex(({ role }) => role === "ai") + 1;
}

/** What was read of a value; it stays as it is, and is asked for at each frame. */
const read = new WeakMap<object, Message[] | null>();

/** Messages in any of the forms that libraries take; null: it is something else. */
function messagesOf(value: Json): Message[] | null {
  if (typeof value !== "object" || value === null) return readMessages(value);
  if (!read.has(value)) read.set(value, readMessages(value));
  return read.get(value)!;
}

function readMessages(given: Json): Message[] | null {
  let value = given;
  for (let i = 0; i < MAX_WRAPPED; i++) {
    if (isDict(value) && "messages" in value) value = value.messages!;
    else if (Array.isArray(value) && value.length === 1 && dicts(value[0]).length > 0) {
      value = value[0]!; // LangChain's list of the prompts of one batch
    }
  }
  if (typeof value === "string") return [message("human", value)];
  if (isDict(value)) value = [value];
  if (!Array.isArray(value) || value.length === 0) return null;
  const known = value.map(messageOf).filter((one) => one !== null);
  // What a long list leaves out is said by a text at its end.
  return known.length >= Math.max(1, value.length - 1) ? known : null;
}

function messageOf(value: Json): Message | null {
  if (Array.isArray(value)) {
    const [role, content] = value;
    return value.length === 2 && typeof role === "string" ? message(role, content!) : null;
  }
  if (!isDict(value) || !("content" in value)) return null;
  const role = value.role ?? value.type;
  return typeof role === "string" ? message(role, value.content!, value) : null;
}

function message(name: string, content: Json, from: Dict = {}): Message {
  const lower = name.toLowerCase();
  const role = Object.hasOwn(ROLES, lower) ? ROLES[lower]! : lower;
  const results: Result[] = [];
  const { tool_call_id, status } = from;
  if (role === "tool" && typeof tool_call_id === "string") {
    results.push({ id: tool_call_id, text: textIn(content), failed: status === "error" });
  }
  for (const block of dicts(content)) {
    const id = text(block.tool_use_id);
    if (block.type !== "tool_result" || !id) continue;
    results.push({ id, text: textIn(block.content), failed: block.is_error === true });
  }
  return { role, text: textIn(content), images: imagesIn(content), results };
}
