/** The parts of one answer, in their order. `nbstream/events/_parts.py` is its twin. */

import type { Block } from "../blocks";
import type { Json } from "../protocol";
import { type Dict, dicts, isDict, text, toJson } from "../read";
import type { RunState } from "../state";

/** What a model thought: the run's aside with this number. */
export interface Thinking {
  kind: "thinking";
  aside: number;
}

/** A stretch of the run's texts. */
export interface Said {
  kind: "said";
  begin: number;
  end: number;
  /** Before the text with this place is the mark of the source with this number. */
  marks: [place: number, number: number][];
}

/** A call of a tool, and what came of it. */
export interface Call {
  kind: "call";
  /** The run that asked for it; null where the tool was called by other code. */
  model: number | null;
  /** Of that run: the arguments' JSON. */
  aside: number | null;
  id: string | null;
  name: string;
  /** The arguments where no model wrote them. */
  args: string | null;
  /** The tool's run. */
  tool: number | null;
  /** What the tool gave, where it has no run. */
  result: string | null;
  failed: boolean;
  images: string[];
  /** The runs that said something of themselves while the tool ran. */
  tells: number[];
  inside: import("./entries").Entry[];
}

/** A tool that ran at the provider's end. */
export interface Server {
  kind: "server";
  name: string;
  args: string;
  result: string | null;
  links: { title: string; url: string }[];
  failed: boolean;
}

/** An image in the answer: its address, which may hold all of it; empty if it was cut. */
export interface Image {
  kind: "image";
  url: string;
}

/** What an answer cites. */
export interface Source {
  title: string;
  url: string;
  quote: string;
}

export type Part = Thinking | Said | Call | Server | Image;

/** The parts of a run's answer, and its sources in the order of their numbers. */
export function partsOf(at: number, run: RunState): { parts: Part[]; sources: Source[] } {
  const parts: Part[] = [];
  const { marks, sources } = marksOf(run);
  const servers = new Map<string, Server>();
  let position = 0;
  let mark = 0;

  function say(upTo: number): void {
    const end = Math.min(upTo, run.texts.length);
    if (end <= position) return;
    const said: Said = { kind: "said", begin: position, end, marks: [] };
    for (; mark < marks.length && marks[mark]![0] <= end; mark++) {
      if (marks[mark]![0] > position) said.marks.push(marks[mark]!);
    }
    parts.push(said);
    position = end;
  }

  function show(told: Block): void {
    say(told.at);
    addBlock(parts, servers, told);
  }

  const blocks = run.blocks.filter(({ kind }) => kind !== "citation");
  let next = 0;
  run.asides.forEach((aside, place) => {
    while (next < blocks.length && blocks[next]!.after <= place) show(blocks[next++]!);
    say(aside.at);
    if (aside.kind === "thinking") parts.push({ kind: "thinking", aside: place });
    else parts.push(callPart(at, place, aside.id, aside.name));
  });
  for (; next < blocks.length; next++) show(blocks[next]!);
  say(run.texts.length);
  return { parts, sources };
}

/** A call of which no more is known than who asked for it. */
function callPart(
  model: number | null,
  aside: number | null,
  id: string | null,
  name: string | null,
): Call {
  return {
    ...{ kind: "call", model, aside, id, name: name || "tool", args: null },
    ...{ tool: null, result: null, failed: false, images: [], tells: [], inside: [] },
  };
}

/** The call of a tool that no model asked for. */
export function textCall({ name, input }: RunState): Call {
  const args = typeof input === "string" ? input : input === null ? "" : jsonOf(input);
  return { ...callPart(null, null, null, name), args };
}

function addBlock(parts: Part[], servers: Map<string, Server>, { kind, block }: Block): void {
  if (kind === "image") {
    parts.push({ kind: "image", url: imageOf(block) ?? "" });
    return;
  }
  const type = text(block.type);
  let server: Server | undefined;
  if (type.endsWith("_result")) {
    const key = text(block.tool_use_id) || text(block.id);
    server = servers.get(key) ?? servers.get("");
    if (!server) {
      server = serverOf(type.replace(/_result$/, ""), block);
      parts.push(server);
    }
  } else {
    server = serverOf(text(block.name) || plainName(type), block);
    parts.push(server);
    servers.set("", server);
    if (text(block.id)) servers.set(text(block.id), server);
  }
  give(server, block);
}

function plainName(type: string): string {
  return ["_call", "_tool_use", "_use"].reduce(
    (name, end) => (name.endsWith(end) ? name.slice(0, -end.length) : name),
    type,
  );
}

const GIVEN = ["partial_json", "input", "action", "code", "arguments", "queries", "args"];
const GAVE = ["content", "output", "outputs", "results", "response", "tools", "error"];

function serverOf(name: string, block: Dict): Server {
  const args = brief(firstFull(block, GIVEN) ?? "");
  return { kind: "server", name, args, result: null, links: [], failed: false };
}

/** The first of these that says anything: an empty text, list or dict does not. */
function firstFull(block: Dict, names: readonly string[]): Json | undefined {
  return names.map((name) => block[name] ?? null).find(isFull);
}

function isFull(value: Json): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  return Object.keys(value).length > 0;
}

/** A value to be read in a line: of a dict with one text, that. */
function brief(value: Json): string {
  let read = value;
  if (typeof value === "string") {
    try {
      read = JSON.parse(value);
    } catch {
      return value; // no JSON, or not all of it
    }
  }
  if (isDict(read)) {
    const told = Object.entries(read).filter(([key, one]) => key !== "type" && one !== null);
    if (told.length === 1 && typeof told[0]![1] === "string") return told[0]![1];
  }
  return typeof value === "string" ? value : toJson(value);
}

/** What a program wrote, where that is what was given. */
function printed(given: Json): string {
  if (!isDict(given) || typeof given.stdout !== "string") return brief(given);
  return given.stdout + text(given.stderr);
}

/** Take in what a tool at the provider's end gave. */
function give(server: Server, block: Dict): void {
  const given = firstFull(block, GAVE);
  if (given === undefined) {
    if (!/^(completed|failed|incomplete)$/.test(text(block.status))) return;
    server.result ||= "";
    server.failed = block.status === "failed";
    return;
  }
  for (const { url, title } of dicts(given)) {
    if (typeof url === "string") server.links.push({ title: text(title) || url, url });
  }
  const told = typeof given === "string" || Array.isArray(given) ? textIn(given) : printed(given);
  server.result = server.links.length > 0 ? "" : told;
  const code = isDict(given) && isFull(given.error_code ?? null);
  server.failed = isFull(block.error ?? null) || code || isFull(block.is_error ?? null);
}

const written = new WeakMap<object, string>();

/** A value as JSON, written once. */
export function jsonOf(value: Json): string {
  if (typeof value !== "object" || value === null) return toJson(value);
  if (!written.has(value)) written.set(value, toJson(value));
  return written.get(value)!;
}

/** The text of a message's content. */
export function textIn(content: Json | undefined): string {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return content;
  if (Array.isArray(content)) {
    const texts = content.map((one) => (isDict(one) ? first(one, "text", "logs") : text(one)));
    const known = texts.filter(Boolean);
    if (known.length > 0 || content.length === 0 || imagesIn(content).length > 0) {
      return known.join("");
    }
  }
  return jsonOf(content);
}

const SHOWN = /^data:image\/(png|jpeg|gif|webp);base64,(?=.)/;

/** An image's address; empty if there is nothing to show, null if it is no image. */
function imageOf(block: Dict): string | null {
  if (block.type === "image_url") {
    const url = block.image_url ?? null;
    return address(isDict(url) ? url.url : url);
  }
  if (block.type !== "image") return null;
  const held = isDict(block.source) ? block.source : block;
  const data = "base64" in held ? held.base64 : held.data;
  if (data === undefined || data === null) return address(held.url);
  const media = "media_type" in held ? held.media_type : held.mime_type;
  return address(`data:${text(media)};base64,${text(data)}`);
}

/** The images in a message's content. */
export function imagesIn(content: Json | undefined): string[] {
  return dicts(content)
    .map(imageOf)
    .filter((url) => url !== null);
}

function address(url: Json | undefined): string {
  if (typeof url !== "string") return "";
  if (!url.startsWith("data:")) return isWeb(url) ? url : "";
  // One that was cut says so at its end.
  return SHOWN.test(url.slice(0, 40)) &&
    /^[A-Za-z0-9+/=_-]*$/.test(url.slice(-40).split(",").at(-1)!)
    ? url
    : "";
}

function isWeb(url: string): boolean {
  return url.startsWith("https://") || url.startsWith("http://");
}

const NONE = { marks: [], sources: [] };

function marksOf(run: RunState): { marks: Said["marks"]; sources: Source[] } {
  if (run.blocks.length === 0) return NONE;
  const numbers = new Map<string, number>();
  const sources: Source[] = [];
  const marks: Said["marks"] = [];
  for (const { kind, at, index, block } of run.blocks) {
    if (kind !== "citation") continue;
    const many = dicts(block.sources);
    for (const one of many.length > 0 ? many : [block]) {
      const source = sourceOf(one, block);
      const key = source.url || source.title;
      if (!numbers.has(key)) numbers.set(key, sources.push(source));
      const number = numbers.get(key)!;
      // What has no place in the text is a source of the whole of it.
      if (index === null && !("end_index" in block)) continue;
      const isThere = marks.slice(-8).some(([place, other]) => place === at && other === number);
      if (!isThere) marks.push([at, number]);
    }
  }
  marks.sort(([a, m], [b, n]) => a - b || m - n);
  return { marks, sources };
}

function sourceOf(one: Dict, block: Dict): Source {
  const held = isDict(one.document) ? one.document : one;
  const found = first(held, "url", "source");
  const url = isWeb(found) ? found : "";
  const title = first(held, "title", "document_title", "filename", "file_id", "id");
  return { title: title || url || "Source", url, quote: first(block, "cited_text", "text") };
}

/** The first of these that is a text, and not empty. */
function first(block: Dict, ...names: string[]): string {
  return names.map((name) => text(block[name])).find(Boolean) ?? "";
}
