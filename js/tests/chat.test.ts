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
    expect(chat.usage()).toEqual({ input: 10, output: 14, cost: null, by: null });
    expect(chat.usage({ input: 1e6, output: 1e6 }).cost).toBe(24);
  });

  it("grows and loses turns as Python says, which keep what is in them", () => {
    turn(0, null);
    turn(1, 0);
    turn(2, 1);
    const kept = chat.turns.get(2)!;
    const tree = [
      { id: 0, parent: null },
      { id: 2, parent: 0 },
      { id: 9, parent: 2 },
    ];
    chat.take({ type: "tree", turns: tree, leaf: 2 });
    expect(chat.path.map(({ id }) => id)).toEqual([0, 2]);
    expect(chat.turns.get(2)).toBe(kept);
    expect(chat.saved.turns.map(({ id, parent }) => [id, parent])).toEqual([
      [0, null],
      [2, 0],
    ]);
    turn(1, 2, { text: "anew" }); // a number that was free is given again
    expect(texts()).toEqual(["prompt 0", "prompt 2", "anew"]);
  });

  it.each([
    [[{ id: 0, parent: 0 }]],
    [
      [
        { id: 0, parent: 1 },
        { id: 1, parent: 0 },
      ],
    ],
    [[null, 7, {}, { id: "0" }, { id: 0, parent: {} }]],
    ["no tree"],
  ])("comes to an end in a tree that has none: %j", (turns) => {
    turn(0, null);
    turn(1, 0);
    chat.take({ type: "tree", turns: turns as never, leaf: 0 });
    expect(chat.path.length).toBeLessThanOrEqual(2);
  });

  it("fetches no picture from elsewhere, whatever a file says", () => {
    const images = ["https://e.com/seen.png", "//e.com/x", 7, URL, "data:text/html,x"];
    chat.open({ type: "chat", turns: [{ ...item(0, null), images }], leaf: 0 });
    expect(chat.path[0]!.images).toEqual([URL]);
  });

  it("keeps what Python has to say until the reader asks for something", () => {
    chat.take({ type: "notice", text: "3 earlier turns were left out." });
    turn(0, null);
    expect(chat.notice).toBe("3 earlier turns were left out.");
    chat.ask({ type: "retry", turn: 0 });
    expect(chat.notice).toBe("");
  });

  it("shows the answer that is to end as stopping until it does", () => {
    turn(0, null, { frames: [] });
    const { store } = chat.turns.get(0)!;
    store.take(frame(0, start(), chunks("a")));
    chat.stop();
    expect(asked).toEqual([{ type: "stop" }]);
    expect([store.doing, chat.isStopping]).toEqual(["stopping", true]);
    store.take(frame(2, { kind: "cancelled", at: 300, run: 0 }));
    expect([store.doing, chat.isStopping]).toEqual(["stopped", false]);
  });

  it("sends nothing to a kernel that is gone, and nothing is under way there", () => {
    turn(0, null, { frames: [] });
    chat.draft.text = "still here";
    chat.lose(true);
    chat.send();
    expect([asked, chat.isRunning, chat.draft.text]).toEqual([[], false, "still here"]);
    chat.lose(false);
    expect(chat.isRunning).toBe(true);
  });
});
