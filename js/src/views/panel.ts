/** The frame around the text: status, model, figures, and what went wrong. */

import { element, icon, setText } from "../dom";
import { cutOff, figures, modelName, status } from "../state";
import type { Store } from "../store";
import type { Trait } from "../trait";
import { inspectTokens } from "./inspector";
import { TimelineView } from "./timeline";
import { TokensView } from "./tokens";

const WORDS = {
  waiting: "Waiting",
  streaming: "Streaming",
  done: "Done",
  stopped: "Stopped",
  failed: "Failed",
};

/** What stands where the text would, while there is none. */
const HINTS = {
  waiting: "Waiting for the first token…",
  streaming: "",
  done: "The model gave no text.",
  stopped: "Stopped before any text came.",
  failed: "",
};

/** Milliseconds after which a run that was to stop should have. */
const HEARD_BY = 2000;
const UNHEARD =
  "The kernel is too busy to hear this page. To stop, interrupt it: ■ in the toolbar, or I, I.";

interface PanelProps {
  store: Store;
  el: HTMLElement;
  signal: AbortSignal;
  delimiter: Trait<string>;
}

export function renderPanel({ store, el, signal, delimiter }: PanelProps): void {
  const word = element("span", { class: "nbs-word", role: "status" });
  const model = element("span", { class: "nbs-model" });
  const metrics = element("span", { class: "nbs-metrics" });
  const marks = element(
    "button",
    { type: "button", class: "nbs-button", "aria-label": "Show the borders between chunks" },
    icon("M8 2v12", "M5 5L2 8l3 3", "M11 5l3 3-3 3"),
  );
  const copy = element(
    "button",
    { type: "button", class: "nbs-button", "aria-label": "Copy the text", title: "Copy the text" },
    icon("M5.5 5.5h8v8h-8z", "M10.5 5.5v-3h-8v8h3"),
  );
  const stop = element(
    "button",
    { type: "button", class: "nbs-button nbs-stop", "aria-label": "Stop", title: "Stop" },
    icon("M4.5 4.5h7v7h-7z"),
  );
  const tokens = new TokensView(store.setup);
  const timeline = new TimelineView(store.setup);
  const hint = element("div", { class: "nbs-hint" });
  const errorType = element("strong");
  const errorMessage = element("div");
  const error = element("div", { class: "nbs-error", role: "alert" }, errorType, errorMessage);
  const note = element("div", { class: "nbs-note" });
  const root = element(
    "section",
    { class: "nbstream", "aria-label": "Model output" },
    element(
      "header",
      { class: "nbs-header" },
      element("span", { class: "nbs-status" }, word),
      model,
      metrics,
      element("span", { class: "nbs-buttons" }, stop, marks, copy),
    ),
    hint,
    tokens.el,
    note,
    error,
    timeline.el,
  );
  el.append(root);
  inspectTokens(tokens, root, () => store.state.runs[0]);

  let marked = store.setup.marked ?? delimiter.get() !== "";
  let scheduled = false;
  let unheard = false;

  function update(): void {
    scheduled = false;
    // A view that the notebook has replaced is kept alive but never seen again: spend nothing.
    if (!root.isConnected) return;
    const { state } = store;
    const now = status(state);
    const run = state.runs[0];
    root.dataset.status = now;
    setText(word, WORDS[now]);
    setText(model, modelName(state) ?? "");
    setText(metrics, figures(state).join(" · "));
    const texts = run?.texts ?? [];
    setText(hint, texts.length > 0 ? "" : HINTS[now]);
    copy.disabled = texts.length === 0;
    const running = now === "waiting" || now === "streaming";
    stop.hidden = !running;
    setText(note, running && unheard ? UNHEARD : (cutOff(state) ?? ""));
    setText(errorType, run?.error?.type ?? "");
    setText(errorMessage, run?.error?.message ?? "");
    timeline.update(state.runs);
    if (tokens.update(texts)) schedule();
    root.dataset.shown = String(tokens.shown);
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(update);
  }

  function updateMarks(): void {
    const text = delimiter.get() || "|";
    root.style.setProperty("--nbs-delimiter", cssString(text));
    root.classList.toggle("nbs-marked", marked);
    marks.setAttribute("aria-pressed", String(marked));
    marks.title = marked ? "Hide the borders between chunks" : "Show the borders between chunks";
  }

  delimiter.onChange(() => {
    marked = delimiter.get() !== "";
    store.setup.marked = null;
    updateMarks();
  });
  marks.addEventListener("click", () => {
    store.setup.marked = marked = !marked;
    updateMarks();
  });
  copy.addEventListener("click", async () => {
    await writeClipboard((store.state.runs[0]?.texts ?? []).join(""), root);
    copy.classList.add("nbs-copied");
    copy.title = "Copied";
    setTimeout(() => {
      copy.classList.remove("nbs-copied");
      copy.title = "Copy the text";
    }, 1500);
  });
  timeline.el.addEventListener("toggle", schedule);
  stop.addEventListener("click", () => {
    stop.disabled = true;
    store.stop();
    setTimeout(() => {
      stop.disabled = false;
      unheard = true;
      schedule();
    }, HEARD_BY);
  });
  store.subscribe(schedule, signal);
  // Tells when the view is put on the page, which is after `render`.
  const attached = new ResizeObserver(schedule);
  attached.observe(root);
  signal.addEventListener("abort", () => attached.disconnect());
  updateMarks();
  update();
  schedule();
}

/** Quote a text for CSS `content`. */
export function cssString(text: string): string {
  const escaped = text.replace(/[\\"\n\r\f\0]/g, (c) => `\\${c.charCodeAt(0).toString(16)} `);
  return `"${escaped}"`;
}

async function writeClipboard(text: string, root: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No permission, or not a secure page: the older way works from a click.
    const area = element("textarea", { class: "nbs-offscreen", "aria-hidden": "true" });
    area.value = text;
    root.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
