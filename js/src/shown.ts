/**
 * The views of one model that are on the page. When a run ends, the notebook draws its output anew,
 * and the view that was in it moves to where its transcript stands: to make another would cost as
 * much again as all of the run has, and would lose what the reader is at.
 */

import { element, on } from "./dom";

/** Sent to whatever scrolls in a view that has been moved; it bubbles. */
export const MOVED = "nbs-moved";
/** Milliseconds for which a view that has lost its place is kept. */
const KEPT = 2000;

interface View {
  el: HTMLElement;
  life: AbortController;
  /** Where it is; null when the widget's output is gone. */
  home: HTMLElement | null;
  /** Whether it has been on the page there: a notebook renders first and attaches later. */
  wasThere: boolean;
  /** What in it has the focus, or had until it was moved. */
  focused: HTMLElement | null;
}

export class ShownViews {
  #views = new Set<View>();
  #make: (el: HTMLElement, signal: AbortSignal) => void;

  /** @param make fills an element with a new view, which lives until the signal. */
  constructor(make: (el: HTMLElement, signal: AbortSignal) => void) {
    this.#make = make;
  }

  /** Show a view here until `signal` aborts, or in a transcript's place as long as there is one. */
  show(home: HTMLElement, signal?: AbortSignal): void {
    const left = [...this.#views].find(isFree);
    const view = left ?? this.#add();
    view.home = home;
    view.wasThere = home.isConnected;
    home.append(view.el);
    if (left) moved(view);
    else this.#make(view.el, view.life.signal);
    signal?.addEventListener("abort", () => {
      if (view.home !== home) return;
      view.home = null;
      setTimeout(() => view.home === null && this.#end(view), KEPT);
    });
  }

  #add(): View {
    const el = element("div");
    const view: View = {
      el,
      life: new AbortController(),
      home: null,
      wasThere: false,
      focused: null,
    };
    new ResizeObserver(() => {
      view.wasThere ||= el.isConnected;
    }).observe(el);
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

  #end(view: View): void {
    view.life.abort();
    this.#views.delete(view);
  }
}

/** Whether its output is gone: those of a cell that is folded or far away are only off the page. */
function isFree({ home, wasThere }: View): boolean {
  if (home === null) return true;
  return wasThere && !home.isConnected && !home.closest(".jp-OutputArea");
}

function moved({ el, focused }: View): void {
  for (const one of el.querySelectorAll(".nbs-follows")) {
    one.dispatchEvent(new Event(MOVED, { bubbles: true }));
  }
  if (document.activeElement === document.body) focused?.focus({ preventScroll: true });
}
