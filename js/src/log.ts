/**
 * The log, as the page keeps it: a column for each thing that an event has, so that a million of
 * them stay small. Everything that is shown is folded from it (`state.ts`) or read off it
 * (`events.ts`).
 */

import type { EndItem, Frame, Json, StartItem } from "./protocol";

export type Kind = "start" | "chunk" | "end" | "error" | "cancelled" | "custom";

/** What an event has beside its text; for a chunk, all of it. */
export type Detail = StartItem | EndItem | { name: string; data: Json } | { chunk: Json };

export class Log {
  readonly kind: Kind[] = [];
  readonly run: number[] = [];
  /** Milliseconds since the log began. */
  readonly time: number[] = [];
  readonly text: string[] = [];
  /** Whether a chunk of text came as a message. */
  readonly isMessage: boolean[] = [];
  readonly detail = new Map<number, Detail>();
  /** The number of the event that began each run. */
  readonly begins: number[] = [];
  #chatModels = new Set<number>();

  get length(): number {
    return this.kind.length;
  }

  /**
   * Add a frame's events; those it repeats are skipped. False if events are missing between the
   * two: the frame is then left out, and the log is needed from `length` on.
   */
  append(frame: Frame): boolean {
    let seq = frame.seq;
    if (seq > this.length) return false;
    for (const item of frame.items) {
      if (item.kind === "chunks") {
        let at = item.at;
        for (let i = 0; i < item.run.length; i++) {
          at += item.gap[i]!;
          if (seq++ !== this.length) continue;
          const run = item.run[i]!;
          const more = item.more?.[i];
          if (more !== undefined) this.detail.set(this.length, { chunk: more });
          const isMessage = this.#chatModels.has(run) !== Boolean(item.messages?.includes(run));
          this.#push("chunk", run, at, item.text[i]!, isMessage);
        }
        continue;
      }
      if (seq++ !== this.length) continue;
      if (item.kind === "start") {
        this.begins.push(this.length);
        if (item.type === "chat_model") this.#chatModels.add(item.run);
      }
      this.detail.set(this.length, item);
      this.#push(item.kind, item.run, item.at, "", false);
    }
    return true;
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
