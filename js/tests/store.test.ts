import { afterEach, describe, expect, it, vi } from "vitest";
import type { Request } from "../src/protocol";
import { Store } from "../src/store";
import { chunks, frame, start } from "./helpers";

function storeAndQuestions() {
  const asked: Request[] = [];
  return { asked, store: new Store((message) => asked.push(message)) };
}

afterEach(() => vi.useRealTimers());

describe("Store", () => {
  it("asks once for what is missing and goes on when it comes", () => {
    const { asked, store } = storeAndQuestions();
    store.take(frame(0, start(), chunks("a")));
    store.take(frame(3, chunks("c")));
    store.take(frame(4, chunks("d")));
    expect(asked).toEqual([{ type: "resync", seq: 2 }]);
    store.take(frame(2, chunks("b", "c", "d")));
    store.take(frame(5, chunks("e")));
    expect(store.state.runs[0]?.texts.join("")).toBe("abcde");
    expect(asked).toHaveLength(1);
  });

  it("asks again when no answer comes", () => {
    vi.useFakeTimers();
    const { asked, store } = storeAndQuestions();
    store.take(frame(3, chunks("c")));
    vi.advanceTimersByTime(5000);
    store.take(frame(4, chunks("d")));
    expect(asked).toHaveLength(2);
  });

  it("asks anew for another gap", () => {
    const { asked, store } = storeAndQuestions();
    store.take(frame(1, chunks("a")));
    store.take(frame(0, start(), chunks("a")));
    store.take(frame(9, chunks("z")));
    expect(asked.map((question) => "seq" in question && question.seq)).toEqual([0, 2]);
  });

  it("tells listeners of news, not of repeats, until they leave", () => {
    const { store } = storeAndQuestions();
    const heard = vi.fn();
    const leave = new AbortController();
    store.subscribe(heard, leave.signal);
    store.take(frame(0, start()));
    store.take(frame(0, start()));
    expect(heard).toHaveBeenCalledTimes(1);
    leave.abort();
    store.take(frame(1, chunks("a")));
    expect(heard).toHaveBeenCalledTimes(1);
  });
});
