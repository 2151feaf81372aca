/** The module that draws a `BatchView`; a page asks for it when it gets the first. */

import type { Content } from "../front_end";
import type { BatchAnswer, Kit } from "./kit";
import { BatchStore } from "./store";
import { transcriptOf } from "./transcript";
import { renderBatch } from "./view";

export { useBuild } from "../modules";

export function createBatch(kit: Kit): Content<BatchAnswer> {
  const batch = new BatchStore(kit.ask, (ask) => new kit.Store(ask));
  Object.defineProperty(kit.saved, "frame", { get: () => batch.lines.frame(), enumerable: true });
  return {
    saved: kit.saved,
    get isRunning() {
      return batch.isRunning;
    },
    open: (log) => batch.open(log),
    take: (message) => batch.take(message),
    lose: (isGone) => batch.lose(isGone),
    tell: () => [],
    transcript: (place) => transcriptOf(place, batch),
    draw: (el, signal) => renderBatch(batch, kit, el, signal),
    subscribe: (listener, signal) => batch.subscribe(listener, signal),
  };
}
