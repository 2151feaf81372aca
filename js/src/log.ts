/**
 * The log, as the page keeps it: a column for each thing that an event has, so that a million of
 * them stay small. Everything that is shown is folded from it (`state.ts`) or read off it
 * (`events.ts`).
 */

import type { CustomItem, EndItem, Frame, Json, Odds, StartItem } from "./protocol";
import { count, type Dict, isDict, list, readEnd, readOdds, readStart, text, whole } from "./read";

/** What is not known, or not as it should be, is counted and passed over. */
export type Kind = "start" | "chunk" | "end" | "error" | "cancelled" | "custom" | "unknown";

/** What an event has beside its text; for a chunk, all of it. */
export type Detail = StartItem | EndItem | CustomItem | { chunk: Json };

export class Log {
  readonly kind: Kind[] = [];
  readonly run: number[] = [];
  /** Milliseconds since the log began. */
  readonly time: number[] = [];
  readonly text: string[] = [];
  /** Whether a chunk of text came as a message. */
  readonly isMessage: boolean[] = [];
  /** What a model thought of the tokens of a chunk, where it was asked. */
  readonly odds = new Map<number, Odds[]>();
  readonly detail = new Map<number, Detail>();
  /** The number of the event that began each run. */
  readonly begins: number[] = [];
  #chatModels = new Set<number>();

  get length(): number {
    return this.kind.length;
  }

  /**
   * Add a frame's events; those it repeats are skipped. What is no frame is passed over. False if events are missing between the
   * two: the frame is then left out, and the log is needed from `length` on.
   */
  append(frame: Frame): boolean {
    let seq = count(frame?.seq);
    if (seq === null) return true;
    if (seq > this.length) return false;
    for (const item of list(frame.items) as unknown[]) {
      if (isDict(item) && item.kind === "chunks") seq = this.#chunks(item, seq);
      else if (seq++ === this.length) this.#add(item);
    }
    return true;
  }

  #chunks(item: Dict, first: number): number {
    const { run, gap, text: said, messages: those, odds: told } = item;
    const [runs, gaps, texts, messages, odds] = [run, gap, said, those, told].map(list);
    const others = isDict(item.more) ? item.more : {};
    let seq = first;
    let at = whole(item.at);
    for (let i = 0; i < runs!.length; i++) {
      at += whole(gaps![i]);
      if (seq++ !== this.length) continue;
      const run = this.#known(runs![i]);
      if (run === null) {
        this.#push("unknown", -1, at, "", false);
        continue;
      }
      const more = others[i];
      if (odds![i]) this.odds.set(this.length, readOdds(odds![i]));
      if (more !== undefined) this.detail.set(this.length, { chunk: more });
      const isMessage = this.#chatModels.has(run) !== messages!.includes(run);
      this.#push("chunk", run, at, text(texts![i]), isMessage);
    }
    return seq;
  }

  /** Add an event that is no chunk. */
  #add(item: unknown): void {
    const detail = isDict(item) ? this.#read(item) : null;
    if (!detail) {
      this.#push("unknown", -1, (this.time.at(-1) ?? 0) * 10, "", false);
      return;
    }
    if (detail.kind === "start") {
      this.begins.push(this.length);
      if (detail.type === "chat_model") this.#chatModels.add(detail.run);
    }
    this.detail.set(this.length, detail);
    this.#push(detail.kind, detail.run, detail.at, "", false);
  }

  #read(item: Dict): StartItem | EndItem | CustomItem | null {
    const { kind } = item;
    if (kind === "start") return readStart(item, this.begins.length);
    const run = this.#known(item.run);
    if (run === null) return null;
    if (kind === "end" || kind === "cancelled" || kind === "error") return readEnd(item, kind, run);
    if (kind !== "custom") return null;
    return { kind, at: whole(item.at), run, name: text(item.name), data: item.data ?? null };
  }

  /** The number of a run that has begun, else null. */
  #known(run: unknown): number | null {
    const number = count(run);
    return number !== null && number < this.begins.length ? number : null;
  }

  #push(kind: Kind, run: number, ticks: number, text: string, isMessage: boolean): void {
    this.kind.push(kind);
    this.run.push(run);
    this.time.push(ticks / 10);
    this.text.push(text);
    this.isMessage.push(isMessage);
  }

  /** The start of a run. */
  started(run: number): StartItem {
    return this.detail.get(this.begins[run]!) as StartItem;
  }
}
