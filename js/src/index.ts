/** The widget's front end: messages come in where the model lives, views show what it holds. */

import type { InitializeProps, RenderProps } from "@anywidget/types";
import type { Frame, Traits } from "./protocol";
import { Store } from "./store";
import "./theme.css";
import { traitOf } from "./trait";
import { renderPanel } from "./views/panel";

export default () => {
  // Shared by closure: `initialize` and `render` get different proxies of the model.
  let store: Store;
  return {
    initialize({ model }: InitializeProps<Traits>) {
      store = new Store((message) => model.send(message));
      model.on("msg:custom", (message: unknown) => {
        if (isFrame(message)) store.take(message);
      });
      const log = model.get("_log");
      if (isFrame(log)) store.take(log);
    },
    render({ model, el, signal }: RenderProps<Traits>) {
      renderPanel({ store, el, signal, delimiter: traitOf(model, "delimiter", signal) });
    },
  };
};

function isFrame(message: unknown): message is Frame {
  return (message as Frame | null)?.type === "frame";
}
