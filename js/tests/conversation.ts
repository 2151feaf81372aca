/** A conversation's store, and what it asked of Python. */

import { afterAll, afterEach, beforeEach, vi } from "vitest";
import { type ChatRequest, ChatStore, type TurnItem } from "../src/chat";
import type { Frame, Request } from "../src/protocol";
import { chunks, end, frame, lastLook, start } from "./helpers";

export const URL = "data:image/png;base64,iVBORw0KGgo=";

type Asked = (Request | ChatRequest) & { turn?: number };

export let asked: Asked[];
export let chat: ChatStore;
export let leave: AbortController;

export function answer(...text: string[]): Frame {
  return frame(0, start(), chunks(...text), end());
}

export function item(id: number, parent: number | null, more: Partial<TurnItem> = {}): TurnItem {
  return {
    id,
    parent,
    text: `prompt ${id}`,
    images: [],
    frames: [answer(`answer ${id}`)],
    ...more,
  };
}

/** Let Python say that a turn has begun; without frames it is under way. */
export function turn(id: number, parent: number | null, more: Partial<TurnItem> = {}): void {
  chat.take({ type: "turn", turn: item(id, parent, more) });
}

export function texts(): string[] {
  return chat.path.map(({ text }) => text);
}

beforeEach(() => {
  asked = [];
  chat = new ChatStore((message) => asked.push(message));
  leave = new AbortController();
});

afterAll(lastLook);

afterEach(() => {
  leave.abort();
  document.body.replaceChildren();
  vi.useRealTimers();
});
