/** Frames of any form: nothing that comes over the wire, or out of a file, stops the page. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventAt } from "../src/events";
import type { Frame, Json } from "../src/protocol";
import { createTranscript } from "../src/reading/view";
import { written } from "../src/reading/written";
import { gaps, metrics, modelName, status, textTimes } from "../src/state";
import { Store } from "../src/store";
import { DetailsView } from "../src/views/details";
import { EventsView } from "../src/views/events";
import { TimelineView } from "../src/views/timeline";
import { TokensView } from "../src/views/tokens";
import { figures } from "../src/words";
import { chunks, end, frame, start, storeOf } from "./helpers";

const FOLDER = join(import.meta.dirname, "../../tests/fixtures/protocol");
const DEEP = "[".repeat(50_000) + "]".repeat(50_000);
/** No primitive can be made of this one. */
const STIFF = '{"toString": 1, "valueOf": 1}';
const HOSTILE = [
  ...["null", "true", "-1", "0.5", "1e300", "9007199254740993", '""', '"length"', '"__proto__"'],
  ...["[]", "{}", "[[]]", '{"__proto__": {"length": 1}}', STIFF, `[${STIFF}]`, DEEP],
].map((text) => JSON.parse(text) as Json);

/** The same numbers each time. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** All places in some frames where another value could stand. */
function places(frames: Frame[]): [object: { [key: string]: Json }, key: string][] {
  const found: [{ [key: string]: Json }, string][] = [];
  const left: unknown[] = [frames];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== "object" || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      found.push([value as { [key: string]: Json }, key]);
      left.push(inner);
    }
  }
  return found;
}

/** Go through all that is made of a log. */
function look(store: Store): void {
  const { live, log } = store;
  for (let seq = 0; seq < log.length; seq++) {
    eventAt(log, live.runs, seq, "v1");
    eventAt(log, live.runs, seq, "v2");
  }
  const words = [status(live), metrics(live), gaps(textTimes(live)), modelName(live)];
  for (const at of [null, ...live.runs.keys()]) figures(live, at);
  expect(words).toHaveLength(4);
  const timeline = new TimelineView(store.setup, () => {});
  timeline.update(live.runs, store.now);
  store.setup.events.text = "a";
  const events = new EventsView(store);
  events.follow(events.update());
  createTranscript({ store, manager: () => null, isAsked: false }).update();
  expect(typeof written(live.runs)).toBe("string");
  for (const run of live.runs) {
    new DetailsView().update(run);
    new TokensView(store.setup).update(run);
  }
  store.replay.seek(store.now / 2);
}

describe("frames of any form", () => {
  it.each(readdirSync(FOLDER))(
    "do no harm: like %s",
    (name) => {
      const golden = readFileSync(join(FOLDER, name), "utf8");
      const below = random(name.length);
      for (let round = 0; round < 20; round++) {
        const { frames } = JSON.parse(golden) as { frames: Frame[] };
        const all = places(frames);
        for (let many = below(3); many >= 0; many--) {
          const [around, key] = all[below(all.length)]!;
          around[key] = HOSTILE[below(HOSTILE.length)]!;
        }
        const asked: unknown[] = [];
        const store = new Store((message) => message.type === "resync" && asked.push(message));
        for (const one of frames) store.take(one);
        look(store);
        expect(asked.length).toBeLessThanOrEqual(frames.length);
        const saved = new Store(() => {});
        saved.open({ type: "log", frames } as object);
        saved.open(frames as unknown as object);
        look(saved);
      }
    },
    60_000,
  );

  it("count what they cannot tell, and go on", () => {
    const strange = [null, 7, {}, { kind: "new", run: 0 }, end({ run: 9 }), start(5)];
    const { store, asked } = storeOf(start(), chunks("a"), ...(strange as never[]));
    store.take(frame(8, chunks("b"), { kind: "chunks", at: 1, run: [3, "length"] } as never));
    store.take(frame(11, end()));
    expect(store.run?.texts).toEqual(["a", "b"]);
    expect(store.run?.status).toBe("done");
    expect([store.log.length, store.live.runs.length, asked.length]).toEqual([12, 1, 0]);
    look(store);
  });

  it.each([0, 1, 7, -1, "0", {}])("begin a run in none, where it cannot be in %j", (parent) => {
    const { store } = storeOf(start(), start(1, { parent: 0 }), start(2, { parent: 1 }));
    const again = storeOf(start(0, { parent }), start(1, { parent: parent === 0 ? 1 : parent }));
    expect(store.live.runs.map((run) => run.parent)).toEqual([null, 0, 1]);
    expect(again.store.live.runs.map((run) => run.parent)).toEqual([null, null]);
    look(again.store);
  });

  it("may be nested a hundred thousand deep", () => {
    const runs = Array.from({ length: 100_000 }, (_, i) => start(i, { parent: i - 1 }));
    const { store } = storeOf();
    store.take({ type: "frame", seq: 0, items: runs });
    store.select(99_999);
    new EventsView(store).update(); // work that grew with the square would take minutes
    expect(store.live.runs.at(-1)!.parent).toBe(99_998);
    expect(written(store.live.runs)).toBe("**M:**");
  });
});
