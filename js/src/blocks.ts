/**
 * Content blocks beside text, thinking and calls: citations, images, tools at the provider's end.
 * `nbstream/events/_blocks.py` is its twin.
 */

import type { Json } from "./protocol";
import { type Dict, dicts, isDict, text } from "./read";
import type { RunState } from "./state";

export interface Block {
  kind: "citation" | "image" | "server";
  /** How many texts came before it. */
  at: number;
  /** How many asides came before it. */
  after: number;
  index: number | string | null;
  block: Dict;
}

const OURS = /^((custom_)?tool_call|tool_use|function_call)$/;
const SERVERS = /_(use|call|result|code|tools)$/;
const GROWING = /^(partial_json|arguments|code)$/;

/** Take in a chunk's blocks, before its text. */
export function noteBlocks(run: RunState, message: Dict, hasText: boolean): void {
  const at = run.texts.length + (hasText ? 1 : 0);
  const add = (kind: Block["kind"], index: Block["index"], block: Dict) =>
    run.blocks.push({ kind, at, after: run.asides.length, index, block });
  const cite = (citations: Json | undefined, index: Block["index"]) => {
    for (const block of dicts(citations)) add("citation", index, block);
  };
  for (const block of dicts(message.content)) {
    const { type, citations } = block;
    const isIndex = typeof block.index === "string" || Number.isInteger(block.index);
    const index = isIndex ? (block.index as string | number) : null;
    if (type === "text") {
      // Some marks come before the text that they are for, and stand behind it.
      for (let i = run.blocks.length - 1; i >= 0; i--) {
        const mark = run.blocks[i]!;
        if (mark.kind !== "citation" || index === null || mark.index !== index) break;
        mark.at = at;
      }
      cite(citations, index);
    } else if (type === "image" || type === "image_url") add("image", index, block);
    else noteServer(run, block, index, add);
  }
  const more = message.additional_kwargs;
  if (isDict(more)) cite(more.citations, null);
}

function noteServer(
  run: RunState,
  block: Dict,
  index: Block["index"],
  add: (kind: "server", index: Block["index"], block: Dict) => void,
): void {
  const kind = text(block.type);
  const isIt = (one: Block) => one.kind === "server" && index !== null && one.index === index;
  const known = run.blocks.findLast(isIt)?.block;
  if (known && (kind === "input_json_delta" || kind === known.type)) {
    for (const [name, value] of Object.entries(block)) {
      const grows = GROWING.test(name) && typeof value === "string";
      const before = grows ? known[name] : null;
      if (name === "type" || name === "__proto__") continue;
      known[name] = typeof before === "string" ? before + value : value;
    }
  } else if (SERVERS.test(kind) && !OURS.test(kind)) {
    // Extended in place: what the log has stays as it is.
    add("server", index, { ...block });
  }
}
