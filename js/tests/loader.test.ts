/** What comes before the script does, and how that comes once for the page. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import frontEnd from "../src/index_chat";
import type { Traits } from "../src/protocol";
import * as widget from "../src/widget";
import { chunks, end, frame, settle, start } from "./helpers";
import { close, Model, TRAITS, text } from "./page";

/** The real front end, as a source that can be sent. */
const SOURCE = `
  const { makerOf, need } = globalThis.nbstreamTested;
  export default globalThis.nbstreamTested.default;
  export const style = '.tested {}';
  export { makerOf, need };`;
const MODULES = Symbol.for("nbstream.modules.2");
const KEEPER = Symbol.for("nbstream.keeper.1");
const ASKS = { type: "module", name: "widget" };

let build = 0;
let leave: AbortController;

beforeEach(() => {
  // Each test has a page of its own, on which nothing has come yet.
  for (const key of [MODULES, KEEPER]) delete (globalThis as { [key: symbol]: unknown })[key];
  document.head.replaceChildren();
  build++;
  leave = new AbortController();
  Object.assign(globalThis, { nbstreamTested: widget });
  vi.spyOn(URL, "createObjectURL").mockImplementation(
    (blob) => `data:text/javascript,${encodeURIComponent(sources.get(blob as Blob)!)}`,
  );
});

afterEach(() => {
  leave.abort();
  vi.useRealTimers();
});

// A Blob tells its text only later, and an URL is wanted now.
const sources = new Map<Blob, string>();
const RealBlob = globalThis.Blob;
beforeEach(() => {
  globalThis.Blob = class extends RealBlob {
    constructor(parts: string[], options?: BlobPropertyBag) {
      super(parts, options);
      sources.set(this, parts.join(""));
    }
  } as typeof Blob;
});
afterEach(() => {
  globalThis.Blob = RealBlob;
});

/** Open a widget with a loader of its own, as anywidget does for each. */
async function opened(traits: Partial<Traits> = {}, manager?: object, hasSignals = true) {
  vi.resetModules();
  const { default: loader } = await import("../src/loader");
  const model = new Model({ ...TRAITS, _build: `b${build}`, ...traits });
  Object.assign(model, { widget_manager: manager });
  const own = new AbortController();
  close.signal.addEventListener("abort", () => own.abort());
  const { initialize, render } = loader();
  const signal = hasSignals ? { signal: own.signal } : {};
  const end = initialize({ model, ...signal } as never);
  if (!hasSignals) own.signal.addEventListener("abort", end);
  const view = (until = leave, place: ParentNode = document.body) => {
    const el = document.createElement("div");
    place.append(el);
    const signal = hasSignals ? { signal: until.signal } : {};
    const end = render({ model, el, ...signal } as never);
    if (!hasSignals) until.signal.addEventListener("abort", end);
    return el;
  };
  const asks = () => model.sent.filter((one) => (one as { type: string }).type === "module");
  return { model, view, asks, close: () => own.abort() };
}

const come = (model: Model, source = SOURCE) =>
  model.receive({ type: "module", name: "widget", source });

/** Let a module that has come run. */
async function run(): Promise<void> {
  await vi.waitFor(() => {
    if (!document.head.querySelector("style")) throw new Error("not yet");
  });
  await settle();
}

describe("the loader", () => {
  it("asks for the script, and draws once it has come", async () => {
    const { model, view, asks } = await opened();
    const el = view();
    expect(asks()).toEqual([ASKS]);
    expect(el.childElementCount).toBe(0);
    let isStyled = false;
    const seen = new MutationObserver(() => {
      isStyled = document.head.textContent!.includes(".tested");
      seen.disconnect();
    });
    seen.observe(el, { childList: true });
    come(model);
    await run();
    expect(el.querySelectorAll(".nbstream")).toHaveLength(1);
    expect(isStyled).toBe(true);
    // The next one finds it, and draws at once.
    const next = await opened();
    expect(next.view().querySelectorAll(".nbstream")).toHaveLength(1);
    expect(next.asks()).toEqual([]);
    expect(document.head.querySelectorAll("style")).toHaveLength(1);
  });

  it("brings the style where a host draws each widget in a shadow of its own", async () => {
    const shadow = (host = document.createElement("div")) => {
      document.body.append(host);
      return host.attachShadow({ mode: "open" });
    };
    const { model, view } = await opened();
    const [now, soon, apart] = [shadow(), shadow(), document.createElement("div")];
    view(leave, now);
    view(leave, now);
    // Rendered first, attached later.
    new MutationObserver(() => soon.contains(apart) || soon.append(apart)).observe(
      view(leave, apart),
      { childList: true },
    );
    come(model);
    await run();
    for (const root of [now, soon]) {
      expect(root.querySelectorAll("style")).toHaveLength(1);
      expect(root.querySelector("style")!.textContent).toContain(".tested");
    }
    expect(document.head.querySelectorAll("style")).toHaveLength(1);
  });

  it("keeps what is said before that, in its order, and loses nothing", async () => {
    const { model, view } = await opened({ _log: frame(0, start(), chunks("a")) });
    const el = view();
    model.receive(frame(2, chunks("b")));
    come(model);
    model.receive(frame(3, chunks("c"))); // while it is made to run
    await run();
    model.receive(frame(4, chunks("d"), end()));
    await settle();
    expect(text(el, ".nbs-tokens")).toBe("abcd");
    expect(model.sent.filter((one) => (one as { type: string }).type === "resync")).toEqual([]);
  });

  it("takes the script from the state that it opens with", async () => {
    const { view, asks } = await opened({ _modules: { [`b${build}/widget`]: SOURCE } });
    const el = view();
    await run();
    expect(el.querySelectorAll(".nbstream")).toHaveLength(1);
    expect(asks()).toEqual([]);
  });

  it("does not draw a view that is gone, or a model that is closed", async () => {
    const first = await opened();
    const second = await opened();
    const gone = new AbortController();
    const [el, other, closed] = [first.view(gone), first.view(), second.view()];
    gone.abort();
    second.close();
    come(first.model);
    await run();
    const drawn = [el, other, closed].map((one) => one.querySelectorAll(".nbstream").length);
    expect(drawn).toEqual([0, 1, 0]);
  });

  it.each([true, false])("ends with its model; signals: %s", async (hasSignals) => {
    const { model, view, close } = await opened({}, undefined, hasSignals);
    const el = view();
    come(model);
    await run();
    model.receive(frame(0, start(), chunks("a")));
    await settle();
    expect(el.querySelector<HTMLElement>(".nbstream")!.dataset.status).toBe("streaming");
    close();
    await settle();
    if (hasSignals) {
      expect(el.querySelector<HTMLElement>(".nbstream")!.dataset.status).toBe("gone");
    }
    const again = await opened({}, undefined, hasSignals);
    expect(again.view().querySelectorAll(".nbstream")).toHaveLength(1);
  });

  it("mixes no two builds", async () => {
    const first = await opened();
    const other = await opened({ _build: "other" });
    const [el, otherEl] = [first.view(), other.view()];
    expect([first.asks(), other.asks()]).toEqual([[ASKS], [ASKS]]);
    come(first.model);
    await run();
    expect(el.querySelectorAll(".nbstream")).toHaveLength(1);
    expect(otherEl.childElementCount).toBe(0);
    come(
      other.model,
      "export const makerOf = () => 1, need = async () => {};" +
        "export default () => ({ initialize() {}, render({ el }) { el.append('2') } });",
    );
    await vi.waitFor(() => expect(otherEl.textContent).toBe("2"));
  });

  it.each([
    [{ texts: { text: ["<b>one", "two"] } }, "<b>one\ntwo"],
    [{ texts: { text: 3 } }, "3"],
    [{ texts: null }, ""],
  ])("shows what many runs said where the script does not come: %j", async (frame, said) => {
    const { view } = await opened({
      _kind: "batch",
      _log: { frame: { type: "batch", ...frame } } as never,
    });
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const el = view();
    vi.advanceTimersByTime(4000);
    expect(el.textContent!.split("\n\n")[1] ?? "").toBe(said);
  });

  it("shows the text where the script does not come, and says why", async () => {
    const { model, view } = await opened({ _log: frame(0, start(), chunks("<b>on")) });
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const el = view();
    model.receive(frame(2, chunks(" the"), { ...chunks("inner"), run: [1] } as never));
    vi.advanceTimersByTime(4000);
    expect(el.textContent).toMatch(/kernel, which is busy or gone\.\n\n<b>on the$/);
    model.receive(frame(4, chunks(" moon")));
    vi.advanceTimersByTime(4000);
    expect(el.textContent).toMatch(/<b>on the moon$/);
    come(model);
    await run();
    vi.advanceTimersByTime(4000);
    expect(text(el, ".nbs-tokens")).toBe("<b>on the moon");
    expect(el.textContent).not.toContain("busy or gone");
  });

  it("says so where the page does not let the script run", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    const { model, view } = await opened({ _log: frame(0, start(), chunks("a")) });
    const el = view();
    come(model, "this is no script");
    await vi.waitFor(() => expect(said).toHaveBeenCalledTimes(1));
    await settle();
    expect(el.textContent).toBe("This page does not let the view be drawn.\n\na");
  });

  it("knows of a kernel that died before the script came from another", async () => {
    const lost = await opened({ _log: frame(0, start(), chunks("a")) }, { kernel: {} });
    const el = lost.view();
    lost.model.receive(frame(2, chunks("b")));
    lost.model.emit("comm_live_update");
    const other = await opened({}, { kernel: {} });
    come(other.model);
    await run();
    expect(el.querySelector<HTMLElement>(".nbstream")!.dataset.status).toBe("gone");
    expect(text(el, ".nbs-tokens")).toBe("ab");
  });
});

describe("asking for the script", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });

  it("is done once for all of a kernel, and again by another where nobody answers", async () => {
    const [one, two] = [{ kernel: {} }, { kernel: {} }];
    const a = await opened({}, one);
    const b = await opened({}, one);
    const c = await opened({}, one);
    const d = await opened({}, two);
    const counts = () => [a, b, c, d].map(({ asks }) => asks().length);
    expect(counts()).toEqual([1, 0, 0, 1]);
    vi.advanceTimersByTime(3000);
    expect(counts()).toEqual([2, 0, 0, 2]);
    vi.advanceTimersByTime(60_000);
    const [first, second, third, other] = counts() as [number, number, number, number];
    expect(Math.min(first, second, third)).toBeGreaterThan(0);
    // Seldom: a kernel that was busy for a minute has few of them to answer.
    expect(first + second + third).toBeLessThanOrEqual(6);
    expect(other).toBeLessThanOrEqual(6);
    come(a.model);
    const before = counts();
    vi.advanceTimersByTime(600_000);
    expect(counts()).toEqual(before);
  });

  it("is another's turn soon where the one that did is closed", async () => {
    const manager = { kernel: {} };
    const a = await opened({}, manager);
    const b = await opened({}, manager);
    vi.advanceTimersByTime(100_000);
    const before = b.asks().length;
    a.close();
    vi.advanceTimersByTime(3000);
    expect(b.asks().length).toBe(before + 1);
  });

  it("does not wait for those whose kernel is gone", async () => {
    const manager = { kernel: {} };
    const lost = [await opened({}, manager), await opened({}, manager)];
    for (const { model } of lost) model.emit("comm_live_update");
    const { asks } = await opened({}, manager);
    expect(asks()).toEqual([ASKS]);
  });

  it("goes on where a message cannot be sent", async () => {
    vi.resetModules();
    const { default: loader } = await import("../src/loader");
    const model = new Model({ ...TRAITS, _build: `b${build}` });
    model.send = () => {
      throw new Error("Kernel is dead");
    };
    const { initialize } = loader();
    expect(() => initialize({ model, signal: close.signal } as never)).not.toThrow();
  });
});

describe("a saved notebook", () => {
  const kept = ({ model }: { model: Model }) => Object.keys(model.get("_modules") ?? {});

  it("has the script once, with its first model, and when that closes with the next", async () => {
    const [here, there] = [{ kernel: {} }, { kernel: {} }];
    const key = `b${build}/widget`;
    const a = await opened({}, here);
    const b = await opened({ _modules: { [key]: SOURCE } }, here);
    const c = await opened({}, here);
    const d = await opened({}, there);
    a.view();
    await run();
    await vi.waitFor(() => expect(kept(d)).toEqual([key]));
    expect([a, b, c].map(kept)).toEqual([[key], [], []]);
    a.close();
    expect([b, c].map(kept)).toEqual([[key], []]);
    b.close();
    expect(kept(c)).toEqual([key]);
    expect(c.model.get("_modules")).toEqual({ [key]: SOURCE });
    // From there it comes back, without a kernel: in whatever order the models are made.
    const saved = JSON.parse(JSON.stringify(c.model.traits));
    delete (globalThis as { [key: symbol]: unknown })[MODULES];
    const first = await opened({}, {});
    const el = first.view();
    await opened(saved, {});
    await vi.waitFor(() => expect(el.querySelectorAll(".nbstream")).toHaveLength(1));
  });

  it("has what is heavy only where it was needed", async () => {
    const source = "export const createMarkdown = () => ({ append() {}, render: () => false });";
    const [here, there] = [{ kernel: {} }, { kernel: {} }];
    const state = { _modules: { [`b${build}/widget`]: SOURCE } };
    const a = await opened({ ...state, view: "markdown" }, here);
    const b = await opened({ view: "markdown" }, here);
    const c = await opened({}, there);
    for (const { view } of [a, b, c]) view();
    await run();
    // One asks for both.
    const asked = [...a.asks(), ...b.asks()];
    expect(asked).toEqual([{ type: "module", name: "markdown" }]);
    const asker = a.asks().length > 0 ? a : b;
    asker.model.receive({ type: "module", name: "markdown", source });
    await settle();
    expect(kept(a)).toEqual([`b${build}/widget`, `b${build}/markdown`]);
    expect(kept(b)).toEqual([]);
    expect(kept(c)).toEqual([`b${build}/widget`]);
  });

  it("asks for what is heavy though others whose kernel is gone wait for it", async () => {
    const manager = { kernel: {} };
    const state = { _modules: { [`b${build}/widget`]: SOURCE }, view: "markdown" as const };
    const lost = await opened(state, manager);
    lost.view();
    await run();
    expect(lost.asks()).toHaveLength(1);
    lost.model.emit("comm_live_update");
    const { view, asks } = await opened(state, manager);
    view();
    expect(asks()).toEqual([{ type: "module", name: "markdown" }]);
  });

  it("gives a module what it takes from the script, of each build its own", async () => {
    const source = "export const one = nbstreamShared.file.one;";
    for (const build of ["a", "b"]) {
      vi.resetModules();
      const { keyOf, load, provide, share, useBuild } = await import("../src/modules");
      useBuild(build);
      share({ file: { one: `of ${build}` } });
      provide(keyOf("other"), source);
      const { one } = await load<{ one: string }>("other", () => {});
      expect(one).toBe(`of ${build}`);
    }
  });

  it("draws another kind of widget once its module has come, and loses nothing", async () => {
    const chat = "export default globalThis.nbstreamTestedChat;";
    Object.assign(globalThis, { nbstreamTestedChat: frontEnd });
    const traits = { _kind: "chat", _model: "a model" } as const;
    const { model, view, asks } = await opened(traits);
    const el = view();
    expect(asks()).toEqual([{ type: "module", name: "chat" }, ASKS]);
    come(model);
    const turn = { id: 0, parent: null, text: "Hello", images: [], frames: [] };
    model.receive({ type: "turn", turn } as never);
    model.receive({ type: "module", name: "chat", source: chat });
    await run();
    expect(text(el, ".nbs-prompt-text")).toBe("Hello");
    // The next one finds both, and draws at once.
    const next = await opened(traits);
    expect(next.view().querySelectorAll(".nbs-chat")).toHaveLength(1);
    expect(next.asks()).toEqual([]);
  });
});
