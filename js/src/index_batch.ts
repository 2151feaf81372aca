/**
 * The front end of `BatchView`: what draws it is a module, which few notebooks need. What comes
 * before that is kept for it, in order.
 */

import type { Kit } from "./batch/kit";
import type { BatchAnswer } from "./batch/protocol";
import { element } from "./dom";
import { type Content, frontEnd } from "./front_end";
import { load } from "./modules";
import { Options } from "./options";
import { Store } from "./store";
import { renderPanel } from "./views/panel";

type Made = Content<BatchAnswer>;

/** What `src/batch/index.ts` offers. */
export interface BatchModule {
  createBatch(kit: Kit): Made;
}

const REFUSED = "This page does not allow what shows the runs.";

export default frontEnd<BatchAnswer>((model, ask) => {
  const saved: Kit["saved"] = { type: "batch" };
  let made: Made | undefined;
  let early: ((made: Made) => void)[] | null = null;
  const hint = element("div");
  const later = (work: (made: Made) => void) => {
    if (made) return work(made);
    if (early) return void early.push(work);
    early = [work];
    load<BatchModule>("batch", () => ask({ type: "module", name: "batch" })).then(
      ({ createBatch }) => {
        made = createBatch({ model, ask, saved, Options, Store, renderPanel });
        for (const work of early ?? []) work(made);
      },
      () => hint.append(REFUSED),
    );
  };
  return {
    saved,
    get isRunning() {
      return made?.isRunning ?? false;
    },
    open: (log) => later((made) => made.open(log)),
    take: (message) => later((made) => made.take(message)),
    lose: (isGone) => later((made) => made.lose(isGone)),
    tell: () => [],
    transcript: (place) => made?.transcript?.(place),
    draw: (el, signal) => {
      el.append(hint);
      later((made) => signal.aborted || made.draw(el, signal));
    },
    subscribe: (listener, signal) => later((made) => made.subscribe(listener, signal)),
  };
});
