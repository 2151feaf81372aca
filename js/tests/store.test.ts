import { afterEach, describe, expect, it, vi } from "vitest";
import { chunks, end, frame, start, storeOf } from "./helpers";

afterEach(() => vi.useRealTimers());

describe("Store", () => {
  it("asks once for what is missing and goes on when it comes", () => {
    const { asked, store } = storeOf(start(), chunks("a"));
    store.take(frame(3, chunks("c")));
    store.take(frame(4, chunks("d")));
    expect(asked).toEqual([{ type: "resync", seq: 2 }]);
    store.take(frame(2, chunks("b", "c", "d")));
    store.take(frame(5, chunks("e")));
    expect(store.run?.texts.join("")).toBe("abcde");
    expect(asked).toHaveLength(1);
  });

  it("asks again when no answer comes", () => {
    vi.useFakeTimers();
    const { asked, store } = storeOf();
    store.take(frame(3, chunks("c")));
    vi.advanceTimersByTime(5000);
    store.take(frame(4, chunks("d")));
    expect(asked).toHaveLength(2);
  });

  it("asks anew for another gap", () => {
    const { asked, store } = storeOf();
    store.take(frame(1, chunks("a")));
    store.take(frame(0, start(), chunks("a")));
    store.take(frame(9, chunks("z")));
    expect(asked.map((question) => "seq" in question && question.seq)).toEqual([0, 2]);
  });

  it("counts once what comes twice, and passes over kinds it does not know", () => {
    const { store } = storeOf(start(), chunks("a", "b"));
    store.take(frame(1, chunks("a", "b", "c"), { kind: "new", at: 1, run: 0 } as never));
    expect(store.run?.texts).toEqual(["a", "b", "c"]);
    expect(store.live.next).toBe(5);
  });

  it("tells listeners of news, not of repeats, until they leave", () => {
    const { store } = storeOf();
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

  it("keeps what a saved notebook needs to show all of it again", () => {
    const { store } = storeOf(start(), chunks("a"));
    store.take(frame(2, chunks("b"), end()));
    const again = storeOf().store;
    again.open(JSON.parse(JSON.stringify(store.saved)));
    expect(again.live).toEqual(store.live);
    const fromPython = storeOf().store;
    fromPython.open(frame(0, start(), chunks("a", "b")));
    expect(fromPython.run?.texts).toEqual(["a", "b"]);
    expect(fromPython.setup.scrolledTo).toBeNull();
    expect(again.setup.scrolledTo).toBe(0);
    fromPython.open({});
  });

  it("gives the log as Python has it, or says that nobody answers", async () => {
    vi.useFakeTimers();
    const { store, asked } = storeOf();
    const first = store.exporter.save("run", "jsonl", false);
    store.exporter.take("{}");
    expect(await first).toBe("");
    const second = store.exporter.save("run", "html", false);
    vi.advanceTimersByTime(10_000);
    expect(await second).toContain("does not answer");
    expect(asked).toEqual([
      { type: "export", form: "jsonl" },
      { type: "export", form: "html" },
    ]);
    expect(await store.exporter.save("run", "html", true)).toContain("does not answer");
    expect(asked).toHaveLength(2);
  });

  it("has a clock that goes on while a live run waits, and only then", () => {
    vi.useFakeTimers();
    const { store } = storeOf(start());
    vi.advanceTimersByTime(500);
    expect(store.now).toBeGreaterThan(400);
    const opened = storeOf().store;
    opened.open(frame(0, start()));
    vi.advanceTimersByTime(500);
    expect(opened.now).toBe(0);
    store.take(frame(1, chunks("a"), end()));
    expect(store.now).toBe(30);
  });
});

describe("Replay", () => {
  const whole = () => storeOf(start(), chunks("a", "b", "c"), end({ at: 400 })).store;

  it("shows the log as it was at a time, forwards and backwards", () => {
    const store = whole();
    const seen = [0, 10, 25, 40, 20, 5].map((time) => {
      store.replay.seek(time);
      return `${store.run?.texts.join("")} ${store.run?.status}`;
    });
    expect(seen).toEqual([
      " running",
      "a running",
      "ab running",
      "abc done",
      "ab running",
      " running",
    ]);
    store.replay.leave();
    expect(store.state).toBe(store.live);
  });

  it("stays within the log, and says where it is", () => {
    const store = whole();
    store.replay.seek(-5);
    expect(store.now).toBe(0);
    store.replay.seek(9999);
    expect(store.now).toBe(40);
  });

  it("plays in its own time, at the speed that was chosen, and stops at the end", () => {
    vi.useFakeTimers();
    const store = whole();
    store.replay.speed = 0.5;
    store.replay.play();
    vi.advanceTimersByTime(40);
    expect(store.now).toBeGreaterThan(5);
    expect(store.now).toBeLessThan(30);
    store.replay.pause();
    const { now } = store;
    vi.advanceTimersByTime(100);
    expect(store.now).toBe(now);
    store.replay.speed = 16;
    store.replay.play();
    vi.advanceTimersByTime(200);
    expect(store.now).toBe(40);
    expect(store.replay.isPlaying).toBe(false);
    store.replay.play();
    expect(store.now).toBeLessThan(40);
  });

  it("takes what still comes without showing it", () => {
    const { store } = storeOf(start(), chunks("a"));
    store.replay.seek(10);
    store.take(frame(2, { ...chunks("b"), at: 200 } as never));
    expect(store.state.runs[0]?.texts).toEqual(["a"]);
    expect(store.live.runs[0]?.texts).toEqual(["a", "b"]);
  });

  it("knows whether Stop is heard, or says after a while that it seems not to be", () => {
    vi.useFakeTimers();
    const { store } = storeOf(start(), chunks("a"));
    store.isDeaf = () => true;
    store.stop();
    expect(store.isUnheard).toBe(true);
    store.take(frame(2, end()));
    expect(store.isUnheard).toBe(false);
    for (const [isDeaf, unheardAt] of [
      [false, 4000],
      [null, 1000],
    ] as const) {
      const { store } = storeOf(start(), chunks("a"));
      store.isDeaf = () => isDeaf;
      store.stop();
      vi.advanceTimersByTime(unheardAt - 1);
      expect(store.isUnheard).toBe(false);
      vi.advanceTimersByTime(1);
      expect(store.isUnheard).toBe(true);
    }
  });
});
