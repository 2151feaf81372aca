/** The front end of `BatchView`: a module, which comes with the first batch of a page. */

import type { AnyModel } from "@anywidget/types";
import type { BatchAnswer, SavedBatch } from "./batch/protocol";
import { BatchStore } from "./batch/store";
import { transcriptOf } from "./batch/transcript";
import { renderBatch } from "./batch/view";
import { type Content, frontEnd } from "./front_end";
import type { Traits } from "./protocol";

export function createBatch(
  model: AnyModel<Traits>,
  ask: (message: object) => void,
): Content<BatchAnswer> {
  const batch = new BatchStore(ask);
  const saved: SavedBatch = {
    type: "batch",
    // Made when it is saved: all frames of a batch would be much more than its table.
    get frame() {
      return batch.lines.frame();
    },
  };
  return {
    saved,
    get isRunning() {
      return batch.isRunning;
    },
    open: (log) => batch.open(log),
    take: (message) => batch.take(message),
    lose: (isGone) => batch.lose(isGone),
    tell: () => [],
    transcript: (place) => transcriptOf(place, batch),
    draw: (el, signal) => renderBatch(batch, model, el, signal),
    subscribe: (listener, signal) => batch.subscribe(listener, signal),
  };
}

export default frontEnd<BatchAnswer>(createBatch);
