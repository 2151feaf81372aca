/** The whole of a view: the header, the tabs, and what they show. */

import { againButton } from "../again";
import { Announcer } from "../announcer";
import { type Drawn, drawSoon } from "../clock";
import { button, element, on, setText } from "../dom";
import { keepKeys } from "../keys";
import type { Options } from "../options";
import type { ViewName } from "../protocol";
import { MOVED } from "../shown";
import { watchSight } from "../sight";
import { cutOff, isAsking, type RunState } from "../state";
import type { Store } from "../store";
import { isConversation } from "../turns";
import { count, number } from "../words";
import { DetailsView } from "./details";
import { EventsView } from "./events";
import { FiguresView } from "./figures";
import { HeaderView } from "./header";
import { inspectTokens } from "./inspector";
import { MarkdownPanel } from "./markdown";
import { OddsPlace, odds } from "./odds";
import { ReplayView } from "./replay";
import { several } from "./several";
import { TabsView } from "./tabs";
import { TimelineView } from "./timeline";
import { TokensView } from "./tokens";
import { TokenTools } from "./tools";
import { TranscriptPage } from "./transcript";

/** What stands where the text would, while there is none. */
const HINTS = {
  waiting: "Waiting for the first token…",
  streaming: "",
  stopping: "",
  done: "The model gave no text.",
  stopped: "Stopped before any text came.",
  failed: "",
  gone: "",
};

/** Milliseconds between two looks at a run that goes on without news: its clock does. */
const TICK = 250;
const ASKS = "A call waits for your approval: see the Transcript.";
const GONE = "The kernel is gone: this is the text received so far.";
const UNHEARD = "The kernel is too busy to hear this page. To stop, interrupt it: ";

/** A page that grows, with its end in sight. */
interface Growing {
  /** Write what is new. Returns whether there is more. */
  update(run: RunState | undefined): boolean;
  /** Read, and scroll, once all is written. Returns whether to look again in the next frame. */
  follow(isMore: boolean): boolean;
}

interface PanelProps {
  store: Store;
  el: HTMLElement;
  signal: AbortSignal;
  options: Options;
  /** Buttons of whoever shows the panel, for its header. */
  actions?: HTMLElement[];
  /** Whether whoever shows the panel sees to the keyboard where a button goes. */
  keepsFocus?: boolean;
  /** Whether whoever shows the panel shows what was asked, too. */
  isAsked?: boolean;
}

export function renderPanel(props: PanelProps): void {
  const { store, el, signal, options, actions = [], keepsFocus = false } = props;
  const { setup } = store;
  const root = element("section", {
    class: "nbstream mathjax_ignore tex2jax_ignore",
    "aria-label": "Model output",
    // What had the keyboard may go: then the panel has it, and the notebook its keys.
    tabindex: "-1",
  });
  options.lend(store);
  const unheard = () => `${UNHEARD}${options.get("_interrupt")}.`;
  const header = new HeaderView(store, root, () => options.get("delimiter"), schedule);
  const tabs = new TabsView((name) => {
    options.choose("view", name);
    schedule();
  });
  const tokens = new TokensView(setup, schedule);
  const manager = () => options.manager;
  const markdown = new MarkdownPanel(store, setup, manager);
  const isAsked = props.isAsked ?? false;
  const transcript = new TranscriptPage({ store, manager, isAsked });
  const events = new EventsView(store, signal);
  const timeline = new TimelineView(setup, (run) => store.select(run));
  const details = new DetailsView();
  const again = againButton(() => setup.selected!);
  const figures = new FiguresView();
  const replay = new ReplayView(store.replay, () => {
    setup.replayOpen = false;
    schedule();
    header.focusReplay();
  });
  const tools = new TokenTools(options, look);
  const announcer = new Announcer();
  const hint = element("div", { class: "nbs-hint" });
  const errorType = element("strong");
  const errorMessage = element("div");
  const error = element("div", { class: "nbs-error", role: "alert" }, errorType, errorMessage);
  const note = element("div", { class: "nbs-note", role: "status" });
  const problem = element("div", { class: "nbs-problem", role: "alert" });
  const notice = element("div", { class: "nbs-notice", role: "status" });
  const timelineTools = element("div", { class: "nbs-tools" }, ...expanders(timeline));
  const text = several({ store, root, tokens, markdown, manager, schedule });
  const likely = new OddsPlace({ store, root, options, tokens, isAsked, look });
  const pages: { [view in ViewName]: HTMLElement } = {
    tokens: element("div", {}, likely.el, text.tokens.el),
    markdown: element("div", {}, text.markdown.el),
    transcript: transcript.el,
    events: events.el,
    timeline: element("div", {}, timeline.el, again, details.el),
  };
  const narrowedTo = element("bdi");
  const narrowed = button("nbs-chip", "Only ", narrowedTo, " ✕");
  on(narrowed, "click", () => store.select(null));
  header.add(actions);
  tabs.place(pages, {
    tokens: tools.el,
    markdown: null,
    transcript: null,
    events: events.tools,
    timeline: timelineTools,
  });
  root.append(header.el, figures.el, tabs.el, narrowed, hint);
  root.append(...Object.values(pages), note, error, problem, notice, replay.el, announcer.el);
  el.append(root);
  inspectTokens(tokens, root, () => store.run);
  keepKeys(root, signal);

  let timer = 0;
  const growing: { [view in ViewName]: Growing | null } = {
    ...text,
    transcript,
    events,
    timeline: null,
  };
  let top: Growing | null = null;
  let isMore = false;

  function write(): void {
    top = null;
    isMore = false;
    // A view that the notebook has replaced is kept alive but never seen again: spend nothing.
    if (!root.isConnected || signal.aborted) return;
    const { state, run, now, doing } = store;
    const view = onTop();
    const isLive = store.isRunning && !store.replay.state;
    root.dataset.status = doing;
    root.dataset.view = view;
    header.update(now);
    figures.el.hidden = !setup.figuresOpen;
    if (setup.figuresOpen) figures.update(state, options.get("price"), now);
    tabs.update(view, {
      events: number(state.next),
      timeline: number(state.runs.length),
    });
    narrowed.hidden = setup.selected === null || !run;
    setText(narrowedTo, run?.name ?? "");
    narrowed.title = "Show all steps again";
    const isText = view === "tokens" || view === "markdown";
    const isSeveral = store.places.length > 1;
    const isEmpty = !run || (run.texts.length === 0 && run.asides.length === 0 && !isSeveral);
    setText(hint, isEmpty && isText ? hintFor() : "");
    tokens.el.hidden = markdown.el.hidden = isEmpty;
    const ending = view === "transcript" ? "" : (cutOff(state) ?? "");
    const isLost = doing === "gone" && !store.isShared;
    setText(note, isLost ? GONE : store.isUnheard ? unheard() : ending);
    setText(problem, store.problem);
    const asks = isLive && view !== "transcript" && state.runs.slice(-99).some(isAsking);
    setText(notice, asks ? ASKS : store.notice);
    // Of several, each has its own.
    const isTold = view === "transcript" || (isSeveral && isText);
    const failure = isTold ? null : (run?.error ?? state.runs[0]?.error);
    setText(errorType, failure?.type ?? "");
    setText(errorMessage, failure?.message ?? "");
    error.hidden = !failure;
    likely.update();
    top = growing[view];
    if (top) isMore = top.update(run);
    else {
      timeline.update(state.runs, now, doing === "gone" ? "unfinished" : "running");
      details.update(setup.selected === null ? undefined : run);
      again.hidden = setup.selected === null || run?.type !== "chat_model";
    }
    replay.el.hidden = !setup.replayOpen;
    if (setup.replayOpen) replay.update();
    announcer.update(store.replay.state ? undefined : run);
    root.dataset.shown = String(text.tokens.shown);
    clearTimeout(timer);
    if (!keepsFocus) passFocusOn(root);
    if (isLive) timer = window.setTimeout(schedule, TICK);
  }

  /** Which view is: a conversation is read as one, once what draws it is here. */
  function onTop(): ViewName {
    if (!options.isAuto || !isConversation(store.state.runs)) return options.get("view");
    transcript.ask();
    return transcript.isReady ? "transcript" : options.get("view");
  }

  function hintFor(): string {
    const { run, state, doing } = store;
    if (!run || setup.selected === null) {
      const begun = state.runs.length > 1 ? ` ${count(state.runs.length - 1, "step")} begun.` : "";
      return HINTS[doing] + (doing === "waiting" ? begun : "");
    }
    return run.status === "running"
      ? "This step has given no text yet."
      : "This step gave no text.";
  }

  function read(): void {
    // To ask how large it is would lay it out; that is done when it comes into sight.
    if (drawn.isOutOfSight) {
      if (isMore) schedule();
    } else if (top?.follow(isMore)) schedule();
  }

  const drawn: Drawn = { write, read };

  function schedule(): void {
    drawSoon(drawn);
  }

  /** Let the traits and what the reader chose be seen. */
  function look(): void {
    const delimiter = options.get("delimiter");
    const borders = delimiter === "" ? "none" : options.get("borders");
    root.style.setProperty("--nbs-delimiter", cssString(delimiter));
    root.style.setProperty("--nbs-max-height", options.get("max_height"));
    root.classList.toggle("nbs-marked", borders === "delimiter");
    root.classList.toggle("nbs-bands", borders === "bands");
    const heat = options.get("heat");
    // Of what the module is to colour, nothing is drawn twice: it is not coloured until then.
    const isHere = heat === "gap" || odds();
    text.tokens.restyle({
      whitespace: options.get("whitespace"),
      heat: isHere ? heat : "none",
    });
    tools.update(store.log.odds.size > 0);
    schedule();
  }

  options.onChange(["delimiter", "borders", "whitespace", "heat", "max_height"], look);
  options.onChange(["view", "price"], schedule);
  store.subscribe(schedule, signal);
  root.addEventListener(MOVED, schedule);
  // Tells when the view is put on the page, which is after `render`; and not that it has grown.
  let width = -1;
  const attached = new ResizeObserver(() => {
    if (width !== root.clientWidth) schedule();
    width = root.clientWidth;
  });
  attached.observe(root);
  const seen = (isOutOfSight: boolean) => {
    drawn.isOutOfSight = isOutOfSight;
    if (!isOutOfSight) schedule();
  };
  watchSight(root, seen, signal);
  signal.addEventListener("abort", () => {
    attached.disconnect();
    clearTimeout(timer);
  });
  look();
  write();
  read();
}

/** Take the keyboard from what was put away, or cannot have it any more, while it was there. */
function passFocusOn(root: HTMLElement): void {
  const now = document.activeElement;
  if (now === root || !root.contains(now)) return;
  if (now!.closest("[hidden]") || now!.matches(":disabled")) root.focus({ preventScroll: true });
}

function expanders(timeline: TimelineView): HTMLElement[] {
  return [true, false].map((open) => {
    const word = open ? "Expand all" : "Collapse all";
    const expander = button("nbs-text-button", word);
    on(expander, "click", () => timeline.expand(null, open));
    return expander;
  });
}

/** Quote a text for CSS `content`. */
export function cssString(text: string): string {
  const escaped = text.replace(/[\\"\n\r\f\0]/g, (c) => `\\${c.charCodeAt(0).toString(16)} `);
  return `"${escaped}"`;
}
