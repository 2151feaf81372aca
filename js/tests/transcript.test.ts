import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createMarkdown } from "../src/markdown";
import * as modules from "../src/modules";
import { createTranscript } from "../src/reading/view";
import { written } from "../src/reading/written";
import { Store } from "../src/store";
import { transcript } from "../src/transcript";
import { TranscriptPage } from "../src/views/transcript";
import { turnPages } from "../src/views/turns";
import { chunks, end, frame, settle, start } from "./helpers";
import { model, open, tab } from "./page";

/** What the page would load. */
const MODULES = { createMarkdown, createTranscript, turnPages };
const FOLDER = join(import.meta.dirname, "../../tests/fixtures/protocol");

beforeAll(() => {
  vi.spyOn(modules, "load").mockResolvedValue(MODULES);
});

function framesOf(name: string) {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")).frames;
}

async function shown(name: string) {
  const store = new Store(() => {});
  for (const one of framesOf(name)) store.take(one);
  const view = createTranscript({ store, manager: () => null, isAsked: false });
  document.body.replaceChildren(view.el);
  view.update();
  await new Promise((resolve) => setTimeout(resolve));
  while (view.update());
  return { store, view, el: view.el };
}

/** What a screen reader would come to, in its order. */
function read(el: HTMLElement): string[] {
  const found: string[] = [];
  const walk = (node: Element) => {
    if ((node as HTMLElement).hidden || node.matches(".nbs-run-again")) return;
    if (node.children.length === 0 || node.matches(".nbs-tr-said, .nbs-aside-body, q")) {
      // What runs is measured by the page's clock.
      const words = node.textContent!.trim().replace(/^Running · .*/, "Running");
      if (words) found.push(words);
      return;
    }
    for (const child of node.children) walk(child);
  };
  walk(el);
  return found;
}

describe("the transcript", () => {
  it("reads in order: prompt, thought, text, calls with results, answer", async () => {
    const { el } = await shown("agent_parallel_tools");
    expect(read(el)).toMatchInlineSnapshot(`
      [
        "You",
        "How warm is it in Paris and Oslo?",
        "M",
        "first token 2 ms · 4 tokens",
        "Thought",
        "11 characters",
        "Two places.",
        "I look.",
        "weather",
        "Failed · 10 ms",
        "{"city": "Paris"}",
        "ValueError: No <b>Paris</b>.",
        "weather",
        "8 ms",
        "{"city": "Oslo"}",
        "12 °C",
        "M",
        "first token 1 ms · 4 tokens · 3,000 tokens/s",
        "In Oslo it has 12 °C.",
      ]
    `);
  });

  it("shows what a tool says while it runs", async () => {
    const { el } = await shown("agent_running_tool");
    expect(read(el)).toMatchInlineSnapshot(`
      [
        "You",
        "Count",
        "M",
        "4 tokens",
        "count",
        "Running",
        "{"to": 3}",
        "progress: {"done":1}
      note: almost <there>",
        "one two",
      ]
    `);
  });

  it("has the turns of an agent inside the call that is it", async () => {
    const { el } = await shown("agent_sub_agent");
    expect(read(el)).toMatchInlineSnapshot(`
      [
        "You",
        "Plan a trip",
        "M",
        "plan",
        "12 ms",
        "{"to": "Oslo"}",
        "Inner",
        "first token 1 ms · 1 chunk",
        "First, trains.",
        "search",
        "1 ms",
        "{"q": "trains"}",
        "["07:12","09:12"]",
        "Inner",
        "first token 1 ms · 1 chunk",
        "Take the 07:12.",
        "Take the 07:12.",
        "M",
        "first token 1 ms · 1 chunk",
        "Leave at 07:12.",
      ]
    `);
  });

  it("cites by numbers, with a list", async () => {
    const { el } = await shown("agent_cited");
    expect(read(el)).toMatchInlineSnapshot(`
      [
        "You",
        "Why?",
        "M",
        "first token 2 ms · 4 chunks · 750 chunks/s",
        "It is so. [1] Indeed. [1] [2] The end.",
        "A <x>",
        "It is so.",
        "The book",
        "So it is.",
        "You",
        "Why?",
        "M",
        "first token 1 ms · 1 chunk",
        "Because. [1]",
        "B",
        "Bad",
        "C",
        "d2",
      ]
    `);
    const links = [...el.querySelectorAll("a")].map((a) => a.getAttribute("href"));
    expect(new Set(links)).toEqual(
      new Set(["https://a.example/x", "https://b.example", "https://b.example/"]),
    );
  });

  it("shows tools at the provider's end as lines", async () => {
    const { el } = await shown("agent_server_tools");
    expect(read(el)).toMatchInlineSnapshot(`
      [
        "You",
        "Search",
        "M",
        "first token 1 ms · 2 chunks · 143 chunks/s",
        "I search.",
        "web search",
        "news <b>",
        "2 results",
        "A",
        "https://b.example",
        "web search",
        "Failed",
        "max_uses_exceeded",
        "Nothing new.",
        "You",
        "Search",
        "M",
        "first token 6 ms · 1 chunk",
        "web search",
        "news",
        "code interpreter",
        "print(1)",
        "1",
        "One.",
      ]
    `);
  });

  it("shows images it has, and fetches none unasked", async () => {
    const { el } = await shown("agent_pictures");
    const images = [...el.querySelectorAll("img")];
    expect(images.every((one) => one.src.startsWith("data:image/png;base64,"))).toBe(true);
    expect(images).toHaveLength(3);
    const wanted = el.querySelector<HTMLElement>(".nbs-tr-images .nbs-text-button")!;
    expect(wanted.textContent).toBe("Show the image (a.example)");
    wanted.click();
    expect(el.querySelector("img[src='https://a.example/x.png']")).not.toBeNull();
  });

  it("says why an answer ended, and what was run by hand", async () => {
    const { el } = await shown("agent_by_hand");
    expect(read(el)).toMatchInlineSnapshot(`
      [
        "System",
        "Be brief.",
        "You",
        "12 + 30?",
        "M",
        "first token 1 ms · 1 chunk",
        "I add.",
        "add",
        "Failed",
        "{"a":12,"b":30}",
        "42",
        "M",
        "first token 1 ms · 1 chunk",
        "It is 42.",
        "You",
        "Sure?",
        "M",
        "first token 1 ms · 1 chunk",
        "Thought",
        "3 characters",
        "Hm.",
        "Yes.",
        "T",
        "You",
        "And now?",
        "M",
        "The model refused to answer, or to go on.",
      ]
    `);
  });

  it("is the same however it grew", async () => {
    for (const name of [
      "agent_parallel_tools",
      "agent_cited",
      "agent_sub_agent",
      "several_roots",
    ]) {
      const whole = (await shown(name)).el.innerHTML;
      const store = new Store(() => {});
      for (const one of framesOf(name)) store.take(one);
      const view = createTranscript({ store, manager: () => null, isAsked: false });
      const end = store.log.time.at(-1)!;
      for (let time = 0; time <= end; time += 0.5) {
        store.replay.seek(time);
        while (view.update());
      }
      store.replay.leave();
      while (view.update());
      expect(text(view.el.innerHTML)).toBe(text(whole));
    }
  });

  it("comes on top of its own where there are several calls, until the reader chooses", async () => {
    vi.spyOn(modules, "load").mockResolvedValue(MODULES);
    const root = open({ _auto: true })();
    model.receive(frame(0, start(), chunks("One"), end()));
    await settle();
    expect(root.dataset.view).toBe("tokens");
    model.receive(frame(3, start(1, { at: 400 })));
    await settle();
    expect(root.dataset.view).toBe("transcript");
    expect(tab(root, "Transcript").getAttribute("aria-selected")).toBe("true");
    expect(text(root.querySelector(".nbs-transcript")!.textContent!)).toContain("One");
    tab(root, "Tokens").click();
    await settle();
    model.receive(frame(4, { kind: "end", at: 500, run: 1 }));
    await settle();
    expect(root.dataset.view).toBe("tokens");
  });

  it("stays below where Python has said which view is on top", async () => {
    const root = open({ view: "tokens" })();
    model.receive(frame(0, start(), start(1), start(2)));
    await settle();
    expect(root.dataset.view).toBe("tokens");
  });

  it("draws the end of a long list, and more when asked", async () => {
    vi.spyOn(modules, "load").mockResolvedValue(MODULES);
    const store = new Store(() => {});
    const runs = Array.from({ length: 1000 }, (_, run) => start(run, { input: "Hi" }));
    store.take(frame(0, ...runs));
    const view = createTranscript({ store, manager: () => null, isAsked: false });
    while (view.update());
    const count = () => view.el.querySelectorAll("section").length;
    expect(count()).toBe(150);
    const earlier = view.el.querySelector<HTMLElement>(".nbs-earlier")!;
    expect(earlier.textContent).toBe("Show earlier (1,850)");
    earlier.click();
    while (view.update());
    expect(count()).toBe(300);
  });

  it("is what the page leaves of a run that its kernel can say no more of", async () => {
    vi.spyOn(modules, "loaded").mockReturnValue({ written });
    const { store } = await shown("agent_parallel_tools");
    const data = transcript("here", [{ store }]);
    expect(data["text/markdown"]).toBe(written(store.live.runs));
    expect(String(data["text/html"])).toContain("No &#60;b&#62;Paris&#60;/b&#62;.");
    const asked = transcript("here", [{ store, prompt: "How warm?" }]);
    expect(String(asked["text/markdown"]).match(/\*\*You:\*\*/g)).toHaveLength(1);
  });

  it("goes on saying that the page refuses its module", async () => {
    vi.useFakeTimers();
    vi.spyOn(modules, "load").mockRejectedValue(new Error("policy"));
    const page = new TranscriptPage({
      store: new Store(() => {}),
      manager: () => null,
      isAsked: false,
    });
    page.ask();
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    expect(page.el.textContent).toMatch(/this page does not allow it/);
  });

  it("goes back with a replay", async () => {
    const { store, view, el } = await shown("agent_parallel_tools");
    const whole = read(el);
    store.replay.seek(3);
    while (view.update());
    expect(el.querySelectorAll(".nbs-tr-call")).toHaveLength(0);
    store.replay.leave();
    while (view.update());
    expect(read(el)).toEqual(whole);
  });
});

/** Without the marks of what had been open. */
function text(html: string): string {
  return html.replace(/ open=""/g, "");
}
