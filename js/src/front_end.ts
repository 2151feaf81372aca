/**
 * What is the same for all widgets: messages come in where the model lives, its views stand where
 * its outputs or their transcripts are.
 */

import type { AnyModel, InitializeProps, RenderProps } from "@anywidget/types";
import { Bye } from "./bye";
import { Keeper } from "./keeper";
import { kernelOf, watchKernel } from "./kernel";
import { lifeUntil } from "./life";
import { type Asker, keyOf, LOST, provide, request, useBuild } from "./modules";
import {
  type Bundle,
  hasTranscript,
  isPages,
  isUnfinished,
  keepInFile,
  replaceTranscripts,
} from "./outputs";
import { canTakePlaces, isPlace, lookSoon, takePlaces, whenLeft } from "./places";
import type {
  BundleAnswer,
  LogAnswer,
  ModuleAnswer,
  ModuleRequest,
  OpenRequest,
  Traits,
} from "./protocol";
import { ShownViews } from "./shown";
import { type Told, transcript } from "./transcript";

/** What a widget holds and how it is drawn; `M` are the messages that it takes. */
export interface Content<M> {
  /** What a saved notebook keeps of it. */
  readonly saved: object;
  /** Whether something is under way. */
  readonly isRunning: boolean;
  /** Take all there is, as a page finds it when it opens. */
  open(log: object): void;
  take(message: M): void;
  /** Note that the kernel is gone, or there again. */
  lose(isGone: boolean): void;
  /** What a transcript of it has. */
  tell(): Told[];
  /** The transcript of what tells nothing, since it is no answer or several. */
  transcript?(place: string): Bundle | undefined;
  /** Draw it into an element, where it lives until the signal. */
  draw(el: HTMLElement, signal: AbortSignal): void;
  /** Call `listener` at each change, until the signal. */
  subscribe(listener: () => void, signal: AbortSignal): void;
}

/** Milliseconds after a run's end by which its output has been updated, where Jupyter does that. */
const LEFT_BY = 1000;

/** What anywidget finds in a script: the front end of one model. */
export interface Made {
  initialize(props: InitializeProps<Traits>): () => void;
  render(props: RenderProps<Traits>): () => void;
}

/** What makes a widget's content; `ask` sends a message to Python. */
type Make<M> = (model: AnyModel<Traits>, ask: (message: object) => void) => Content<M>;

/** Messages that all widgets take. */
type Shared = ModuleAnswer | BundleAnswer | LogAnswer;

/** The module that anywidget is to find: what it exports makes the front end of one model. */
export function frontEnd<M>(make: Make<M>): () => Made {
  return () => {
    // Shared by closure: `initialize` and `render` get different proxies of the model.
    let content: Content<M>;
    let views: ShownViews;
    let own: AnyModel<Traits>; // what listens to the one that `render` gets goes with its view
    let keeper: Keeper;
    /** Who asks for each module. */
    const askers = new Map<string, Asker>();

    function take(message: M | Shared | null): void {
      const shared = message as Shared | null;
      if (shared?.type === "module") {
        provide(keyOf(shared.name), shared.source);
        keeper.update();
      } else if (shared?.type === "bundle") {
        const { data, metadata } = shared;
        replaceTranscripts(own.widget_manager, own.get("_place"), data, metadata);
      } else if (shared?.type === "log") content.open(shared.log);
      else if (message) content.take(message as M);
    }

    /** Ask for a module, once for all that wait for it. */
    function want(message: ModuleRequest, closed: AbortSignal): void {
      const { name } = message;
      keeper.need(keyOf(name));
      if (askers.has(name)) return;
      const asker = { kernel: kernelOf(own), ask: () => send(message) };
      askers.set(name, asker);
      request(name, asker, closed);
    }

    /** Let the views go whose places have gone, and tell Python when that were all. */
    function watchLeaving(closed: AbortSignal): void {
      const bye = new Bye(() => send({ type: "bye" }));
      const isKept = () => hasTranscript(own.widget_manager, own.get("_place"));
      const leave = whenLeft(() => {
        const again = views.sweep(isKept);
        if (closed.aborted) {
          if (views.isEmpty) leave();
          return again;
        }
        const isGone = views.wereShown && views.isEmpty && isKept() !== true;
        return bye.look(isGone && !content.isRunning) || again || (isGone && content.isRunning);
      });
      // Without it a model that is closed is kept until the page changes once more.
      closed.addEventListener("abort", lookSoon);
    }

    function send(message: object): void {
      try {
        own.send(message);
      } catch {
        lose(); // a kernel that is dead takes nothing
      }
    }

    /** Note that the kernel is gone; what was under way is put where it is saved, for it cannot. */
    function lose(): void {
      const { isRunning } = content;
      content.lose(true);
      for (const asker of askers.values()) asker.kernel = LOST;
      if (!isRunning || !canTakePlaces()) return;
      const place = own.get("_place");
      replaceTranscripts(own.widget_manager, place, written(place));
    }

    function written(place: string): Bundle {
      return content.transcript?.(place) ?? transcript(place, content.tell());
    }

    /** Let a notebook that is saved before Python has left its transcript have one all the same. */
    function keepSaved(signal: AbortSignal): void {
      const place = own.get("_place");
      const keep = (output: Bundle) =>
        content.isRunning || isUnfinished(output) ? written(place) : null;
      keepInFile(own.widget_manager, place, keep, signal);
    }

    /**
     * Once nothing runs any more, ask for what is to be left in the output, if that is not there by
     * then: where Jupyter updates the output, this element goes.
     */
    function askForTranscript(el: HTMLElement, signal: AbortSignal): void {
      const life = lifeUntil(signal);
      const place = new WeakRef(el); // the listener stays, and an output that is gone is to go
      let isWanted = isPages(el) || !isPlace(el);
      let timer = 0;
      const look = () => {
        isWanted ||= content.isRunning;
        if (timer || !isWanted || content.isRunning) return;
        timer = window.setTimeout(() => {
          timer = 0;
          if (content.isRunning) return;
          life.abort(); // the element that comes in its place looks for itself
          if (place.deref()?.isConnected) send({ type: "bundle" });
        }, LEFT_BY);
      };
      content.subscribe(look, life.signal);
      look();
    }

    return {
      initialize({ model, signal }: InitializeProps<Traits>) {
        const life = lifeUntil(signal);
        own = model;
        useBuild(model.get("_build"));
        content = make(model, (message) => {
          const { type } = message as { type: string };
          if (type === "module") want(message as ModuleRequest, life.signal);
          else send(message);
        });
        for (const [key, source] of Object.entries(model.get("_modules") ?? {})) {
          provide(key, source);
        }
        keeper = new Keeper(model, life.signal);
        keeper.need(keyOf("widget"));
        const kind = model.get("_kind");
        if (kind !== "run") keeper.need(keyOf(kind));
        model.on("msg:custom", (message: M | null) => {
          content.lose(false); // it speaks
          try {
            take(message);
          } catch (error) {
            console.error(error); // whatever it was, the messages behind it are taken
          }
        });
        watchKernel(model, lose, life.signal);
        signal?.addEventListener("abort", () => content.lose(true));
        content.open(model.get("_log"));
        // Frames are messages, which a saved notebook does not keep. What it does keep is this.
        model.set("_log", content.saved as Traits["_log"]);
        views = new ShownViews((el, signal) => content.draw(el, signal));
        if (canTakePlaces()) {
          watchLeaving(life.signal);
          keepSaved(life.signal);
          const mount = (el: HTMLElement) => {
            views.show(el);
            askForTranscript(el, life.signal);
          };
          takePlaces(model.get("_place"), mount, life.signal);
          send({ type: "hello" });
        } else {
          // JupyterLab keeps messages for a page that opens; marimo, for one, drops them.
          send({ type: "open" } satisfies OpenRequest);
        }
        return () => life.abort();
      },
      render({ el, signal }: RenderProps<Traits>) {
        const life = lifeUntil(signal);
        views.show(el, life.signal);
        if (canTakePlaces()) askForTranscript(el, life.signal);
        return () => life.abort();
      },
    };
  };
}
