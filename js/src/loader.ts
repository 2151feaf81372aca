/**
 * What each widget brings to the page: it gets the script that draws all of them, which comes once
 * for the page, and keeps what is said to the widget until that is there.
 */

import type { AnyModel, InitializeProps, RenderProps } from "@anywidget/types";
import { kernelOf, watchKernel } from "./kernel";
import { lifeUntil } from "./life";
import { type Asker, keyOf, LOST, load, loaded, provide, request, useBuild } from "./modules";
import type { Kind, ModuleAnswer, Traits } from "./protocol";

type Model = AnyModel<Traits>;
type Listener = Parameters<Model["on"]>[1];

/** What `widget.ts` exports, and the style sheet that Python has put beside it. */
interface Script {
  default(): FrontEnd;
  style: string;
  makerOf(kind: Kind): unknown;
  need(kind: Kind, build: string): Promise<void>;
}

interface FrontEnd {
  initialize(props: { model: Model; signal: AbortSignal }): unknown;
  render(props: { model: Model; el: HTMLElement; signal: AbortSignal }): unknown;
}

/** Milliseconds after which the reader is told that the script does not come. */
const PATIENCE = 4000;
const ABSENT = "What draws this view comes from the kernel, which is busy or gone.";
const REFUSED = "This page does not let the view be drawn.";

export default () => {
  let frontEnd: FrontEnd | undefined;
  let begun: Promise<void>;
  let problem = ABSENT;
  let sheet = "";
  /** What has happened to the model, until somebody takes it. */
  let heard: { name: string; args: unknown[] }[] = [];

  function begin(model: Model, { default: make, style }: Script, signal: AbortSignal): void {
    if (signal.aborted) return;
    addStyle(style, document.head);
    sheet = style;
    const own = make();
    // Only those that are there from the beginning: views come and go, and none of it is kept here.
    let listeners: { name: string; listener: Listener }[] | null = [];
    const on = (name: string, listener: Listener) => {
      listeners?.push({ name, listener });
      model.on(name, listener);
    };
    own.initialize({ model: Object.create(model, { on: { value: on } }), signal });
    // Nothing can come between: what comes next is told to the listeners themselves.
    for (const { name, args } of heard) {
      for (const one of listeners) if (one.name === name) one.listener(...args);
    }
    listeners = null;
    heard = [];
    frontEnd = own;
  }

  return {
    initialize({ model, signal }: InitializeProps<Traits>) {
      const life = lifeUntil(signal);
      const note = (name: string, ...args: unknown[]) => frontEnd || heard.push({ name, args });
      useBuild(model.get("_build"));
      for (const [key, source] of Object.entries(model.get("_modules") ?? {})) {
        provide(key, source);
      }
      model.on("msg:custom", (message: ModuleAnswer | null, ...more: unknown[]) => {
        if (message?.type === "module") provide(keyOf(message.name), message.source);
        note("msg:custom", message, ...more);
      });
      const lost = () => {
        note("comm_live_update");
        for (const one of askers) one.kernel = LOST;
      };
      watchKernel(model, lost, life.signal);
      const askers: Asker[] = [];
      const want = (name: string) => {
        const asker = {
          kernel: kernelOf(model),
          ask() {
            try {
              model.send({ type: "module", name });
            } catch {
              lost(); // a kernel that is dead takes nothing
            }
          },
        };
        askers.push(asker);
        request(name, asker, life.signal);
      };
      const kind = model.get("_kind");
      const script = loaded<Script>("widget");
      if (script?.makerOf(kind)) {
        begin(model, script, life.signal);
        begun = Promise.resolve();
      } else {
        if (kind !== "run") want(kind); // at the same time as the script
        begun = load<Script>("widget", () => want("widget"))
          .then(async (come) => {
            await come.need(kind, model.get("_build"));
            begin(model, come, life.signal);
          })
          .catch((error) => {
            problem = REFUSED;
            console.error(error);
          });
      }
      return () => life.abort();
    },
    render({ model, el, signal }: RenderProps<Traits>) {
      const life = lifeUntil(signal);
      // Until it is here the text, so that nothing is lost where it never comes.
      const excuse = () => {
        const said = textIn([model.get("_log"), heard]);
        el.style.whiteSpace = "pre-wrap";
        el.textContent = said ? `${problem}\n\n${said}` : problem;
      };
      const timer = setInterval(excuse, PATIENCE);
      const show = () => {
        if (life.signal.aborted) return;
        if (!frontEnd) return excuse();
        clearInterval(timer);
        el.replaceChildren();
        el.style.whiteSpace = "";
        addToShadow(sheet, el);
        frontEnd.render({ model, el, signal: life.signal });
        requestAnimationFrame(() => addToShadow(sheet, el)); // some render first and attach later
      };
      life.signal.addEventListener("abort", () => clearInterval(timer));
      if (frontEnd) show();
      else void begun.then(show);
      return () => life.abort();
    },
  };
};

/** The style sheet is there before the first view is drawn. */
function addStyle(text: string, place: ParentNode): void {
  const id = `nbstream-style-${keyOf("").replace(/\W/g, "")}`;
  if (place.querySelector(`#${id}`)) return;
  const style = document.createElement("style");
  style.id = id;
  style.textContent = text;
  place.append(style);
}

/** Where a host draws a widget in a shadow of its own, as marimo does, the page's styles end. */
function addToShadow(text: string, el: HTMLElement): void {
  const root = el.getRootNode();
  if (root instanceof ShadowRoot) addStyle(text, root);
}

/** The text of all answers in what has come. */
function textIn(come: unknown): string {
  const texts: string[] = [];
  JSON.stringify(come, (_, value) => {
    if (value?.kind === "chunks") {
      const { run, text } = value as { run: number[]; text: string[] };
      texts.push(text.filter((_, i) => run[i] === 0).join(""));
    }
    // Of many runs what their lines show.
    if (value?.type === "batch" && value.texts) texts.push([value.texts.text].flat().join("\n"));
    return value;
  });
  return texts.join("");
}
