/** The table's lines, in columns, and the order in which they are shown. */

import { count, type Dict, isDict, list, text } from "../read";
import {
  type BatchFrame,
  type BatchMetrics,
  type BatchState,
  type LineStatus,
  NUMBERS,
  type NumberName,
  STATES,
  STATUSES,
} from "./protocol";

/** Characters kept of a text's beginning, and of its end: a row has no room for more. */
export const KEPT = 240;
/** The order of statuses where failures come first. */
const FIRST: LineStatus[] = ["failed", "stopped", "running", "waiting", "done", "kept"];
const RANKS = STATUSES.map((status) => FIRST.indexOf(status));
const NOTHING: BatchMetrics = {
  total: null,
  elapsed: 0,
  eta: null,
  per_minute: null,
  tokens_per_second: null,
  tokens: 0,
  cost: null,
};

export type SortName = "index" | "status" | "input" | "text" | "took" | NumberName;

/** How the reader wants the lines. */
export interface Wanted {
  sort: SortName;
  isDescending: boolean;
  status: LineStatus | null;
  kind: string | null;
  search: string;
}

type Column = (number | null)[];

export class Lines {
  /** The version up to which all is known. */
  version = 0;
  state: BatchState = "waiting";
  note = "";
  metrics: BatchMetrics = NOTHING;
  readonly status: number[] = [];
  readonly inputs: string[] = [];
  /** Of each text the beginning, the end where it is longer, and how long it is. */
  readonly heads: string[] = [];
  readonly tails: string[] = [];
  readonly lengths: number[] = [];
  readonly kinds = new Map<number, string>();
  readonly messages = new Map<number, string>();
  readonly numbers = Object.fromEntries(NUMBERS.map((name) => [name, []])) as unknown as {
    [name in NumberName]: Column;
  };

  get length(): number {
    return this.status.length;
  }

  statusOf(index: number): LineStatus {
    return STATUSES[this.status[index] ?? 0]!;
  }

  /** Seconds that a line's run took; null while it goes on. */
  took(index: number): number | null {
    const { started, ended } = this.numbers;
    const begin = started[index] ?? null;
    const end = ended[index] ?? null;
    return begin === null || end === null ? null : end - begin;
  }

  /** Seconds until a line's first token. */
  wait(index: number): number | null {
    const { started, first } = this.numbers;
    const begin = started[index] ?? null;
    const then = first[index] ?? null;
    return begin === null || then === null ? null : then - begin;
  }

  /** What of a text a row shows: its beginning or, while it grows, its end. */
  shown(index: number): string {
    const error = this.messages.get(index);
    if (error !== undefined) return `${this.kinds.get(index)}: ${error}`;
    const length = this.lengths[index] ?? 0;
    if (this.statusOf(index) === "running" && length > KEPT) return this.tails[index]!;
    return this.heads[index] ?? "";
  }

  /** How many lines there are of each status. */
  counts(): { [status in LineStatus]: number } {
    const counts = STATUSES.map(() => 0);
    for (const code of this.status) counts[code]!++;
    return Object.fromEntries(STATUSES.map((status, code) => [status, counts[code]])) as never;
  }

  /** The kinds of failures, the most frequent first. */
  failures(): [kind: string, count: number][] {
    const found = new Map<string, number>();
    for (const [index, kind] of this.kinds) {
      if (this.statusOf(index) === "failed") found.set(kind, (found.get(kind) ?? 0) + 1);
    }
    return [...found].sort((a, b) => b[1] - a[1]);
  }

  /** Take what changed. Returns false where something before it is missing. */
  take(frame: BatchFrame | Dict): boolean {
    const since = count(frame.since) ?? 0;
    const version = count(frame.version) ?? 0;
    if (since > this.version) return false;
    if (version < this.version) return true; // all of it is here
    this.version = version;
    if (STATES.includes(frame.state as BatchState)) this.state = frame.state as BatchState;
    this.note = text(frame.note);
    if (isDict(frame.metrics)) this.metrics = { ...NOTHING, ...numbersOf(frame.metrics) };
    this.#takeColumns(frame as Dict);
    const inputs = isDict(frame.inputs) ? frame.inputs : {};
    const said = list(inputs.text);
    list(inputs.index).forEach((at, i) => {
      const index = this.#place(at);
      if (index !== null) this.inputs[index] = text(said[i]);
    });
    this.#takeTexts(isDict(frame.texts) ? frame.texts : {});
    const errors = isDict(frame.errors) ? frame.errors : {};
    const [kinds, messages] = [list(errors.kind), list(errors.message)];
    list(errors.index).forEach((at, i) => {
      const index = this.#place(at);
      if (index === null) return;
      this.kinds.set(index, text(kinds[i]) || "Error");
      this.messages.set(index, text(messages[i]));
    });
    return true;
  }

  #takeColumns(frame: Dict): void {
    const statuses = list(frame.status);
    const columns = isDict(frame.columns) ? frame.columns : {};
    const named = NUMBERS.map((name) => [name, list(columns[name])] as const);
    list(frame.index).forEach((at, i) => {
      const index = count(at);
      if (index === null || index > this.length) return; // lines come in order
      const code = count(statuses[i]) ?? 0;
      if (index === this.length) this.#add();
      const { started } = this.numbers;
      const before = started[index];
      this.status[index] = code < STATUSES.length ? code : 0;
      for (const [name, values] of named) {
        if (values.length > i) this.numbers[name][index] = numberOf(values[i]);
      }
      if (started[index] !== before) this.#forget(index);
      const is = this.statusOf(index);
      if (is !== "failed" && is !== "stopped") {
        this.kinds.delete(index);
        this.messages.delete(index);
      }
    });
  }

  #add(): void {
    this.status.push(0);
    this.inputs.push("");
    this.heads.push("");
    this.tails.push("");
    this.lengths.push(0);
    for (const name of NUMBERS) this.numbers[name].push(null);
  }

  /** A line that is run again begins anew. */
  #forget(index: number): void {
    this.heads[index] = this.tails[index] = "";
    this.lengths[index] = 0;
  }

  #takeTexts(texts: Dict): void {
    const [begins, ends, added] = [list(texts.at), list(texts.to), list(texts.text)];
    list(texts.index).forEach((at, i) => {
      const index = this.#place(at);
      const begin = count(begins[i]) ?? 0;
      const end = count(ends[i]) ?? begin;
      if (index !== null) this.#append(index, begin, end, text(added[i]));
    });
  }

  /** Take a stretch of a text. Some of it may be known; of a long one the middle is not sent. */
  #append(index: number, begin: number, end: number, added: string): void {
    const head = this.heads[index]!;
    const known = this.lengths[index]!;
    // Python counts characters, where a script counts halves of some.
    const from = (at: number) => (at > begin ? [...added].slice(at - begin).join("") : added);
    const headed = lengthOf(head);
    if (headed < KEPT && begin <= headed && end > headed) {
      this.heads[index] = first(head + from(headed));
    }
    if (end <= known) return;
    const tail = begin > known ? added : this.tails[index] + from(known);
    this.tails[index] = tail.length > 2 * KEPT ? [...tail].slice(-KEPT).join("") : tail;
    this.lengths[index] = end;
  }

  #place(at: unknown): number | null {
    const index = count(at);
    return index !== null && index < this.length ? index : null;
  }

  /** The numbers of the lines to show, in order. */
  order(wanted: Wanted): number[] {
    const { status, kind } = wanted;
    const search = wanted.search.trim().toLowerCase();
    const code = status === null ? -1 : STATUSES.indexOf(status);
    const shown: number[] = [];
    for (let index = 0; index < this.length; index++) {
      if (code >= 0 && this.status[index] !== code) continue;
      if (kind !== null && this.kinds.get(index) !== kind) continue;
      if (search && !this.#has(index, search)) continue;
      shown.push(index);
    }
    return this.#sort(shown, wanted);
  }

  #has(index: number, search: string): boolean {
    const texts = [
      this.inputs[index],
      this.heads[index],
      this.tails[index],
      this.kinds.get(index),
      this.messages.get(index),
    ];
    return texts.some((one) => one?.toLowerCase().includes(search)) || String(index) === search;
  }

  #sort(shown: number[], { sort, isDescending }: Wanted): number[] {
    if (sort === "index") return isDescending ? shown.reverse() : shown;
    const sign = isDescending ? -1 : 1;
    const key = this.#keyOf(sort);
    // Once each, not once for each comparison; what is not known comes last, either way.
    const keys = new Map(shown.map((index) => [index, key(index)]));
    return shown.sort((a, b) => {
      const [left, right] = [keys.get(a) ?? null, keys.get(b) ?? null];
      if (left === right) return a - b;
      if (left === null) return 1;
      if (right === null) return -1;
      return left < right ? -sign : sign;
    });
  }

  #keyOf(sort: SortName): (index: number) => number | string | null {
    if (sort === "status") return (index) => RANKS[this.status[index]!]!;
    if (sort === "input") return (index) => this.inputs[index] ?? "";
    if (sort === "text") return (index) => this.shown(index);
    if (sort === "took") return (index) => this.took(index);
    if (sort === "first") return (index) => this.wait(index);
    if (sort === "index") return (index) => index;
    return (index) => this.numbers[sort][index] ?? null;
  }

  /** All there is, as one frame. */
  frame(): BatchFrame {
    const index = this.status.map((_, i) => i);
    const texts: BatchFrame["texts"] = { index: [], at: [], to: [], text: [] };
    const add = (i: number, at: number, to: number, text: string) => {
      texts.index.push(i);
      texts.at.push(at);
      texts.to.push(to);
      texts.text.push(text);
    };
    for (const i of index) {
      const length = this.lengths[i]!;
      const tail = this.tails[i]!;
      const headed = lengthOf(this.heads[i]!);
      if (headed > 0) add(i, 0, headed, this.heads[i]!);
      if (headed < length) add(i, length - lengthOf(tail), length, tail);
    }
    const failed = [...this.kinds.keys()];
    return {
      type: "batch",
      since: 0,
      version: this.version,
      state: this.state,
      note: this.note,
      index,
      status: [...this.status],
      columns: this.numbers,
      inputs: { index, text: this.inputs },
      texts,
      errors: {
        index: failed,
        kind: failed.map((i) => this.kinds.get(i)!),
        message: failed.map((i) => this.messages.get(i)!),
      },
      metrics: this.metrics,
    };
  }
}

function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** The beginning of a text. */
function first(text: string): string {
  return text.length > KEPT ? [...text.slice(0, 2 * KEPT)].slice(0, KEPT).join("") : text;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function numbersOf(metrics: object): Partial<BatchMetrics> {
  const known = Object.entries(metrics).filter(
    ([name, value]) => name in NOTHING && numberOf(value) !== null,
  );
  return Object.fromEntries(known);
}
