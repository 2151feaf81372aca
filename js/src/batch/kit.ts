/** What the page's script lends this module, so that it does not bring it once more. */

import type { AnyModel } from "@anywidget/types";
import type { Options } from "../options";
import type { Traits } from "../protocol";
import type { Store } from "../store";
import type { renderPanel } from "../views/panel";
import type { BatchAnswer, SavedBatch } from "./protocol";

export interface Kit {
  model: AnyModel<Traits>;
  /** Sends a message to Python. */
  ask: (message: object) => void;
  /** What a saved notebook keeps of it; filled in here. */
  saved: Partial<SavedBatch>;
  Options: typeof Options;
  Store: typeof Store;
  renderPanel: typeof renderPanel;
}

export type { BatchAnswer };
