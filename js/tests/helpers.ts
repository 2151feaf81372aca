import type { Frame, Item } from "../src/protocol";
import type { Setup } from "../src/store";

export function frame(seq: number, ...items: Item[]): Frame {
  return { type: "frame", seq, items };
}

export function start(run = 0, more: object = {}): Item {
  return {
    kind: "start",
    at: 0,
    run,
    parent: null,
    type: "chat_model",
    name: "M",
    model: "m",
    ...more,
  };
}

export function chunks(...text: string[]): Item {
  return {
    kind: "chunks",
    at: 100,
    run: text.map(() => 0),
    gap: text.map((_, i) => (i ? 100 : 0)),
    text,
  };
}

/** Let animation frames and what they start pass. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
}

export function setup(): Setup {
  return { marked: null, stepsOpen: false, scrolledTo: null };
}
