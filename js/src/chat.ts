/** The chat widget's store: the turns of a conversation, each with a store of its own. */

import { Exporter } from "./exporter";
import type { Frame, ImageUrl, Json, Request, Words } from "./protocol";
import { count, dicts, list, text } from "./read";
import { metrics, type Price } from "./state";
import { Store, tell } from "./store";

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
  | { type: "tree"; turns: { id: number; parent: number | null }[]; leaf: number | null }
  | { type: "cleared" }
  | Words;

/** Milliseconds in which Python should have heard of a prompt. */
const HEARD_BY = 5000;
const UNHEARD = "The kernel does not answer: it is busy, or it is no longer there.";

export class ChatStore {
  readonly turns = new Map<number, Turn>();
  readonly saved: SavedChat = { type: "chat", turns: [], leaf: null };
  leaf: number | null = null;
  /** What went wrong with the last thing the reader asked for, and what else there is to say. */
  problem = "";
  notice = "";
  /** Whether the kernel is gone. */
  isGone: boolean;
  /** Whether this is a page of its own, which never had a kernel. */
  readonly isShared: boolean;
  readonly exporter: Exporter;
  // For the view that takes the place of this one: what the reader is writing, and where they are.
  draft: { text: string; images: ImageUrl[] } = { text: "", images: [] };
  focus: Place | null = null;
  scrolledTo: number | null = null;
  /** Whether Python has not yet said what it makes of the draft. */
  isSent = false;
  #ask: (message: Request | ChatRequest) => void;
  #listeners = new Set<() => void>();
  #patience = 0;

  constructor(ask: (message: Request | ChatRequest) => void, isShared = false) {
    this.#ask = ask;
    this.isShared = this.isGone = isShared;
    this.exporter = new Exporter(ask);
  }

  /** Take all turns, as a page finds them when it opens. */
  open(log: object): void {
    const found = log as Partial<SavedChat> | null;
    if (found?.type !== "chat") return;
    for (const turn of dicts(found.turns)) this.#add(turn);
    this.#setLeaf(found.leaf ?? null);
    this.notify();
  }

  take(message: ChatAnswer): void {
    if (message.type === "turn") {
      this.problem = "";
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
    } else if (message.type === "tree") {
      this.#grow(message.turns);
      this.#setLeaf(message.leaf);
    } else if (message.type === "cleared") {
      this.problem = "";
      this.#grow([]);
      this.#setLeaf(null);
    } else if (message.type === "problem" || message.type === "notice") {
      this[message.type] = message.text;
      if (message.type === "problem") this.isSent = false;
    }
    this.notify();
  }

  /** Send the draft, if there is something in it and nothing under way. */
  send(): void {
    const { text, images } = this.draft;
    if (this.isRunning || this.isSent || this.isGone || (!text.trim() && images.length === 0))
      return;
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
    this.problem = this.notice = "";
    this.#ask(message);
    this.notify();
  }

  /** Ask for the end of the answer that is under way. */
  stop(): void {
    this.#last?.store.stopping();
    this.ask({ type: "stop" });
  }

  /** Note that the kernel is gone, or there again. */
  lose(isGone: boolean): void {
    if (this.isShared || isGone === this.isGone) return;
    this.isGone = isGone;
    if (isGone) this.isSent = false;
    for (const { store } of this.turns.values()) store.lose(isGone);
    this.notify();
  }

  /** The turns on show, the first one first. */
  get path(): Turn[] {
    const path = new Set<Turn>();
    for (let turn = this.#last; turn && !path.has(turn); ) {
      path.add(turn);
      turn = turn.parent === null ? undefined : this.turns.get(turn.parent);
    }
    return [...path].reverse();
  }

  get #last(): Turn | undefined {
    return this.leaf === null ? undefined : this.turns.get(this.leaf);
  }

  /** The turns that could stand where this one does, itself among them. */
  alternatives(turn: Turn): Turn[] {
    return [...this.turns.values()].filter((other) => other.parent === turn.parent);
  }

  get isRunning(): boolean {
    return this.#last?.store.isRunning ?? false;
  }

  get isStopping(): boolean {
    return this.#last?.store.isStopping ?? false;
  }

  /** Tokens of all turns, and what they cost. */
  usage(price?: Price): { input: number; output: number; cost: number | null; by: string | null } {
    const total = { input: 0, output: 0, cost: 0 as number | null, by: null as string | null };
    for (const { store } of this.turns.values()) {
      const { input_tokens, output_tokens, cost, priced_by } = metrics(store.live, null, price);
      if (input_tokens === null) continue;
      total.input += input_tokens;
      total.output += output_tokens ?? 0;
      total.cost = cost === null || total.cost === null ? null : total.cost + cost;
      total.by = priced_by;
    }
    return total;
  }

  notify(): void {
    tell(this.#listeners);
  }

  subscribe(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener));
  }

  #add(item: TurnItem | { [key: string]: Json }): void {
    const id = count(item.id);
    if (id === null || this.turns.has(id)) return;
    const turn = {
      id,
      parent: count(item.parent),
      text: text(item.text),
      // From the prompt itself: nothing is fetched from elsewhere.
      images: list(item.images).filter(isOwnImage),
    };
    const ask = (message: Request) => this.#ask(Object.assign({ turn: id }, message));
    const store = new Store(ask, this.isShared);
    store.lose(this.isGone);
    for (const frame of dicts(item.frames)) store.take(frame as unknown as Frame, false);
    this.turns.set(id, { ...turn, store, editing: null });
    this.saved.turns.push({ ...turn, frames: store.saved.frames });
    store.subscribe(() => this.notify(), new AbortController().signal);
  }

  /** Forget the turns that are not in the tree, and put the others where they are now. */
  #grow(tree: unknown): void {
    const parents = new Map(dicts(tree).map(({ id, parent }) => [count(id), count(parent)]));
    for (const id of this.turns.keys()) if (!parents.has(id)) this.turns.delete(id);
    for (const turn of this.turns.values()) turn.parent = parents.get(turn.id) ?? null;
    const kept = this.saved.turns.filter(({ id }) => this.turns.has(id));
    for (const item of kept) item.parent = this.turns.get(item.id)!.parent;
    this.saved.turns.splice(0, Infinity, ...kept);
  }

  #setLeaf(leaf: unknown): void {
    this.leaf = count(leaf);
    this.saved.leaf = this.leaf;
  }
}

function isOwnImage(url: Json): url is ImageUrl {
  return text(url).startsWith("data:image/");
}
