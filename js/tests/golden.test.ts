import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventAt, type Version } from "../src/events";
import { Log } from "../src/log";
import { oddsOfAll } from "../src/odds/figures";
import { entries } from "../src/reading/entries";
import { written } from "../src/reading/written";
import {
  cutOff,
  fold,
  gaps,
  initial,
  metrics,
  modelName,
  status,
  statusOf,
  textTimes,
} from "../src/state";
import { isConversation, textOfTurns, turns } from "../src/turns";
import { allFigures, figures } from "../src/words";

const FOLDER = join(import.meta.dirname, "../../tests/fixtures/protocol");

describe.each(readdirSync(FOLDER))("the golden fixture %s", (name) => {
  const golden = JSON.parse(readFileSync(join(FOLDER, name), "utf8"));
  const log = new Log();
  const state = initial();
  for (const one of golden.frames) {
    log.append(one);
    fold(state, log);
  }

  it("adds up to its state", () => {
    expect(JSON.parse(JSON.stringify(state))).toEqual(golden.state);
    expect(status(state)).toBe(golden.status);
    const odds = Object.entries(oddsOfAll(state));
    for (const [name, value] of odds) expect(value).toBeCloseTo(golden.metrics[name], 9);
    for (const [name] of odds) delete golden.metrics[name];
    const measured = { ...metrics(state), ...gaps(textTimes(state)) };
    expect(measured).toEqual(golden.metrics);
    const model = modelName(state);
    expect([...(model ? [model] : []), ...allFigures(state)]).toEqual(golden.headline);
    const shown = turns(state.runs).map((at) => {
      return [at, statusOf(state.runs[at]!), figures(state, at)];
    });
    expect(shown).toEqual(golden.turns);
    expect(textOfTurns(state.runs, turns(state.runs))).toBe(golden.text);
    expect(cutOff(state)).toBe(golden.note);
  });

  it("reads as its conversation", () => {
    expect(entries(state.runs)).toEqual(golden.entries);
    expect(written(state.runs)).toBe(golden.markdown);
    expect(isConversation(state.runs)).toBe(golden.is_conversation);
  });

  it.each<Version>(["v1", "v2"])("has the events of version %s", (version) => {
    const events = [];
    for (let seq = 0; seq < log.length; seq++) {
      const event = eventAt(log, state.runs, seq, version);
      if (event) events.push(event);
    }
    expect(events).toEqual(golden.events[version]);
  });

  it("folds to the same state in steps", () => {
    const again = initial();
    for (let seq = 0; seq <= log.length; seq++) fold(again, log, seq);
    expect(again).toEqual(state);
  });
});

it("measures one run and what lies in it, nothing beside", () => {
  const golden = JSON.parse(readFileSync(join(FOLDER, "invoked.json"), "utf8"));
  const log = new Log();
  for (const one of golden.frames) log.append(one);
  const state = initial();
  fold(state, log);
  const beside = structuredClone(state.runs[1]!);
  state.runs.push({ ...beside, parent: null }, { ...beside, parent: state.runs.length });
  expect(metrics(state, 0).output_tokens).toBe(golden.metrics.output_tokens);
  expect(metrics(state, 0).chunks).toBe(golden.metrics.chunks);
  expect(textTimes(state)[0]).toHaveLength(golden.metrics.chunks);
});
