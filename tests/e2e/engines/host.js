/**
 * A page without a notebook: opens the widgets that the server (pages.py) has, as anywidget does.
 */

const at = (path) => `${location.origin}${path}`;

/** Its methods need no `this`: the front end makes models of its own from it. */
function modelOf(id, state) {
  const listeners = new Map();
  const model = {
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      model.emit(`change:${name}`);
    },
    save_changes() {},
    on(name, listener) {
      if (!listeners.has(name)) listeners.set(name, new Set());
      listeners.get(name).add(listener);
    },
    off: (name, listener) => listeners.get(name)?.delete(listener),
    emit(name, ...args) {
      for (const one of [...(listeners.get(name) ?? [])]) one(...args);
    },
    send(content) {
      fetch(at(`/send/${id}`), { method: "POST", body: JSON.stringify(content) });
    },
  };
  return model;
}

async function open(id) {
  const state = await (await fetch(at(`/state/${id}`))).json();
  const model = modelOf(id, state);
  const messages = new EventSource(at(`/messages/${id}`));
  messages.onmessage = ({ data }) => {
    const { method, content, state: changed } = JSON.parse(data);
    if (method === "custom") model.emit("msg:custom", content);
    else for (const [name, value] of Object.entries(changed ?? {})) model.set(name, value);
  };
  await new Promise((resolve) => (messages.onopen = resolve));
  const source = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  const { default: make } = await import(source);
  const widget = make();
  const { signal } = new AbortController();
  await widget.initialize({ model, signal });
  const el = document.createElement("div");
  document.body.append(el);
  await widget.render({ model, el, signal });
}

for (const id of new URLSearchParams(location.search).getAll("widget")) open(id);
