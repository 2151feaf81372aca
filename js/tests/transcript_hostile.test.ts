// @vitest-environment jsdom
// Not happy-dom, as elsewhere: DOMPurify loses elements there that it keeps in browsers.
import { execFileSync } from "node:child_process";
import { beforeAll, expect, it, vi } from "vitest";
import { createMarkdown } from "../src/markdown";
import * as modules from "../src/modules";
import type { Item, Json } from "../src/protocol";
import { createTranscript } from "../src/reading/view";
import { Store } from "../src/store";
import { end, start } from "./helpers";

// One corpus for both languages, as in the tests of the other views.
const CODE = "import json; from tests.hostile import HOSTILE; print(json.dumps(HOSTILE))";
const CORPUS = execFileSync("python3", ["-c", CODE], { cwd: "..", encoding: "utf8" });
const TEXTS = Object.entries(JSON.parse(CORPUS) as { [name: string]: string });

beforeAll(() => {
  vi.spyOn(modules, "load").mockResolvedValue({ createMarkdown });
});

function says(text: string): Item[] {
  const source = { type: text, url: text, title: text, cited_text: text, [text]: text };
  const uses = { type: "server_tool_use", name: text, id: text, input: { [text]: text } };
  const found = { type: "web_search_tool_result", tool_use_id: text, content: [source] };
  const piece = { name: text, args: text, id: text, index: 5 };
  const content: Json[][] = [
    [{ type: "thinking", thinking: text }],
    [{ type: "text", text, index: 0, citations: [source] }],
    [{ ...uses, index: 1 }],
    [{ ...found, index: 2 }],
    [{ type: "image", url: text, index: 3 }],
    [{ type: "image", mime_type: text, base64: text, index: 4 }],
    [{ type: "image_url", image_url: `data:image/png;base64,${text}` }],
  ];
  const more = Object.fromEntries(content.map((blocks, i) => [i, { content: blocks }]));
  more[content.length] = { content: "", tool_call_chunks: [piece] } as never;
  const none = new Array(content.length + 1).fill(0);
  const texts = none.map((_, i) => (i === 1 ? text : ""));
  const asked = [{ role: text, content: [{ type: "image", url: text }, text] }];
  return [
    start(0, { id: text, name: text, type: "chat_model", input: asked }),
    { kind: "chunks", at: 1, run: none, gap: none, text: texts, more },
    end(),
    start(1, { id: text, name: text, type: "tool", input: { name: text, args: {}, id: text } }),
    { kind: "custom", at: 3, run: 1, name: text, data: { [text]: text } },
    { kind: "error", at: 4, run: 1, error: { type: text, message: text } },
  ] as Item[];
}

it.each(TEXTS)("stays text in the transcript: %s", async (_, text) => {
  const store = new Store(() => {});
  store.take({ type: "frame", seq: 0, items: says(text) });
  const view = createTranscript({ store, manager: () => null, isAsked: false });
  document.body.replaceChildren(view.el);
  view.update();
  await Promise.resolve().then(() => {});
  while (view.update());

  const { el } = view;
  const said = (selector: string) => el.querySelector(selector)!.textContent;
  expect(said(".nbs-tr-asked")).toBe(text);
  expect(said(".nbs-aside-body")).toBe(text);
  expect(said(".nbs-tr-server .nbs-tr-name")).toBe(text.replaceAll("_", " "));
  expect(said(".nbs-tr-call .nbs-tr-name")).toBe(text || "tool");
  expect(said(".nbs-tr-call .nbs-tr-args")).toBe(text);
  expect(said(".nbs-tr-call > .nbs-tr-result")).toBe(`${text}: ${text}`);
  for (const node of el.querySelectorAll("*")) {
    expect(["script", "style", "iframe", "svg", "form", "object", "base"]).not.toContain(
      node.localName,
    );
    for (const { name, value } of node.attributes) {
      expect(name).not.toMatch(/^on|^srcdoc$/);
      if (name === "href") expect(value).toMatch(/^(https?|mailto):/i);
      if (name === "src") expect(value).toMatch(/^data:image\/(png|jpeg|gif|webp);base64,/);
    }
  }
  expect(({} as { [name: string]: unknown }).hacked).toBeUndefined();
});
