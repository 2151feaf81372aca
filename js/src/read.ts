/**
 * What comes over the wire, made sure of: a frame can come from a file that anybody may have written.
 * Nothing in it may make the page throw, or go round for ever. What is not as it should be is left
 * out, the rest is shown.
 */

import type { EndItem, Json, Odds, RunError, StartItem } from "./protocol";

export type Dict = { [key: string]: Json };

export function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function list(value: unknown): Json[] {
  return Array.isArray(value) ? value : [];
}

export function dicts(value: unknown): Dict[] {
  return list(value).filter(isDict);
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function count(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}

/** The odds of a chunk's tokens. */
export function readOdds(value: unknown): Odds[] {
  const isOdds = (one: Json) =>
    list(one).length > 1 &&
    list(one).length % 2 === 0 &&
    list(one).every((part, at) => typeof part === (at % 2 ? "number" : "string"));
  return list(value).filter(isOdds) as Odds[];
}

/** A number of ticks, on either side of another. */
export function whole(value: unknown): number {
  return Number.isSafeInteger(value) ? (value as number) : 0;
}

/** A value as JSON; also one that is nested deeper than a browser can write. */
export function toJson(value: Json | object, indent?: number): string {
  try {
    return JSON.stringify(value, null, indent) ?? "";
  } catch {
    return "…";
  }
}

/**
 * The start of a run, or null where it is none. Runs begin in the order of their numbers, and each
 * inside an earlier one or in none: so whoever goes from a run to its parent comes to an end.
 */
export function readStart(item: Dict, run: number): StartItem | null {
  if (item.run !== run) return null;
  const parent = count(item.parent);
  return {
    kind: "start",
    at: whole(item.at),
    run,
    id: text(item.id),
    parent: parent !== null && parent < run ? parent : null,
    type: text(item.type),
    name: text(item.name),
    model: text(item.model) || null,
    tags: list(item.tags).filter((tag) => typeof tag === "string"),
    metadata: isDict(item.metadata) ? item.metadata : {},
    input: item.input ?? null,
    ...(item.streamed ? { streamed: true } : {}),
  };
}

/** The end of a run; what it has that is not as it should be is left out. */
export function readEnd(item: Dict, kind: EndItem["kind"], run: number): EndItem {
  const end: EndItem = { kind, at: whole(item.at), run };
  if (item.input !== undefined) end.input = item.input;
  if (item.output !== undefined) end.output = item.output;
  if (isDict(item.message)) end.message = item.message;
  if (kind === "error") end.error = readError(item.error);
  return end;
}

function readError(error: Json | undefined): RunError {
  const { type, message } = isDict(error ?? null) ? (error as Dict) : {};
  return { type: text(type) || "Error", message: text(message) };
}
