/** The front end of `ChatView`: a module, which comes with the first conversation of a page. */

import { type ChatAnswer, ChatStore } from "./chat";
import { frontEnd } from "./front_end";
import type { ExportAnswer, Frame } from "./protocol";
import { renderChat } from "./views/chat";

type Message = ChatAnswer | ((Frame | ExportAnswer) & { turn?: number });

export default frontEnd<Message>((model, ask) => {
  const chat = new ChatStore(ask, model.get("_shared"));
  return {
    saved: chat.saved,
    get isRunning() {
      return chat.isRunning;
    },
    open: (log) => chat.open(log),
    take: (message) => {
      if (message.type !== "frame" && message.type !== "export") return chat.take(message);
      const store = chat.turns.get(message.turn ?? -1)?.store;
      if (message.type === "frame") store?.take(message);
      else (store ?? chat).exporter.take(message.text);
    },
    lose: (isGone) => chat.lose(isGone),
    tell: () => chat.path.map(({ store, text }) => ({ store, prompt: text })),
    subscribe: (listener, signal) => chat.subscribe(listener, signal),
    draw: (el, signal) => renderChat({ model, chat, el, signal }),
  };
});
