import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apply, figures, initial, metrics, modelName, status } from "../src/state";
import { chunks, frame, start } from "./helpers";

const FOLDER = join(import.meta.dirname, "../../tests/fixtures/protocol");

describe.each(readdirSync(FOLDER))("the golden fixture %s", (name) => {
  const golden = JSON.parse(readFileSync(join(FOLDER, name), "utf8"));

  it("adds up to its state", () => {
    const state = initial();
    for (const one of golden.frames) expect(apply(state, one)).toBe(true);
    expect(state).toEqual(golden.state);
    expect(status(state)).toBe(golden.status);
    expect(metrics(state)).toEqual(golden.metrics);
    const model = modelName(state);
    expect([...(model ? [model] : []), ...figures(state)]).toEqual(golden.headline);
  });
});

describe("apply", () => {
  it("counts once what comes twice", () => {
    const state = initial();
    apply(state, frame(0, start(), chunks("a", "b")));
    apply(state, frame(1, chunks("a", "b", "c")));
    expect(state.runs[0]?.texts).toEqual(["a", "b", "c"]);
    expect(state.next).toBe(4);
  });

  it("tells a gap and changes nothing", () => {
    const state = initial();
    apply(state, frame(0, start()));
    const before = structuredClone(state);
    expect(apply(state, frame(2, chunks("b")))).toBe(false);
    expect(state).toEqual(before);
  });

  it("passes over kinds it does not know", () => {
    const state = initial();
    apply(state, frame(0, { kind: "custom", at: 1, run: 0 } as never, start()));
    expect(state.next).toBe(2);
    expect(state.runs).toHaveLength(1);
  });
});
