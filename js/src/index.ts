/** The widgets' front end: messages come in where the model lives, views show what it holds. */

import type { AnyModel, InitializeProps, RenderProps } from "@anywidget/types";
import { type ChatAnswer, ChatStore } from "./chat";
import { provide, provided } from "./modules";
import { Options } from "./options";
import { replaceOutputs } from "./outputs";
import { canTakePlaces, takePlaces } from "./places";
import type { Answer, Traits } from "./protocol";
import { ShownViews } from "./shown";
import { isRunning } from "./state";
import { Store } from "./store";
import "./theme.css";
import { renderChat } from "./views/chat";
import { renderPanel } from "./views/panel";

/** Milliseconds after a run's end by which its output has been updated, where Jupyter does that. */
const LEFT_BY = 1000;

type Message = ((Answer & { turn?: number }) | ChatAnswer) | null;

export default () => {
  // Shared by closure: `initialize` and `render` get different proxies of the model.
  let chat: ChatStore | null = null;
  let store: Store;
  let views: ShownViews;

  function take(message: Message, model: AnyModel<Traits>): void {
    if (message?.type === "module") {
      provide(message.name, message.source);
      // Kept with the widget's state, so that a saved notebook has it: once for the page.
      const first = provided(message.name) === message.source;
      if (first) model.set("_modules", { [message.name]: message.source });
    } else if (message?.type === "frame" || message?.type === "export") {
      const target = chat ? chat.turns.get(message.turn ?? -1)?.store : store;
      if (message.type === "frame") target?.take(message);
      else target?.exported(message);
    } else if (message?.type === "bundle") {
      replaceOutputs(model.widget_manager, message);
    } else if (message && chat) chat.take(message);
  }

  return {
    initialize({ model }: InitializeProps<Traits>) {
      const ask = (message: unknown) => model.send(message);
      if (model.get("_kind") === "chat") chat = new ChatStore(ask);
      store = new Store(ask);
      const own = chat ?? store;
      for (const [name, source] of Object.entries(model.get("_modules") ?? {})) {
        provide(name, source);
      }
      model.on("msg:custom", (message: Message) => take(message, model));
      own.open(model.get("_log"));
      // Frames are messages, which a saved notebook does not keep. What it does keep is this.
      model.set("_log", own.saved as Traits["_log"]);
      // Not with the model that `render` is given: what listens to that one goes when a view does.
      views = new ShownViews((el, signal) => {
        if (chat) renderChat({ model, chat, el, signal });
        else renderPanel({ store, el, signal, options: new Options(model, store.setup, signal) });
      });
      if (!canTakePlaces()) return;
      takePlaces(model.get("_place"), (el) => views.show(el));
      model.send({ type: "hello" });
    },
    render({ el, signal }: RenderProps<Traits>) {
      views.show(el, signal);
      if (chat || !canTakePlaces()) return;
      // A run that is over leaves its transcript in the output, which takes this view away.
      let timer = 0;
      store.subscribe(() => {
        if (timer || isRunning(store.live)) return;
        timer = window.setTimeout(() => el.isConnected && store.askForBundle(), LEFT_BY);
      }, signal);
      store.notify();
    },
  };
};
