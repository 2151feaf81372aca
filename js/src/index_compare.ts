/** The front end of `CompareView`: a module, which comes with the first comparison of a page. */

import { arrange } from "./compare/view";
import { element } from "./dom";
import { frontEnd } from "./front_end";
import { Options } from "./options";
import type { ExportAnswer, Frame, Words } from "./protocol";
import { dicts, text } from "./read";
import { Store } from "./store";
import { renderPanel } from "./views/panel";

export interface Column {
  name: string;
  store: Store;
}

type Message = (Frame | ExportAnswer | Words | { type: "columns"; columns: unknown }) & {
  column?: number;
};

export default frontEnd<Message>((model, ask) => {
  /** What is said of all columns, and to all who look at them. */
  const isShared = model.get("_shared");
  const whole = new Store(ask, isShared);
  const columns: Column[] = [];
  const saved = { columns: [] as object[] };

  /** Take the columns that are not here yet. */
  function open(log: object): void {
    for (const item of dicts((log as typeof saved).columns).slice(columns.length)) {
      const column = columns.length;
      const name = text(item.name);
      const tell = (message: object) => ask(Object.assign({ column }, message));
      const store = new Store(tell, isShared);
      for (const frame of dicts(item.frames)) store.open(frame);
      columns.push({ name, store });
      saved.columns.push({ name, frames: store.saved.frames });
      store.subscribe(() => whole.notify(), new AbortController().signal);
    }
    whole.notify();
  }

  return {
    saved,
    get isRunning() {
      return columns.some(({ store }) => store.live.runs[0] && store.isRunning);
    },
    open,
    take(message) {
      const store = columns[message.column!]?.store ?? whole;
      if (message.type === "columns") open(message);
      else if (message.type === "frame") store.take(message);
      else if (message.type === "export") store.exporter.take(message.text);
      else store.say(message);
    },
    lose(isGone) {
      for (const { store } of columns) store.lose(isGone);
    },
    tell: () => columns,
    subscribe: (listener, signal) => whole.subscribe(listener, signal),
    draw(el, signal) {
      const list = element("div", { class: "nbs-columns" });
      const root = element("section", { class: "nbstream", "aria-label": "Comparison" }, list);
      el.append(root);
      const write = () => {
        for (const { name, store } of columns.slice(list.children.length)) {
          const options = new Options(model, store.setup, signal);
          const column = element("section", {}, element("bdi", {}, name));
          list.append(column);
          renderPanel({ store, el: column, signal, options });
        }
      };
      whole.subscribe(write, signal);
      write();
      arrange({ model, columns, whole, root, list, ask, signal });
    },
  };
});
