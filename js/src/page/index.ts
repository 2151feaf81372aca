/**
 * A page of its own that plays what a view shows, with no kernel and no network. What it has lies in
 * it: the view's state, the log, and the front end's modules, packed. Each of those becomes a script
 * of the page when it is first needed, which the page's Content-Security-Policy lets in by its hash.
 */

import type { AnyModel } from "@anywidget/types";
import { element } from "../dom";
import { keyOf, load, provide, useBuild } from "../modules";
import type { Kind, Traits } from "../protocol";
import { answering } from "./answers";
import { read, unpack } from "./packed";

/** What `widget.ts` exports. */
interface Script {
  default(): FrontEnd;
  need(kind: Kind, build: string): Promise<void>;
}

interface FrontEnd {
  initialize(props: { model: AnyModel<Traits>; signal: AbortSignal }): void;
  render(props: { model: AnyModel<Traits>; el: HTMLElement; signal: AbortSignal }): void;
}

/** Where the scripts leave what they export, by name; see `nbstream/widget/_share.py`. */
const EXPORTS = Symbol.for("nbstream.exports");

async function play(): Promise<void> {
  const state = read<Traits>("nbstream-state");
  const modules = read<{ [name: string]: string }>("nbstream-modules");
  useBuild(state._build);
  for (const name of Object.keys(modules)) {
    provide(keyOf(name), async () => run(name, await unpack(modules[name]!)));
  }
  const { default: make, need } = await load<Script>("widget", () => {});
  await need(state._kind, state._build);
  const model = modelOf(state);
  const el = element("main");
  const { signal } = new AbortController();
  const frontEnd = make();
  frontEnd.initialize({ model, signal });
  document.getElementById("nbstream-transcript")!.replaceWith(el);
  frontEnd.render({ model, el, signal });
}

/** Let the page run a script, and return what that exports. */
function run(name: string, source: string): unknown {
  const script = element("script", {}, source);
  document.head.append(script);
  script.remove();
  const exports = (globalThis as { [EXPORTS]?: { [name: string]: unknown } })[EXPORTS]?.[name];
  if (!exports) throw new Error(`This page does not let "${name}" run.`);
  return exports;
}

/** What stands for anywidget's model. Its methods need no `this`. */
function modelOf(state: Traits): AnyModel<Traits> {
  const listeners = new Map<string, Set<(...args: unknown[]) => void>>();
  const of = (name: string) => {
    const found = listeners.get(name) ?? new Set();
    listeners.set(name, found);
    return found;
  };
  const tell = (name: string, ...args: unknown[]) => {
    for (const one of [...of(name)]) one(...args);
  };
  const answer = answering(state, (message) => tell("msg:custom", message));
  const model = {
    get: (name: keyof Traits) => state[name],
    set(name: keyof Traits, value: never) {
      state[name] = value;
      tell(`change:${name}`);
    },
    save_changes() {},
    on: (name: string, listener: () => void) => of(name).add(listener),
    off: (name: string, listener: () => void) => of(name).delete(listener),
    send: answer,
  };
  return model as unknown as AnyModel<Traits>;
}

/** What would load a picture says that nothing is loaded here. */
function keepPictures(event: Event): void {
  const button = event.target instanceof Element && event.target.closest(".nbs-md-image");
  if (!button) return;
  event.preventDefault();
  event.stopPropagation();
  button.textContent = "A picture from elsewhere, which this page does not load";
}

document.addEventListener("click", keepPictures, { capture: true });
play().catch((error) => {
  console.error(error);
  const words = "This browser does not let the page play. Here is what was said.";
  document.body.prepend(element("p", { role: "status" }, words));
});
