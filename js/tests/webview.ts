/**
 * A page for a notebook's outputs as VS Code makes it, for the browser tests: VS Code's own widget
 * managers (`make build/webview/.ready`) on a real kernel, one mime type of each output, the widget
 * first, and the HTML where there is no such widget.
 */

import { type Kernel, KernelAPI, KernelManager, ServerConnection } from "@jupyterlab/services";

type Bundle = { [mime: string]: unknown };

interface Manager {
  has_model(id: string): boolean;
  get_model(id: string): Promise<unknown>;
  create_view(model: unknown): Promise<unknown>;
  display_view(message: null, view: unknown, options: { node: HTMLElement }): Promise<unknown>;
}

interface Page {
  define: unknown;
  requirejs: { config(settings: object): void };
  vscIPyWidgets: {
    WidgetManager: new (
      kernel: Kernel.IKernelConnection,
      el: HTMLElement,
      loader: object,
      log: (words: string) => void,
    ) => Manager;
  };
}

interface Settings {
  url: string;
  token: string;
  kernel: string;
  /** Of ipywidgets: 7 or 8. */
  version: number;
  /** Whether all that can be drawn of an output is. */
  drawsAll: boolean;
}

interface Output {
  el: HTMLElement;
  data: Bundle;
  /** What is drawn: a widget that is drawn already stays. */
  drawn: string;
}

const page = window as unknown as Page & { webview: object };
const WIDGET = "application/vnd.jupyter.widget-view+json";
const HTML = "text/html";

const outputs: Output[] = [];
const byDisplayId = new Map<string, Output>();
let kernel: Kernel.IKernelConnection;
let manager: Manager | undefined;
let drawsAll = false;

async function connect(settings: Settings): Promise<void> {
  const { url, token, version } = settings;
  drawsAll = settings.drawsAll;
  const ws = url.replace("http", "ws");
  const serverSettings = ServerConnection.makeSettings({ baseUrl: url, wsUrl: ws, token });
  const model = (await KernelAPI.listRunning(serverSettings)).find(
    ({ id }) => id === settings.kernel,
  )!;
  kernel = new KernelManager({ serverSettings }).connectTo({ model });
  kernel.commsOverSubshells = "disabled" as never; // VS Code has none
  await kernel.info;
  const { activate } = await import(/* @vite-ignore */ `${url}/webview/ipywidgets${version}.js`);
  activate();
  (page as unknown as { [name: string]: { load(): void } })[`vscIPyWidgets${version}`]!.load();
  const loader = {
    widgetsRegisteredInRequireJs: new Set(),
    errorHandler: (...words: unknown[]) => console.error(...words),
    successHandler: () => {},
    loadWidgetScript: async (name: string) =>
      page.requirejs.config({ paths: { [name]: `${url}/webview/nbextensions/${name}/index` } }),
  };
  const { WidgetManager } = page.vscIPyWidgets;
  manager = new WidgetManager(kernel, document.body, loader, () => {});
}

/** Run a cell; its outputs come below those that are there. */
async function run(code: string): Promise<void> {
  const future = kernel.requestExecute({ code });
  future.onIOPub = ({ header: { msg_type }, content }) => {
    const { data, transient } = content as { data: Bundle; transient?: { display_id?: string } };
    const id = transient?.display_id;
    if (msg_type === "display_data" || msg_type === "execute_result") {
      const output = add(data);
      if (id) byDisplayId.set(id, output);
    } else if (msg_type === "error") {
      add({ "text/plain": JSON.stringify(content) });
    }
  };
  await future.done;
}

/** A thread goes on after its cell, so these come from anywhere. */
function watchUpdates(): void {
  kernel.iopubMessage.connect((_, { header, content }) => {
    if (header.msg_type !== "update_display_data") return;
    const { data, transient } = content as unknown as {
      data: Bundle;
      transient: { display_id: string };
    };
    const output = byDisplayId.get(transient.display_id);
    if (output) void draw(Object.assign(output, { data }));
  });
}

function add(data: Bundle): Output {
  const el = document.createElement("div");
  document.body.append(el);
  const output = { el, data, drawn: "" };
  outputs.push(output);
  void draw(output);
  return output;
}

async function draw(output: Output): Promise<void> {
  const { el, data } = output;
  const id = (data[WIDGET] as { model_id: string } | undefined)?.model_id ?? "";
  const isWidget = id !== "" && !!manager?.has_model(id);
  if (!isWidget || output.drawn !== id) el.replaceChildren();
  if (!isWidget || drawsAll) {
    el.querySelector(":scope > .html")?.remove();
    const html = document.createElement("div");
    html.className = "html";
    html.innerHTML = String(data[HTML] ?? data["text/plain"]);
    el.append(html);
  }
  if (!isWidget || output.drawn === id) return;
  output.drawn = id;
  const node = document.createElement("div");
  el.className = node.className = "cell-output-ipywidget-background";
  el.prepend(node);
  const view = await manager!.create_view(await manager!.get_model(id));
  await manager!.display_view(null, view, { node });
}

page.webview = {
  async connect(settings: Settings) {
    await connect(settings);
    watchUpdates();
  },
  run,
  /** Show the outputs of a notebook that was saved. */
  reopen: (saved: Bundle[]) => saved.forEach(add),
  saved: () => outputs.map(({ data }) => data),
};
