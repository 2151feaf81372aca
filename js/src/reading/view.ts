/** The transcript: what was asked, thought, said and called, in the order of reading. */

import { againButton } from "../again";
import { addStyle, element, setText } from "../dom";
import type { RunState } from "../state";
import { statusOf } from "../state";
import { AsideElement } from "../views/aside";
import { type Drawn, Growing, List } from "../views/list";
import { Follower } from "../views/scroll";
import type { TranscriptProps } from "../views/transcript";
import { figures } from "../words";
import type { Prompt } from "./asked";
import { CallElement, ImageElement, linkTo, ServerElement } from "./cards";
import { type Entry, entries, type Turn } from "./entries";
import type { Part, Source, Thinking } from "./parts";
import css from "./reading.css" with { type: "text" };
import { SaidElement } from "./said";
import { noteOf, roleOf } from "./written";

const STYLE = "nbs-tr-style";

/** How many times as long as a look at the log took it waits until the next one. */
const SHARE = 3;
const WAITING = "Waiting for the first token…";

export function createTranscript(props: TranscriptProps): TranscriptPanel {
  return new TranscriptPanel(props);
}

export class TranscriptPanel {
  readonly el: HTMLElement;
  #props: TranscriptProps;
  #list: List<Entry>;
  #follower: Follower;
  #isStyled = false;
  /** When the log was read last, and how long that took. */
  #readAt = 0;
  #took = 0;

  constructor(props: TranscriptProps) {
    this.#props = props;
    const named = { role: "region", "aria-label": "Transcript", tabindex: "0" };
    this.el = element("div", { class: "nbs-transcript nbs-scroll", ...named });
    this.#list = this.#makeList(this.el);
    this.#follower = new Follower(this.el, props.store.setup);
  }

  /** Bring it up to date. Returns whether there is more to draw. */
  update(): boolean {
    const begin = performance.now();
    // Of a log with thousands of calls, reading it must not be all that the page does.
    if (begin - this.#readAt < SHARE * this.#took) return true;
    if (!this.#isStyled) addStyle(STYLE, css, this.el.getRootNode());
    this.#isStyled = true;
    const { state, setup } = this.#props.store;
    let all = entries(state.runs);
    if (this.#props.isAsked) all = all.filter(({ kind }) => kind !== "prompt");
    const shown = setup.selected === null ? all : only(all, state.runs, setup.selected);
    const isMore = this.#list.update(shown);
    this.#readAt = performance.now();
    this.#took = this.#readAt - begin;
    return isMore;
  }

  follow(isMore: boolean): boolean {
    if (this.#follower.update() || isMore) return true;
    this.#follower.placed();
    return false;
  }

  #makeList(el: HTMLElement): List<Entry> {
    const { store } = this.#props;
    return new List<Entry>(
      el,
      keyOf,
      (entry) => this.#make(entry),
      () => store.notify(),
    );
  }

  #make(entry: Entry): Drawn<Entry> {
    if (entry.kind === "prompt") return new PromptElement();
    if (entry.kind === "turn") return new TurnElement(this.#props, (el) => this.#makeList(el));
    return new CallElement(this.#props.store, (el) => this.#makeList(el));
  }
}

function keyOf(entry: Entry, at: number): string {
  if (entry.kind === "prompt") return `prompt ${entry.run} ${entry.role} ${at}`;
  return `${entry.kind} ${entry.kind === "turn" ? entry.run : entry.tool}`;
}

/** What there is to read of one run, or of those that lie in it. */
function only(all: readonly Entry[], runs: readonly RunState[], selected: number): Entry[] {
  const found: Entry[] = [];
  const inside: Entry[] = [];
  const waiting = [...all].reverse();
  const liesIn = (at: number | null) => {
    while (at !== null && at !== selected) at = runs[at]!.parent;
    return at !== null;
  };
  while (waiting.length > 0) {
    const entry = waiting.pop()!;
    const run = entry.kind === "call" ? entry.tool : entry.run;
    if (run === selected) found.push(entry);
    else if (liesIn(run)) {
      inside.push(entry);
      continue;
    }
    for (const one of within(entry).reverse()) waiting.push(one);
  }
  return found.length > 0 ? found : inside;
}

function within(entry: Entry): Entry[] {
  if (entry.kind === "prompt") return [];
  if (entry.kind === "call") return entry.inside.filter(({ kind }) => kind !== "prompt");
  return entry.parts.filter((part) => part.kind === "call");
}

class PromptElement implements Drawn<Entry> {
  readonly el: HTMLElement;
  #role = element("div", { class: "nbs-tr-role", role: "heading", "aria-level": "4" });
  #text = new Growing("nbs-tr-asked", "Prompt");
  #images = element("div", { class: "nbs-tr-images" });
  #shown = -1;

  constructor() {
    this.el = element(
      "section",
      { class: "nbs-tr-prompt" },
      this.#role,
      this.#text.el,
      this.#images,
    );
  }

  update(entry: Entry): boolean {
    const { role, text, images } = entry as Prompt;
    this.el.dataset.role = role;
    setText(this.#role, roleOf(role));
    this.#text.set(text);
    if (this.#shown === images.length) return false;
    this.#shown = images.length;
    this.#images.replaceChildren(
      ...images.map((url) => {
        const image = new ImageElement();
        image.update({ kind: "image", url });
        return image.el;
      }),
    );
    return false;
  }
}

class TurnElement implements Drawn<Entry> {
  readonly el: HTMLElement;
  #props: TranscriptProps;
  #name = element("bdi", { class: "nbs-tr-speaker" });
  #metrics = element("span", { class: "nbs-metrics" });
  #body = element("div", { class: "nbs-tr-parts" });
  #parts: List<Part>;
  #sources = element("ol", { class: "nbs-tr-sources", "aria-label": "Sources" });
  #note = element("div", { class: "nbs-tr-note" });
  #error = element("div", { class: "nbs-error" });
  #turn: Turn | null = null;
  #cited = 0;

  constructor(props: TranscriptProps, makeEntries: (el: HTMLElement) => List<Entry>) {
    this.#props = props;
    const { store } = props;
    const partKey = (part: Part, at: number) => {
      if (part.kind === "said") return `said ${part.begin}`;
      return "aside" in part ? `${part.kind} ${part.aside}` : `${part.kind} ${at}`;
    };
    const make = (part: Part): Drawn<Part> => {
      if (part.kind === "said") {
        return new SaidElement(part, {
          ...props,
          run: () => this.#run,
          sources: () => this.#turn!.sources,
        });
      }
      if (part.kind === "thinking") return new ThinkingElement(part, () => this.#run);
      if (part.kind === "call") return new CallElement(store, makeEntries);
      return part.kind === "server" ? new ServerElement() : new ImageElement();
    };
    this.#parts = new List<Part>(this.#body, partKey, make, () => store.notify());
    const head = { class: "nbs-tr-role", role: "heading", "aria-level": "4" };
    this.el = element(
      "section",
      { class: "nbs-tr-turn" },
      element(
        "div",
        head,
        this.#name,
        againButton(() => this.#turn!.run),
        this.#metrics,
      ),
      this.#body,
      this.#sources,
      this.#note,
      this.#error,
    );
  }

  get #run(): RunState {
    return this.#props.store.state.runs[this.#turn!.run]!;
  }

  update(entry: Entry): boolean {
    const { store } = this.#props;
    const turn = entry as Turn;
    this.#turn = turn;
    const run = this.#run;
    const status = statusOf(run);
    this.el.dataset.status = run.end === null && store.doing === "gone" ? "gone" : status;
    setText(this.#name, run.name);
    const words = run.end === null ? [] : figures(store.state, turn.run, store.price());
    setText(this.#metrics, words.join(" · "));
    const isMore = this.#parts.update(turn.parts);
    this.#cite(turn.sources);
    const isWaiting = turn.parts.length === 0 && status === "waiting";
    setText(this.#note, isWaiting ? WAITING : noteOf(turn, run));
    this.#note.hidden = this.#note.textContent === "";
    const error = turn.error && run.error ? `${run.error.type}: ${run.error.message}` : "";
    setText(this.#error, error);
    this.#error.hidden = error === "";
    return isMore;
  }

  #cite(sources: readonly Source[]): void {
    this.#sources.hidden = sources.length === 0;
    for (; this.#cited < sources.length; this.#cited++) {
      const source = sources[this.#cited]!;
      const quote = source.quote ? [element("q", {}, source.quote)] : [];
      this.#sources.append(element("li", {}, linkTo(source), ...quote));
    }
    while (this.#cited > sources.length) {
      this.#sources.lastChild!.remove();
      this.#cited--;
    }
  }
}

class ThinkingElement implements Drawn<Part> {
  readonly el: HTMLElement;
  #aside: AsideElement;
  #run: () => RunState;

  constructor({ aside }: Thinking, run: () => RunState) {
    this.#run = run;
    this.#aside = new AsideElement(run().asides[aside]!);
    this.el = this.#aside.el;
  }

  update(): boolean {
    this.#aside.update(this.#run());
    return false;
  }
}
