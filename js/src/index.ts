/** The widget's front end: messages come in where the model lives, views show what it holds. */

import type { InitializeProps, RenderProps } from "@anywidget/types";
import { provide, provided } from "./modules";
import { Options } from "./options";
import type { Answer, Traits } from "./protocol";
import { Store } from "./store";
import "./theme.css";
import { renderPanel } from "./views/panel";

export default () => {
  // Shared by closure: `initialize` and `render` get different proxies of the model.
  let store: Store;
  return {
    initialize({ model }: InitializeProps<Traits>) {
      store = new Store((message) => model.send(message));
      for (const [name, source] of Object.entries(model.get("_modules") ?? {})) {
        provide(name, source);
      }
      model.on("msg:custom", (message: Answer | null) => {
        if (message?.type === "frame") store.take(message);
        else if (message?.type === "export") store.exported(message);
        else if (message?.type === "module") {
          provide(message.name, message.source);
          // Kept with the widget's state, so that a saved notebook has it: once for the page.
          const first = provided(message.name) === message.source;
          if (first) model.set("_modules", { [message.name]: message.source });
        }
      });
      store.open(model.get("_log"));
      // Frames are messages, which a saved notebook does not keep. What it does keep is this.
      model.set("_log", store.saved);
    },
    render({ model, el, signal }: RenderProps<Traits>) {
      renderPanel({ store, el, signal, options: new Options(model, store.setup, signal) });
    },
  };
};
