/**
 * The views of one model that are on the page. When a run ends, the notebook draws its output anew,
 * and the view that was in it moves to where its transcript stands: to make another would cost as
 * much again as all of the run has, and would lose what the reader is at.
 */

import { element, on } from "./dom";
import { lookSoon, release } from "./places";

/** Sent to whatever scrolls in a view that has been moved; it bubbles. */
export const MOVED = "nbs-moved";
/** Milliseconds for which a view that has lost its place is kept. */
const KEPT = 2000;

interface View {
  el: HTMLElement;
  life: AbortController;
  /** Where it is; null when the widget's output is gone. */
  home: HTMLElement | null;
  /** Whether its home is a transcript's, of which nobody says when it goes. */
  isInTranscript: boolean;
  /** Whether it has been on the page there: a notebook renders first and attaches later. */
  wasThere: boolean;
  /** Whether it was off the page when last looked at. */
  wasAway: boolean;
  /** What in it has the focus, or had until it was moved. */
  focused: HTMLElement | null;
}

export class ShownViews {
  #views = new Set<View>();
  #make: (el: HTMLElement, signal: AbortSignal) => void;
  /** Whether there has been any. */
  wereShown = false;

  /** @param make fills an element with a new view, which lives until the signal. */
  constructor(make: (el: HTMLElement, signal: AbortSignal) => void) {
    this.#make = make;
  }

  get isEmpty(): boolean {
    return this.#views.size === 0;
  }

  /** Show a view here until `signal` aborts, or in a transcript's place as long as there is one. */
  show(home: HTMLElement, signal?: AbortSignal): void {
    this.wereShown = true;
    const left = [...this.#views].find(isFree);
    const view = left ?? this.#add();
    view.home = home;
    view.isInTranscript = signal === undefined;
    view.wasThere = home.isConnected;
    view.wasAway = false;
    home.append(view.el);
    if (left) moved(view);
    else this.#make(view.el, view.life.signal);
    signal?.addEventListener("abort", () => {
      if (view.home !== home) return;
      view.home = null;
      setTimeout(() => view.home === null && this.#end(view), KEPT);
    });
  }

  /**
   * End the views whose transcripts have gone for good: their output was cleared or replaced, or
   * their cell is no longer in the document. Cells that are folded or far away are off the page, too.
   *
   * @param isKept whether the document still has the transcript; null where that cannot be told.
   * @returns whether to look again soon: what has just gone may yet be put elsewhere.
   */
  sweep(isKept: () => boolean | null): boolean {
    let again = false;
    for (const view of this.#views) {
      const { home, isInTranscript, wasAway } = view;
      if (!home || !isInTranscript) continue;
      view.wasAway = !home.isConnected;
      if (!view.wasAway || (!isFree(view) && (isInWidget(home) || isKept() !== false))) continue;
      if (wasAway) this.#end(view);
      else again = true;
    }
    return again;
  }

  #add(): View {
    const el = element("div");
    const view: View = {
      el,
      life: new AbortController(),
      home: null,
      isInTranscript: false,
      wasThere: false,
      wasAway: false,
      focused: null,
    };
    const attached = new ResizeObserver(() => {
      view.wasThere ||= el.isConnected;
    });
    attached.observe(el);
    view.life.signal.addEventListener("abort", () => attached.disconnect());
    on(el, "focusin", ({ target }) => {
      view.focused = target as HTMLElement;
    });
    on(el, "focusout", () => {
      // It may have been left, or lost its focus as it went away: only afterwards one can tell.
      setTimeout(() => {
        if (el.isConnected && !el.contains(document.activeElement)) view.focused = null;
      });
    });
    this.#views.add(view);
    return view;
  }

  /** In a transcript's place it stays as it is, as long as that is anywhere; it only does nothing. */
  #end(view: View): void {
    view.life.abort();
    this.#views.delete(view);
    if (view.home) release(view.home);
    else view.el.remove(); // or whoever keeps the output's element keeps all that is in it
    lookSoon();
  }
}

/** Whether its output is gone: those of a cell that is folded or far away are only off the page. */
function isFree({ home, wasThere }: View): boolean {
  if (home === null) return true;
  return wasThere && !home.isConnected && !home.closest(".jp-OutputArea");
}

/** Whether an output is a widget's, which the document knows nothing of. */
function isInWidget(home: HTMLElement): boolean {
  return home.closest(".jupyter-widgets") !== null;
}

function moved({ el, focused }: View): void {
  for (const one of el.querySelectorAll(".nbs-follows")) {
    one.dispatchEvent(new Event(MOVED, { bubbles: true }));
  }
  if (document.activeElement === document.body) focused?.focus({ preventScroll: true });
}
