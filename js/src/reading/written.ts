/** A run as a conversation, in Markdown. `nbstream/widget/_reading.py` is its twin. */

import type { Json } from "../protocol";
import { toJson } from "../read";
import { APPROVAL, type RunState } from "../state";
import { duration } from "../words";
import { approvalWord, editedLine } from "./approval";
import { type Entry, entries, type Turn } from "./entries";
import type { Call, Part, Source } from "./parts";

const ROLES: { [role: string]: string } = {
  human: "You",
  system: "System",
  ai: "Answer before",
  input: "Input",
};

const EMPTY: { [status: string]: string } = {
  done: "The model gave no text.",
  stopped: "Stopped before any text came.",
};
const STOPPED = "Stopped: the text received so far is kept.";

/** An address that is safe inside a link's `<…>`. */
export const ADDRESS = /^https?:\/\/[^\s<>\\]+$/;

/** Who says a prompt. */
export function roleOf(role: string): string {
  return Object.hasOwn(ROLES, role) ? ROLES[role]! : role;
}

/** Why an answer ended as it did, where there is anything to say. */
export function noteOf({ note, parts, error }: Turn, { status }: RunState): string {
  if (note !== null) return note;
  if (parts.length === 0) return error ? "" : (EMPTY[status] ?? "");
  return status === "stopped" ? STOPPED : "";
}

/** A line of what a tool says of itself; null: nothing that is told here. */
export function lineOf(name: string, data: Json): string | null {
  if (name === APPROVAL) return editedLine(data);
  return `${name}: ${typeof data === "string" ? data : toJson(data)}`;
}

/** A log as a conversation; `isAsked` leaves the prompts out, which are there already. */
export function written(runs: readonly RunState[], isAsked = false): string {
  const shown = entries(runs).filter(({ kind }) => !(isAsked && kind === "prompt"));
  return all(shown, runs).join("\n\n");
}

function all(shown: readonly Entry[], runs: readonly RunState[]): string[] {
  return shown.flatMap((entry) => {
    if (entry.kind === "turn") return turnOf(entry, runs);
    if (entry.kind === "call") return [callOf(entry, runs)];
    const told = [entry.text, ...entry.images.map(() => "(image)")].filter(Boolean);
    return [`**${roleOf(entry.role)}:** ${told.join(" ")}`];
  });
}

function turnOf(turn: Turn, runs: readonly RunState[]): string[] {
  const run = runs[turn.run]!;
  const told = turn.parts.map((part) => partOf(part, run, runs)).filter(Boolean);
  const note = noteOf(turn, run);
  if (note) told.push(`*${note}*`);
  if (turn.error && run.error) told.push(`**${run.error.type}:** ${run.error.message}`);
  // Behind a name a list or a heading is none.
  if (turn.parts[0]?.kind === "said" && /^\p{L}/u.test(told[0] ?? "")) {
    told[0] = `**${run.name}:** ${told[0]}`;
  } else told.unshift(`**${run.name}:**`);
  if (turn.sources.length > 0) told.push(turn.sources.map(sourceOf).join("\n"));
  return told;
}

function partOf(part: Part, run: RunState, runs: readonly RunState[]): string {
  switch (part.kind) {
    case "thinking":
      return quoted(run.asides[part.aside]!.pieces.join(""));
    case "call":
      return callOf(part, runs);
    case "server": {
      const links = part.links.map(({ title }) => title).join("; ");
      const told = [code(part.args), links || part.result].filter(Boolean).join(" → ");
      return `*${part.name.replaceAll("_", " ")}* ${told}`.trim();
    }
    case "image":
      return ADDRESS.test(part.url) ? `![Image](<${part.url}>)` : "(image)";
    case "said": {
      const said: string[] = [];
      let begin = part.begin;
      for (const [place, number] of part.marks) {
        said.push(run.texts.slice(begin, place).join(""), ` [${number}]`);
        begin = Math.max(begin, place);
      }
      return said.join("") + run.texts.slice(begin, part.end).join("");
    }
  }
}

function callOf(call: Call, runs: readonly RunState[]): string {
  const tool = call.tool === null ? null : runs[call.tool]!;
  const how = took(call, tool);
  const aside = call.model === null ? null : runs[call.model]!.asides[call.aside!];
  const args = aside ? aside.pieces.join("") : (call.args ?? "");
  const output = call.tells.flatMap((at) => {
    return runs[at]!.customs.map(({ name, data }) => lineOf(name, data)).filter(
      (line) => line !== null,
    );
  });
  const result = tool?.error
    ? `${tool.error.type}: ${tool.error.message}`
    : (tool?.texts.join("") ?? call.result ?? "");
  const shown = code(result);
  const parts = [
    `**Calls** ${code(call.name)}${how ? ` (${how})` : ""}`,
    code(args),
    code(output.join("\n")),
    call.inside.length > 0 ? quoted(all(call.inside, runs).join("\n\n")) : "",
    shown && (shown.includes("\n") ? `→\n\n${shown}` : `→ ${shown}`),
  ];
  return parts.filter(Boolean).join("\n\n");
}

/** How a call went and how long it took, in words. */
function took({ result }: Call, tool: RunState | null): string {
  if (!tool) return result === null ? "no result" : "";
  const time = tool.end === null ? "" : duration(tool.end - tool.start);
  const status = tool.status === "done" ? "" : tool.status;
  return [approvalWord(tool), status, time].filter(Boolean).join(" · ");
}

function quoted(text: string): string {
  return text
    .split("\n")
    .map((line) => `> ${line}`.trimEnd())
    .join("\n");
}

/** A text as code: nothing in it is Markdown, however many backticks it has. */
function code(text: string): string {
  if (!text) return "";
  const fences = text.match(/`+/g) ?? [];
  const longest = fences.reduce((most, { length }) => Math.max(most, length), 0);
  if (text.includes("\n") || text.length > 200) {
    const fence = "`".repeat(Math.max(3, longest + 1));
    return `${fence}\n${text}\n${fence}`;
  }
  const fence = "`".repeat(longest + 1);
  const space = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return fence + space + text + space + fence;
}

function sourceOf({ title, url, quote }: Source, at: number): string {
  const named = title.replaceAll("[", "(").replaceAll("]", ")").replaceAll("\n", " ");
  const shown = ADDRESS.test(url) ? `[${named}](<${url}>)` : named;
  const cited = quote.split(/\s+/).filter(Boolean).join(" ");
  return `${at + 1}. ${shown}${cited ? `: “${cited}”` : ""}`;
}
