/** The chat widget's store: the turns of a conversation, each with a store of its own. */

import type { Frame, ImageUrl, Request } from "./protocol";
import { isRunning, metrics } from "./state";
import { Store } from "./store";

export interface Turn {
  id: number;
  parent: number | null;
  text: string;
  images: ImageUrl[];
  store: Store;
  /** What the reader is making of the prompt, while they do. */
  editing: string | null;
}

/** Where in a conversation the reader's keyboard is. */
export interface Place {
  /** Which of the turns on show; -1 for what is around them. */
  turn: number;
  /** Which of what can be focused there. */
  at: number;
  el: HTMLElement;
}

/** A turn as it comes over the wire, and as a saved notebook keeps it. */
export interface TurnItem extends Omit<Turn, "store" | "editing"> {
  frames?: Frame[];
}

export interface SavedChat {
  type: "chat";
  turns: TurnItem[];
  leaf: number | null;
}

export type ChatRequest =
  | { type: "send"; text: string; images: ImageUrl[] }
  | { type: "stop" }
  | { type: "clear" }
  | { type: "retry" | "switch"; turn: number }
  | { type: "edit"; turn: number; text: string };

export type ChatAnswer =
  | { type: "turn"; turn: TurnItem }
  | { type: "leaf"; turn: number | null }
  | { type: "cleared" }
  | { type: "problem"; text: string };

/** Milliseconds in which Python should have heard of a prompt. */
const HEARD_BY = 5000;
const UNHEARD = "The kernel does not answer: it is busy, or it is no longer there.";

export class ChatStore {
  readonly turns = new Map<number, Turn>();
  readonly saved: SavedChat = { type: "chat", turns: [], leaf: null };
  leaf: number | null = null;
  /** What went wrong with the last thing the reader asked for. */
  problem = "";
  // For the view that takes the place of this one: what the reader is writing, and where they are.
  draft: { text: string; images: ImageUrl[] } = { text: "", images: [] };
  focus: Place | null = null;
  scrolledTo: number | null = null;
  /** Whether Python has not yet said what it makes of the draft. */
  isSent = false;
  #ask: (message: Request | ChatRequest) => void;
  #listeners = new Set<() => void>();
  #patience = 0;

  constructor(ask: (message: Request | ChatRequest) => void) {
    this.#ask = ask;
  }

  /** Take all turns, as a page finds them when it opens. */
  open(log: object): void {
    const found = log as Partial<SavedChat>;
    if (found.type !== "chat") return;
    for (const turn of found.turns ?? []) this.#add(turn);
    this.#setLeaf(found.leaf ?? null);
  }

  take(message: ChatAnswer): void {
    this.problem = "";
    if (message.type === "turn") {
      // Only when Python has the prompt is it safe to forget it here.
      if (this.isSent && message.turn.text.trim() === this.draft.text.trim()) {
        this.draft = { text: "", images: [] };
      }
      this.isSent = false;
      this.scrolledTo = null;
      this.#add(message.turn);
      this.#setLeaf(message.turn.id);
    } else if (message.type === "leaf") {
      this.#setLeaf(message.turn);
    } else if (message.type === "cleared") {
      this.turns.clear();
      this.saved.turns.length = 0;
      this.#setLeaf(null);
    } else {
      this.problem = message.text;
      this.isSent = false;
    }
    this.notify();
  }

  /** Send the draft, if there is something in it and nothing under way. */
  send(): void {
    const { text, images } = this.draft;
    if (this.isRunning || this.isSent || (!text.trim() && images.length === 0)) return;
    this.isSent = true;
    this.ask({ type: "send", text, images });
    clearTimeout(this.#patience);
    this.#patience = window.setTimeout(() => {
      if (!this.isSent) return;
      this.isSent = false;
      this.problem = UNHEARD;
      this.notify();
    }, HEARD_BY);
  }

  ask(message: ChatRequest): void {
    this.problem = "";
    this.#ask(message);
    this.notify();
  }

  /** The turns on show, the first one first. */
  get path(): Turn[] {
    const path: Turn[] = [];
    for (let at = this.leaf; at !== null; ) {
      const turn = this.turns.get(at);
      if (!turn) break;
      path.unshift(turn);
      at = turn.parent;
    }
    return path;
  }

  /** The turns that could stand where this one does, itself among them. */
  alternatives(turn: Turn): Turn[] {
    return [...this.turns.values()].filter((other) => other.parent === turn.parent);
  }

  get isRunning(): boolean {
    const turn = this.leaf === null ? undefined : this.turns.get(this.leaf);
    return turn !== undefined && isRunning(turn.store.live);
  }

  /** Tokens of all turns. */
  get usage(): { input: number; output: number } {
    const total = { input: 0, output: 0 };
    for (const { store } of this.turns.values()) {
      const { input_tokens, output_tokens } = metrics(store.live);
      total.input += input_tokens ?? 0;
      total.output += output_tokens ?? 0;
    }
    return total;
  }

  notify(): void {
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener));
  }

  #add({ frames, ...item }: TurnItem): void {
    if (this.turns.has(item.id)) return;
    const store = new Store((message) => this.#ask(Object.assign({ turn: item.id }, message)));
    for (const frame of frames ?? []) store.take(frame, false);
    this.turns.set(item.id, { ...item, store, editing: null });
    this.saved.turns.push({ ...item, frames: store.saved.frames });
    store.subscribe(() => this.notify(), new AbortController().signal);
  }

  #setLeaf(leaf: number | null): void {
    this.leaf = leaf;
    this.saved.leaf = leaf;
  }
}
