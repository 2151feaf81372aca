/** Calling a model again: what writes the call anew, and shows its answer below, is a module. */

import type { AnyModel } from "@anywidget/types";
import { button, on } from "./dom";
import { load } from "./modules";
import type { Traits } from "./protocol";
import type { Store } from "./store";

/** What a button for it sends; whoever shows the run hears it. */
const AGAIN = "nbs-again";

export interface AgainProps {
  model: AnyModel<Traits>;
  store: Store;
  el: HTMLElement;
  ask: (message: object) => void;
  signal: AbortSignal;
}

/** What `src/compare/again.ts` offers. */
export interface AgainModule {
  runAgain(props: AgainProps, run: number | null, from: HTMLElement | null): void;
}

/** A button that lets the reader make a run's call again. */
export function againButton(run: () => number): HTMLElement {
  const el = button("nbs-text-button nbs-run-again", "Run again…");
  on(el, "click", () => el.dispatchEvent(new CustomEvent(AGAIN, { bubbles: true, detail: run() })));
  return el;
}

/** Let the runs of a view be made again. */
export function allowAgain(props: AgainProps): void {
  const { model, store, el, signal } = props;
  const show = (run: number | null, from: HTMLElement | null) =>
    load<AgainModule>("again", () => store.askForModule("again")).then(
      ({ runAgain }) => signal.aborted || runAgain(props, run, from),
      console.error,
    );
  const look = () => model.get("_again")?.length && show(null, null);
  el.classList.add("nbs-runs-again");
  el.addEventListener(AGAIN, ({ detail, target }: CustomEventInit & { target?: unknown }) =>
    show(detail, target as HTMLElement),
  );
  model.on("change:_again", look);
  signal.addEventListener("abort", () => model.off("change:_again", look));
  look();
}
