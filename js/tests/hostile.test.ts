import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { setup } from "../src/setup";
import { AsideElement } from "../src/views/aside";
import { DetailsView } from "../src/views/details";
import { EventsView } from "../src/views/events";
import { cssString } from "../src/views/panel";
import { TimelineView } from "../src/views/timeline";
import { fill } from "../src/views/token_style";
import { call, chunks, end, runOf, start, storeOf } from "./helpers";

// One corpus for both languages: the browser tests go through the same.
const CODE = "import json; from tests.hostile import HOSTILE; print(json.dumps(HOSTILE))";
const CORPUS = execFileSync("python3", ["-c", CODE], { cwd: "..", encoding: "utf8" });
const TEXTS = Object.entries(JSON.parse(CORPUS) as { [name: string]: string });

/** What is in an element, by name, and that nothing in it can do anything. */
function inside(root: Element): Set<string> {
  const all = [root, ...root.querySelectorAll("*")];
  for (const el of all) {
    for (const { name } of el.attributes) expect(name).not.toMatch(/^on|^(href|src|srcdoc|name)$/);
  }
  return new Set(all.map((el) => el.localName));
}

/** What CSS makes of a quoted text. */
function unquoted(css: string): string {
  expect(css).toMatch(/^"(?:[^"\\\n\r\f\0]|\\[\da-f]{1,6} )*"$/u);
  const body = css.slice(1, -1);
  return body.replace(/\\([\da-f]+) /g, (_, code) => String.fromCodePoint(Number(`0x${code}`)));
}

describe("what a hostile model says", () => {
  it("is plenty", () => expect(TEXTS.length).toBeGreaterThan(60));

  it.each(TEXTS)("stays text in all views: %s", (_, text) => {
    const named = { id: text, name: text, model: text, tags: [text], metadata: { [text]: text } };
    const items = [start(0, { ...named, input: text }), chunks(text), call(text, text), end()];
    const { store } = storeOf(...items);
    const run = store.run!;

    for (const whitespace of [false, true]) {
      const token = document.createElement("span");
      fill(token, text, { whitespace, heat: "gap" }, run, 0);
      expect(token.textContent).toBe(text);
      expect(inside(token)).toEqual(new Set(["span"]));
    }
    const aside = new AsideElement(run.asides[0]!);
    aside.update(run);
    expect(aside.el.querySelector(".nbs-aside-body")?.textContent).toBe(text);
    expect(inside(aside.el)).toEqual(new Set(["details", "summary", "span", "bdi", "div"]));

    const details = new DetailsView();
    details.update(run);
    const values = [...details.el.querySelectorAll("dd")].map((el) => el.textContent);
    expect(values).toContain(text);
    for (const name of inside(details.el)) expect(["dl", "dt", "dd", "bdi"]).toContain(name);

    const timeline = new TimelineView(setup(), () => {});
    timeline.update(store.state.runs, 1);
    expect(timeline.el.querySelector(".nbs-step")?.textContent).toBe(text);
    expect(timeline.el.querySelectorAll("tbody *:not(tr, td, span, bdi, div)")).toHaveLength(0);

    store.setup.events.selected = 0;
    const events = new EventsView(store);
    events.follow(events.update());
    expect(events.el.querySelector(".nbs-run-name")?.textContent).toBe(text);
    expect(JSON.parse(events.el.querySelector(".nbs-json")?.textContent ?? "").name).toBe(text);
    expect(events.el.querySelectorAll("*:not(div, span, bdi, pre, button)")).toHaveLength(0);
    const offered = [...events.tools.querySelectorAll("option")].map(({ value }) => value);
    expect(offered).toContain(text);
  });

  it.each(TEXTS)("is one string in CSS: %s", (_, text) => {
    expect(unquoted(cssString(text))).toBe(text);
  });

  it("cannot reach what all objects share", () => {
    const metadata = JSON.parse('{"__proto__": {"hacked": true}, "constructor": {"hacked": true}}');
    const run = runOf(start(0, { metadata }), chunks("a"), end());
    expect(run.metadata).toHaveProperty("constructor");
    expect(({} as { hacked?: boolean }).hacked).toBeUndefined();
  });
});
