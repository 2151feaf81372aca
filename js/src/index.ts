/** The front end of `StreamView`. */

import { allowAgain } from "./again";
import { frontEnd } from "./front_end";
import { Options } from "./options";
import type { BranchesAnswer, ExportAnswer, Frame, Words } from "./protocol";
import { Store } from "./store";
import "./theme.css";
import { renderPanel } from "./views/panel";

export default frontEnd<Frame | ExportAnswer | Words | BranchesAnswer>((model, ask) => {
  const store = new Store(ask, model.get("_shared"));
  return {
    saved: store.saved,
    get isRunning() {
      return store.live.runs.length > 0 && store.isRunning;
    },
    open: (log) => store.open(log),
    take: (message) => {
      if (message.type === "frame") store.take(message);
      else if (message.type === "export") store.exporter.take(message.text);
      else if (message.type === "problem" || message.type === "notice") store.say(message);
      else for (const hear of store.heard) hear(message);
    },
    lose: (isGone) => store.lose(isGone),
    tell: () => [{ store }],
    draw: (el, signal) => {
      renderPanel({ store, el, signal, options: new Options(model, store.setup, signal) });
      allowAgain({ model, store, el, ask, signal });
    },
    subscribe: (listener, signal) => store.subscribe(listener, signal),
  };
});
