import type { EndItem, Frame, Item, Json, Request } from "../src/protocol";
import type { RunState } from "../src/state";
import { Store } from "../src/store";

export function frame(seq: number, ...items: Item[]): Frame {
  return { type: "frame", seq, items };
}

export function start(run = 0, more: object = {}): Item {
  return {
    kind: "start",
    at: 0,
    run,
    id: `id-${run}`,
    parent: null,
    type: "chat_model",
    name: "M",
    model: "m",
    ...more,
  };
}

/** Chunks of the first run, 10 ms apart, from 10 ms on. */
export function chunks(...text: string[]): Item {
  return {
    kind: "chunks",
    at: 100,
    run: text.map(() => 0),
    gap: text.map((_, i) => (i ? 100 : 0)),
    text,
  };
}

/** A chunk of the first run that is more than its text. */
export function more(message: Json, text = ""): Item {
  return { kind: "chunks", at: 100, run: [0], gap: [0], text: [text], more: { 0: message } };
}

/** A text with the odds of its one token: its log-probability, and what else there was. */
export function likely(text: string, logprob: number, ...others: (string | number)[]): Item {
  const odds = [[[text, logprob, ...others]]];
  return { kind: "chunks", at: 100, run: [0], gap: [0], text: [text], odds };
}

export function end(more: Partial<EndItem> = {}): Item {
  return { kind: "end", at: 300, run: 0, ...more };
}

export function thought(text: string): Item {
  return more({ type: "AIMessageChunk", content: [{ type: "thinking", thinking: text }] });
}

export function call(args: string, name: string | null = null, index = 1): Item {
  return more({ type: "AIMessageChunk", tool_call_chunks: [{ name, args, index, id: null }] });
}

/** A store that has taken some items, and what it asked of Python. */
export function storeOf(...items: Item[]): { store: Store; asked: Request[] } {
  const asked: Request[] = [];
  const store = new Store((message) => asked.push(message));
  if (items.length > 0) store.take(frame(0, ...items));
  return { store, asked };
}

export function runOf(...items: Item[]): RunState {
  return storeOf(...items).store.state.runs[0]!;
}

/** Let animation frames and what they start pass. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
}

/** For after all: a view that is left looks at its clock once more. */
export function lastLook(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 400));
}

export function press(target: Element, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event;
}
