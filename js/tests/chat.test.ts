import { describe, expect, it, vi } from "vitest";
import { ChatStore } from "../src/chat";
import { asked, chat, item, leave, texts, turn, URL } from "./conversation";
import { chunks, end, frame, start } from "./helpers";

describe("the store", () => {
  it("keeps turns as a tree, of which one branch is on show", () => {
    turn(0, null);
    turn(1, 0);
    turn(2, 0);
    expect(texts()).toEqual(["prompt 0", "prompt 2"]);
    chat.take({ type: "leaf", turn: 1 });
    expect(texts()).toEqual(["prompt 0", "prompt 1"]);
    expect(chat.alternatives(chat.turns.get(1)!).map(({ id }) => id)).toEqual([1, 2]);
    expect(chat.alternatives(chat.turns.get(0)!).map(({ id }) => id)).toEqual([0]);
    chat.take({ type: "leaf", turn: null });
    expect(texts()).toEqual([]);
  });

  it("has the same turn once, whatever comes twice", () => {
    turn(0, null);
    turn(0, null, { text: "another" });
    expect(texts()).toEqual(["prompt 0"]);
    expect(chat.saved.turns).toHaveLength(1);
  });

  it("ends a path whose beginning it lacks", () => {
    turn(5, 4);
    expect(texts()).toEqual(["prompt 5"]);
  });

  it("is the same again when it is opened from what was saved", () => {
    turn(0, null, { images: [URL] });
    turn(1, 0);
    turn(2, null);
    chat.take({ type: "leaf", turn: 1 });
    chat.turns.get(1)?.store.take(frame(3, start(1)));
    const saved = JSON.parse(JSON.stringify(chat.saved));
    const again = new ChatStore(() => {});
    again.open(saved);
    expect(again.path.map(({ id, text, images }) => [id, text, images])).toEqual([
      [0, "prompt 0", [URL]],
      [1, "prompt 1", []],
    ]);
    expect(again.turns.size).toBe(3);
    expect(again.turns.get(0)?.store.live.runs[0]?.texts).toEqual(["answer 0"]);
    expect(again.turns.get(1)?.store.live.runs).toHaveLength(2);
    expect(JSON.parse(JSON.stringify(again.saved))).toEqual(saved);
  });

  it.each([{}, { type: "chat" }, { type: "log", frames: [], turns: [item(0, null)], leaf: 0 }])(
    "opens %j as nothing",
    (log) => {
      chat.open(log);
      expect(chat.path).toEqual([]);
      expect(chat.isRunning).toBe(false);
    },
  );

  it("forgets all when it is cleared", () => {
    turn(0, null);
    chat.take({ type: "cleared" });
    expect(chat.path).toEqual([]);
    expect(chat.saved).toEqual({ type: "chat", turns: [], leaf: null });
    turn(0, null, { text: "anew" });
    expect(texts()).toEqual(["anew"]);
  });

  it("says whether the turn on show is under way, not another", () => {
    turn(0, null);
    expect(chat.isRunning).toBe(false);
    turn(1, 0, { frames: [] });
    expect(chat.isRunning).toBe(true);
    chat.take({ type: "leaf", turn: 0 });
    expect(chat.isRunning).toBe(false);
  });

  it("lets each turn's store ask for its own turn", () => {
    turn(3, null, { frames: [] });
    chat.turns.get(3)?.store.take(frame(7, chunks("x")));
    expect(asked).toEqual([{ turn: 3, type: "resync", seq: 0 }]);
  });

  it("keeps a problem until something else is asked for", () => {
    const heard = vi.fn();
    chat.subscribe(heard, leave.signal);
    chat.take({ type: "problem", text: "No." });
    expect(chat.problem).toBe("No.");
    expect(heard).toHaveBeenCalledTimes(1);
    chat.ask({ type: "clear" });
    expect(chat.problem).toBe("");
    leave.abort();
    chat.ask({ type: "clear" });
    expect(heard).toHaveBeenCalledTimes(2);
  });

  it("adds up the tokens of all turns, also those not on show", () => {
    const usage_metadata = { input_tokens: 5, output_tokens: 7 };
    const done = end({ message: { type: "AIMessageChunk", usage_metadata } });
    for (const id of [0, 1]) turn(id, null, { frames: [frame(0, start(), chunks("a"), done)] });
    expect(chat.usage).toEqual({ input: 10, output: 14 });
  });
});
