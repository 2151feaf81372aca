import { expect, it, vi } from "vitest";
import { drawSoon } from "../src/clock";
import { settle } from "./helpers";

it("lets all write before any reads, each once a frame, and goes on behind one that fails", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const done: string[] = [];
  const drawn = (name: string) => ({
    write: () => done.push(`${name} writes`),
    read: () => done.push(`${name} reads`),
  });
  const [a, b] = [drawn("a"), drawn("b")];
  const failing = {
    write: () => {
      throw new Error("no");
    },
    read: () => done.push("c reads"),
  };
  for (const one of [a, failing, b, a]) drawSoon(one);
  await settle();
  expect(done).toEqual(["a writes", "b writes", "a reads", "c reads", "b reads"]);
  expect(said).toHaveBeenCalledTimes(1);
  done.length = 0;
  // What is asked for while a frame is drawn is for the next.
  drawSoon({ write: () => drawSoon(a), read: () => done.push("first") });
  await settle();
  expect(done).toEqual(["first", "a writes", "a reads"]);
  said.mockRestore();
});

it("draws what is out of sight one a frame, in turn, and what is in sight in each", async () => {
  const frames: string[][] = [];
  const drawn = (name: string, isOutOfSight: boolean) => ({
    isOutOfSight,
    write: () => frames.at(-1)!.push(name),
    read: () => {},
  });
  const seen = drawn("seen", false);
  const unseen = ["a", "b", "c"].map((name) => drawn(name, true));
  // Each has news all the time.
  for (let i = 0; i < 4; i++) {
    for (const one of [...unseen, seen]) drawSoon(one);
    frames.push([]);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  expect(frames).toEqual([
    ["a", "seen"],
    ["b", "seen"],
    ["c", "seen"],
    ["a", "seen"],
  ]);
  // And none waits for news.
  await settle();
  expect(frames.at(-1)).toEqual(["a", "seen", "b", "c"]);
});
