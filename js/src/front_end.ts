/**
 * What is the same for all widgets: messages come in where the model lives, its views stand where
 * its outputs or their transcripts are.
 */

import type { AnyModel, InitializeProps, RenderProps } from "@anywidget/types";
import { Bye } from "./bye";
import { watchKernel } from "./kernel";
import { provide, provided } from "./modules";
import { hasTranscript, replaceOutputs, replaceTranscripts } from "./outputs";
import { canTakePlaces, takePlaces, whenLeft } from "./places";
import type { BundleAnswer, ModuleAnswer, Traits } from "./protocol";
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
  /** Draw it into an element, where it lives until the signal. */
  draw(el: HTMLElement, signal: AbortSignal): void;
  /** Called for each place in an output that the widget is shown in. */
  shownIn?(el: HTMLElement, signal: AbortSignal): void;
}

/** What makes a widget's content; `ask` sends a message to Python. */
type Make<M> = (model: AnyModel<Traits>, ask: (message: object) => void) => Content<M>;

/** Messages that all widgets take. */
type Shared = ModuleAnswer | BundleAnswer;

/** The module that anywidget is to find: what it exports makes the front end of one model. */
export function frontEnd<M>(make: Make<M>) {
  return () => {
    // Shared by closure: `initialize` and `render` get different proxies of the model.
    let content: Content<M>;
    let views: ShownViews;

    function take(message: M | Shared | null, model: AnyModel<Traits>): void {
      const shared = message as Shared | null;
      if (shared?.type === "module") {
        provide(shared.name, shared.source);
        // Kept with the widget's state, so that a saved notebook has it: once for the page.
        const first = provided(shared.name) === shared.source;
        if (first) {
          model.set("_modules", { ...model.get("_modules"), [shared.name]: shared.source });
        }
      } else if (shared?.type === "bundle") replaceOutputs(model.widget_manager, shared);
      else if (message) content.take(message as M);
    }

    /** Let the views go whose places have gone, and tell Python when that were all. */
    function watchLeaving(model: AnyModel<Traits>, closed: AbortSignal): void {
      const bye = new Bye(() => send(model, { type: "bye" }));
      const isKept = () => hasTranscript(model.widget_manager, model.get("_place"));
      const leave = whenLeft(() => {
        const again = views.sweep(isKept);
        if (closed.aborted) {
          if (views.isEmpty) leave();
          return again;
        }
        const isGone = views.wereShown && views.isEmpty && isKept() !== true;
        return bye.look(isGone && !content.isRunning) || again || (isGone && content.isRunning);
      });
    }

    function send(model: AnyModel<Traits>, message: object): void {
      try {
        model.send(message);
      } catch {
        lose(model); // a kernel that is dead takes nothing
      }
    }

    /** Note that the kernel is gone; what was under way is put where it is saved, for it cannot. */
    function lose(model: AnyModel<Traits>): void {
      const { isRunning } = content;
      content.lose(true);
      if (!isRunning || !canTakePlaces()) return;
      const place = model.get("_place");
      replaceTranscripts(model.widget_manager, place, transcript(place, content.tell()));
    }

    return {
      initialize({ model, signal }: InitializeProps<Traits>) {
        const life = lifeUntil(signal);
        content = make(model, (message) => send(model, message));
        for (const [name, source] of Object.entries(model.get("_modules") ?? {})) {
          provide(name, source);
        }
        model.on("msg:custom", (message: M | null) => {
          content.lose(false); // it speaks
          try {
            take(message, model);
          } catch (error) {
            console.error(error); // whatever it was, the messages behind it are taken
          }
        });
        watchKernel(model, () => lose(model), life.signal);
        signal?.addEventListener("abort", () => content.lose(true));
        content.open(model.get("_log"));
        // Frames are messages, which a saved notebook does not keep. What it does keep is this.
        model.set("_log", content.saved as Traits["_log"]);
        // Not with the model that `render` is given: what listens to that one goes when a view does.
        views = new ShownViews((el, signal) => content.draw(el, signal));
        if (canTakePlaces()) {
          watchLeaving(model, life.signal);
          takePlaces(model.get("_place"), (el) => views.show(el), life.signal);
          send(model, { type: "hello" });
        }
        return () => life.abort();
      },
      render({ el, signal }: RenderProps<Traits>) {
        const life = lifeUntil(signal);
        views.show(el, life.signal);
        if (canTakePlaces()) content.shownIn?.(el, life.signal);
        return () => life.abort();
      },
    };
  };
}

/** What ends at the signal, or by hand: anywidget before 0.11 has no signals. */
function lifeUntil(signal: AbortSignal | undefined): AbortController {
  const life = new AbortController();
  signal?.addEventListener("abort", () => life.abort());
  return life;
}
