/**
 * A run as a conversation: what was asked, and turn by turn what was thought, said and called.
 * `nbstream/events/_entries.py` is its twin.
 *
 * Texts are not copied: an entry names the run and the stretch of its chunks. So it can be made anew
 * for each frame, and the work does not grow with the texts.
 */

import type { Json } from "../protocol";
import { type Dict, isDict, text } from "../read";
import { endingOf, type RunState } from "../state";
import { type Prompt, promptsOf, resultsOf } from "./asked";
import { type Call, imagesIn, type Part, partsOf, type Source, textCall } from "./parts";

/** What one run said: a model or, where it has no model inside, an outermost run. */
export interface Turn {
  kind: "turn";
  run: number;
  parts: Part[];
  sources: Source[];
  /** Why it ended before its time. */
  note: string | null;
  /** Whether its error is told here. */
  error: boolean;
}

export type Entry = Prompt | Turn | Call;

/** Calls inside calls that are shown inside of these; what lies deeper is beside them. */
const MAX_DEPTH = 5;

/** Calls of one tool, at most, among which the one is looked for that has a run's arguments. */
const MAX_ALIKE = 16;

const isTool = ({ type }: RunState) => type === "tool" || type === "retriever";
const isModel = ({ type }: RunState) => type === "chat_model";

/**
 * What there is to read of a log, in order. Each outermost run has its prompt, then the turns of the
 * models in it, each with its calls and, in these, what the tools gave; then what the run adds to
 * that. A tool's result is found by its call's id or, without one, by its name and place.
 */
export function entries(runs: readonly RunState[]): Entry[] {
  return new Reading(runs).read();
}

class Reading {
  #runs: readonly RunState[];
  /** By outermost run. */
  #tops = new Map<number, Entry[]>();
  /** Those that have a turn, by outermost run. */
  #models = new Map<number, number[]>();
  /** The first model inside an outermost run. */
  #first = new Map<number, number>();
  /** Those told inside an outermost run. */
  #errors = new Map<number, Set<string>>();
  #roots: number[] = [];
  /** Where what lies in a run goes. */
  #homes: Entry[][] = [];
  /** The call that a run lies in. */
  #calls: (Call | null)[] = [];
  #depths: number[] = [];
  /** Whether a run is, or lies in, a model that has a turn. */
  #told: boolean[] = [];
  #all: Call[] = [];
  /** Who was the first to ask for a call, by its id. */
  #askers = new Map<string, number>();
  /** Calls without a run. */
  #open = new Map<string, Queue>();
  #turns: Turn[] = [];

  constructor(runs: readonly RunState[]) {
    this.#runs = runs;
  }

  read(): Entry[] {
    const outer = withModelsInside(this.#runs);
    this.#runs.forEach((run, at) => {
      this.#enter(at, run);
      if (isTool(run)) this.#tool(at, run);
      else if (isModel(run) && !this.#told[at]) {
        const root = this.#roots[at]!;
        if (!this.#first.has(root)) this.#first.set(root, at);
        if (!outer.has(at) || says(run)) {
          this.#told[at] = true;
          this.#models.get(root)!.push(at);
          this.#homes[at]!.push(this.#turn(at, run));
          this.#noteError(at, run);
        }
      }
      if (run.customs.length > 0) this.#calls[at]?.tells.push(at);
    });
    for (const root of this.#tops.keys()) this.#root(root);
    this.#results();
    this.#notes();
    return [...this.#tops.values()].flat();
  }

  #enter(at: number, { parent }: RunState): void {
    if (parent === null) {
      const top: Entry[] = [];
      this.#tops.set(at, top);
      this.#models.set(at, []);
      this.#errors.set(at, new Set());
      this.#roots.push(at);
      this.#homes.push(top);
      this.#calls.push(null);
      this.#depths.push(0);
      this.#told.push(false);
      return;
    }
    this.#roots.push(this.#roots[parent]!);
    this.#homes.push(this.#homes[parent]!);
    this.#calls.push(this.#calls[parent]!);
    this.#depths.push(this.#depths[parent]!);
    this.#told.push(this.#told[parent]!);
  }

  #tool(at: number, run: RunState): void {
    let call = this.#askedFor(run);
    if (!call) {
      call = textCall(run);
      this.#homes[at]!.push(call);
    }
    call.tool = at;
    call.images = imagesIn(isDict(run.output) ? run.output.content : run.output);
    this.#noteError(at, run);
    this.#calls[at] = call;
    this.#told[at] = false;
    this.#depths[at]!++;
    if (this.#depths[at]! <= MAX_DEPTH) this.#homes[at] = call.inside;
  }

  /** The call that a tool's run answers, which is then no longer open. */
  #askedFor(run: RunState): Call | null {
    const id = callId(run);
    const call = run.parent === null ? null : this.#calls[run.parent]!;
    return (id && this.#take(`#${id}`)) || this.#take(`${call?.tool ?? ""}/${run.name}`, run);
  }

  #take(key: string, run?: RunState): Call | null {
    const waiting = this.#open.get(key);
    if (!waiting) return null;
    // Of several calls of one tool it is the one with these arguments.
    const given = run && waiting.isLong ? givenTo(run) : null;
    return waiting.next(given === null ? null : (call) => this.#arguments(call) === given);
  }

  #arguments({ model, aside }: Call): string | null {
    if (model === null || aside === null) return null;
    const { pieces } = this.#runs[model]!.asides[aside]!;
    const known = written.get(pieces);
    if (known?.count === pieces.length) return known.args;
    const args = sortedJson(pieces.join(""));
    written.set(pieces, { count: pieces.length, args });
    return args;
  }

  #turn(at: number, run: RunState, speaks = true): Turn {
    const { parts, sources } = speaks ? partsOf(at, run) : { parts: [], sources: [] };
    const turn: Turn = {
      ...{ kind: "turn", run: at, parts, sources },
      ...{ note: null, error: run.error !== null },
    };
    this.#turns.push(turn);
    const scope = this.#calls[at]?.tool ?? "";
    for (const part of parts) {
      if (part.kind !== "call") continue;
      this.#all.push(part);
      if (part.id) {
        queue(this.#open, `#${part.id}`, part);
        if (!this.#askers.has(part.id)) this.#askers.set(part.id, at);
      }
      queue(this.#open, `${scope}/${part.name}`, part);
    }
    return turn;
  }

  #noteError(at: number, { error }: RunState): void {
    if (error) this.#errors.get(this.#roots[at]!)!.add(`${error.type}: ${error.message}`);
  }

  /** Put the prompt before what lies in an outermost run, and behind it what it adds. */
  #root(at: number): void {
    const run = this.#runs[at]!;
    if (isTool(run)) return;
    const inside = this.#tops.get(at)!;
    const first = this.#first.get(at) ?? null;
    const isFirst = this.#tops.keys().next().value === at;
    const asked = promptsOf(this.#runs, at, first, isFirst);
    const adds = !this.#told[at] && this.#adds(at, run);
    if (adds || this.#isOwn(at, run)) {
      const turn = this.#turn(at, run, adds);
      turn.parts = turn.parts.filter((part) => {
        return part.kind !== "call" || !part.id || this.#askers.get(part.id) === at;
      });
      turn.error = this.#isOwn(at, run);
      inside.push(turn);
    }
    inside.unshift(...asked);
  }

  #isOwn(at: number, { error }: RunState): boolean {
    return error !== null && !this.#errors.get(at)!.has(`${error.type}: ${error.message}`);
  }

  /** Whether an outermost run has more to say than what lies in it. */
  #adds(at: number, run: RunState): boolean {
    if (this.#tops.get(at)!.length === 0) return true;
    const models = this.#models.get(at)!.map((one) => this.#runs[one]!);
    // A value is no text: the timeline has it.
    if (run.values || run.texts.length === 0) return false;
    if (run.at_once && !isText(run.output)) return false;
    if (models.length === 0) return true;
    if (run.end === null) {
      // What it passes on has been said before, but for the space between two answers.
      const said = models.reduce((all, model) => all + lengthOf(model), 0);
      return lengthOf(run) > said + 4 * models.length;
    }
    return differs(run, models);
  }

  /** Take what tools gave that were run outside the log, from what the next model was sent. */
  #results(): void {
    const waiting = new Map<string, Queue>();
    for (const call of this.#all) {
      if (call.tool === null && call.id) queue(waiting, call.id, call);
    }
    if (waiting.size === 0) return;
    for (const run of this.#runs) {
      if (!isModel(run)) continue;
      for (const { id, text, failed } of resultsOf(run.input)) {
        const call = waiting.get(id)?.next();
        if (call) Object.assign(call, { result: text, failed });
      }
    }
  }

  #notes(): void {
    this.#turns.forEach((turn, at) => {
      // The models inside have said why.
      if (this.#models.get(turn.run)?.some((model) => model !== turn.run)) return;
      const { stop } = this.#runs[turn.run]!;
      // A pause that was followed by an answer is over.
      const isOver = stop === "pause_turn" && at < this.#turns.length - 1;
      turn.note = isOver ? null : endingOf(stop);
    });
  }
}

/** Calls without a run; first come, first taken. */
class Queue {
  #calls: Call[] = [];
  #at = 0;

  add(call: Call): void {
    this.#calls.push(call);
  }

  /** Whether there are several to choose from. */
  get isLong(): boolean {
    return this.#calls.length - this.#at > 1;
  }

  /** Take the first that is meant or, if none is, the first one. */
  next(isMeant: ((call: Call) => boolean) | null = null): Call | null {
    const calls = this.#calls;
    // One is under its id and under its name.
    while (this.#at < calls.length && calls[this.#at]!.tool !== null) this.#at++;
    const end = Math.min(calls.length, this.#at + MAX_ALIKE);
    for (let i = this.#at; isMeant && i < end; i++) {
      if (calls[i]!.tool === null && isMeant(calls[i]!)) return calls.splice(i, 1)[0]!;
    }
    return calls[this.#at++] ?? null;
  }
}

/** The arguments of calls, in one order, as far as they were written. */
const written = new WeakMap<string[], { count: number; args: string | null }>();
const given = new WeakMap<object, string | null>();

function givenTo({ input }: RunState): string | null {
  const args = isCall(input) ? input.args! : input;
  if (typeof args !== "object" || args === null) return null;
  if (!given.has(args)) given.set(args, sortedJson(args));
  return given.get(args)!;
}

/** A value as JSON with its keys in order; null where that cannot be. */
function sortedJson(value: Json): string | null {
  try {
    const read = typeof value === "string" ? JSON.parse(value) : value;
    return JSON.stringify(read, (_, one) => {
      return isDict(one) ? Object.fromEntries(Object.entries(one).sort()) : one;
    });
  } catch {
    return null; // not all of it, or too deep
  }
}

function queue(queues: Map<string, Queue>, key: string, call: Call): void {
  if (!queues.has(key)) queues.set(key, new Queue());
  queues.get(key)!.add(call);
}

/** The models that have another one inside: a library's, with its request. */
function withModelsInside(runs: readonly RunState[]): Set<number> {
  const above: (number | null)[] = [];
  const found = new Set<number>();
  for (const run of runs) {
    let model: number | null = null;
    if (run.parent !== null && !isTool(runs[run.parent]!)) {
      model = isModel(runs[run.parent]!) ? run.parent : above[run.parent]!;
    }
    above.push(model);
    if (model !== null && isModel(run)) found.add(model);
  }
  return found;
}

function says({ texts, asides, blocks, error }: RunState): boolean {
  return texts.length > 0 || asides.length > 0 || blocks.length > 0 || error !== null;
}

function isText(output: Json): boolean {
  return typeof output === "string" || (isDict(output) && "content" in output);
}

/** How many texts were counted, and their characters. */
const lengths = new WeakMap<RunState, [number, number]>();

function lengthOf(run: RunState): number {
  const [counted, before] = lengths.get(run) ?? [0, 0];
  let characters = before;
  for (let i = counted; i < run.texts.length; i++) characters += run.texts[i]!.length;
  lengths.set(run, [run.texts.length, characters]);
  return characters;
}

/** Of runs that are over: by how many models that are over, too, and what came of it. */
const compared = new WeakMap<RunState, [number, boolean]>();

function differs(run: RunState, models: RunState[]): boolean {
  const over = models.filter(({ end }) => end !== null).length;
  const known = compared.get(run);
  if (known && known[0] === over) return known[1];
  const own = squeezed(run);
  const said = models.map(squeezed);
  const whole = said.join("");
  const isSaid = own === whole || said.includes(own);
  const isNew = !isSaid && (run.status === "done" || !whole.includes(own));
  compared.set(run, [over, isNew]);
  return isNew;
}

function squeezed({ texts }: RunState): string {
  return texts.join("").replace(/[ \t\r\n]+/g, "");
}

function isCall(input: Json): input is Dict {
  return isDict(input) && "args" in input && "name" in input;
}

/** The id of the call that a tool answers, as far as its run tells. */
function callId({ input, output, metadata }: RunState): string {
  const given = isCall(input) && typeof input.id === "string" ? input.id : null;
  const gave = isDict(output) && typeof output.tool_call_id === "string" && output.tool_call_id;
  return given ?? (gave || text(metadata.tool_call_id));
}
