/** One store for each widget model: it takes frames, asks for missing ones, and tells the views. */

import { attempt } from "./clock";
import { Exporter } from "./exporter";
import { Log } from "./log";
import type { Approve, Frame, Json, Request, SavedLog, Words } from "./protocol";
import { list } from "./read";
import { Replay } from "./replay";
import { type Setup, setup } from "./setup";
import {
  fold,
  initial,
  isRunning,
  type Price,
  type RunState,
  type Status,
  status,
  type ViewState,
} from "./state";
import { turns } from "./turns";

/** Milliseconds to wait for an answer before asking again. */
const PATIENCE = 2000;
/** Milliseconds after which a run that was to stop should have. */
const STOPPED_BY = 4000;
/** The same, where nobody can tell whether the kernel hears at all. */
const HEARD_BY = 1000;

/** How the run on show is doing, as far as this page can know. */
export type Doing = Status | "stopping" | "gone";

export class Store {
  readonly setup: Setup = setup();
  readonly log = new Log();
  /** All of the log, folded; views show `state`, which a replay can hold back. */
  readonly live: ViewState = initial();
  readonly replay: Replay = new Replay(this.log, () => this.notify());
  /** What a saved notebook keeps of the log. */
  readonly saved: SavedLog = { type: "log", frames: [] };
  /** Whether the reader wants the run to end, and it has not yet. */
  isStopping = false;
  /** Whether that seems not to have been heard. */
  isUnheard = false;
  /** Whether this is a page of its own, which never had a kernel. */
  readonly isShared: boolean;
  /** Whether the kernel is gone, and with it whatever was under way. */
  isGone: boolean;
  /** What went wrong with what the reader asked for, and what else Python has to say. */
  problem = "";
  /** What a million tokens cost, where the reader said so. */
  price: () => Price = () => ({});
  /** Whether the kernel hears nothing until its cell is done; null where that cannot be told. */
  isDeaf: () => boolean | null = () => null;
  notice = "";
  /** Who takes answers that only a module knows. */
  readonly heard = new Set<(message: object) => void>();
  #listeners = new Set<() => void>();
  #ask: (message: Request) => void;
  #asked = 0;
  #heardAt: number | null = null;

  readonly exporter: Exporter;

  /** @param ask sends a request to Python. */
  constructor(ask: (message: Request) => void, isShared = false) {
    this.#ask = ask;
    this.isShared = this.isGone = isShared;
    this.exporter = new Exporter(ask);
  }

  get state(): ViewState {
    return this.replay.state ?? this.live;
  }

  /** Whether the run goes on, or has yet to begin. */
  get isRunning(): boolean {
    return !this.isGone && isRunning(this.live);
  }

  get doing(): Doing {
    const doing = status(this.state);
    if (this.replay.state || !isRunning(this.live)) return doing;
    if (this.isGone) return "gone";
    return this.isStopping ? "stopping" : doing;
  }

  /** The places of the runs on show: the one the reader has selected, or all that are turns. */
  get places(): number[] {
    const { selected } = this.setup;
    return selected === null ? turns(this.state.runs) : [selected];
  }

  /** The run on show: of several, the last. */
  get run(): RunState | undefined {
    return this.state.runs[this.places.at(-1) ?? 0];
  }

  /** Where in the log's time the views are, in milliseconds; it goes on while a run waits. */
  get now(): number {
    if (this.replay.state) return this.replay.time;
    const last = this.log.time.at(-1) ?? 0;
    const goesOn = this.live.runs[0] && isRunning(this.live);
    // A log that was opened as it was saved has no clock to go on.
    if (!goesOn || this.isGone || this.#heardAt === null) return last;
    return last + performance.now() - this.#heardAt;
  }

  /** Take a frame that comes live, or one of a log that is opened. */
  take(frame: Frame, isLive = true): void {
    const before = this.log.length;
    if (!this.log.append(frame)) {
      // Frames keep coming while the answer is under way: one question is enough.
      const now = performance.now();
      if (this.#asked === 0 || now - this.#asked > PATIENCE) {
        this.#asked = now;
        this.#ask({ type: "resync", seq: this.log.length });
      }
      return;
    }
    this.#asked = 0;
    if (this.log.length === before) return;
    if (isLive) this.#heardAt = performance.now();
    this.saved.frames.push(frame);
    fold(this.live, this.log);
    if (!this.isRunning) this.isStopping = this.isUnheard = false;
    if (!this.replay.state) this.notify();
  }

  /** Take the log as a page finds it when it opens. */
  open(log: Json | object): void {
    const found = log as Partial<Frame> | Partial<SavedLog> | null;
    if (found?.type === "frame") this.take(found as Frame, false);
    if (found?.type === "log") {
      for (const frame of list(found.frames)) this.take(frame as never, false);
    }
    // Of a run that is over one reads the beginning first.
    if (this.live.runs[0] && this.live.runs[0].end !== null) this.setup.scrolledTo = 0;
  }

  /** Ask Python to end the run; whether it hears that while it is busy depends on the kernel. */
  stop(): void {
    this.#hush();
    this.stopping();
    this.#ask({ type: "stop" });
  }

  /** Show that the run is to end, until it does. */
  stopping(): void {
    if (!this.isRunning) return;
    const isDeaf = this.isDeaf();
    this.isStopping = true;
    this.isUnheard = isDeaf === true;
    setTimeout(
      () => {
        this.isUnheard = this.isStopping;
        this.notify();
      },
      isDeaf === null ? HEARD_BY : STOPPED_BY,
    );
    this.notify();
  }

  /** Take what Python has to say, which is shown until the reader asks for something else. */
  say({ type, text }: Words): void {
    this[type] = text;
    this.notify();
  }

  /** Tell Python the reader's word on a call. */
  approve(message: Approve): void {
    this.#hush();
    this.#ask(message);
  }

  #hush(): void {
    this.problem = this.notice = "";
  }

  /** Note that the kernel is gone, or there again. */
  lose(isGone: boolean): void {
    if (this.isShared || isGone === this.isGone) return;
    this.isGone = isGone;
    this.isStopping = this.isUnheard = false;
    this.notify();
  }

  /** Ask Python for something whose answer a module takes, where it is `heard`. */
  request(message: Request): void {
    this.#hush();
    this.#ask(message);
  }

  /** Ask Python for code that is not sent with each widget. */
  askForModule(name: string): void {
    this.#ask({ type: "module", name });
  }

  /** Show one run alone, or all of them. */
  select(run: number | null): void {
    this.setup.selected = run;
    this.setup.scrolledTo = null;
    this.notify();
  }

  notify(): void {
    tell(this.#listeners);
  }

  /** Call `listener` after each change, until `signal` aborts. */
  subscribe(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener));
  }
}

/** Call all listeners, also behind one that fails. */
export function tell(listeners: Iterable<() => void>): void {
  for (const listener of listeners) attempt(listener);
}
