/** The module that lets a model's call be written anew, and shows the new answer beside the old. */

import type { AgainProps } from "../again";
import { button, element, on } from "../dom";
import { keepKeys } from "../keys";
import { dicts, isDict, text } from "../read";
import { writingArea } from "../views/composer";
import css from "./again.css" with { type: "text" };

const STYLE = "nbs-again-style";
const WORDS: { [name: string]: string } = {
  max_tokens: "Longest answer, in tokens",
  temperature: "Temperature",
};
const NOWHERE = "This page cannot show the new answer. In Python: view.run_again(run).";

/** What of a page's widget manager is needed. */
interface Manager {
  get_model?(id: string): Promise<unknown>;
  create_view?(model: unknown): Promise<{ el: HTMLElement }>;
}

/** What Python says of a call. */
interface Asked {
  type: "asked";
  run: number;
  model: string;
  messages: unknown;
  settings: unknown;
}

const PLACES = new WeakMap<HTMLElement, Again>();

/** Let a call be written anew, and show what has been. */
export function runAgain(props: AgainProps, run: number | null, from: HTMLElement | null): void {
  const again = PLACES.get(props.el) ?? new Again(props);
  PLACES.set(props.el, again);
  again.show();
  if (run !== null) again.write(run, from);
}

class Again {
  #props: AgainProps;
  #form = element("div");
  #answers = element("div", { class: "nbs-agains" });
  #shown = new Set<string>();
  #from: HTMLElement | null = null;
  #run: number | null = null;
  /** Whether the next comparison is what the reader waits for. */
  #isAsked = false;

  constructor(props: AgainProps) {
    this.#props = props;
    const { el, model, signal } = props;
    el.append(this.#form, this.#answers);
    const root = el.getRootNode();
    const home = root instanceof ShadowRoot ? root : document.head;
    if (!home.querySelector(`#${STYLE}`)) home.append(element("style", { id: STYLE }, css));
    keepKeys(this.#form, signal);
    const hear = (message: Asked | null) => {
      if (message?.type === "asked" && message.run === this.#run) this.#open(message);
    };
    model.on("msg:custom", hear);
    signal.addEventListener("abort", () => model.off("msg:custom", hear));
  }

  /** Ask for what a call was, to write it anew. */
  write(run: number, from: HTMLElement | null): void {
    this.#run = run;
    this.#from = from;
    this.#props.ask({ type: "asked", run });
  }

  /** Show the comparisons that there are. */
  show(): void {
    const { model, store } = this.#props;
    const manager = model.widget_manager as Manager | undefined;
    for (const name of model.get("_again") ?? []) {
      if (this.#shown.has(name)) continue;
      this.#shown.add(name);
      const home = element("div");
      this.#answers.append(home);
      const drawn = async () => {
        const child = await manager!.get_model!(name.replace("IPY_MODEL_", ""));
        home.append((await manager!.create_view!(child)).el);
        if (this.#isAsked) home.scrollIntoView({ block: "nearest" });
        this.#isAsked = false;
      };
      drawn().catch((error) => {
        console.error(error);
        store.say({ type: "notice", text: NOWHERE });
      });
    }
  }

  #open({ run, model, messages, settings }: Asked): void {
    const areas = dicts(messages).map((message) => {
      const role = text(message.role);
      const area = writingArea(`${role} message`);
      area.value = text(message.text);
      area.rows = Math.min(8, area.value.split("\n").length);
      return { role, area, before: area.value };
    });
    const numbers = Object.entries(isDict(settings) ? settings : {}).map(([name, value]) => {
      const input = element("input", {
        type: "number",
        class: "nbs-search",
        min: name === "max_tokens" ? "1" : "0",
        step: name === "max_tokens" ? "1" : "any",
        value: typeof value === "number" ? String(value) : "",
        placeholder: "as it is",
        // While somebody writes here, no key is the notebook's.
        "data-lm-suppress-shortcuts": "true",
      });
      return { name, input, before: input.value };
    });
    const send = element("button", { type: "submit", class: "nbs-text-button" }, "Run");
    const leave = button("nbs-text-button", "Cancel");
    const form = element(
      "form",
      { class: "nbstream nbs-again-form", "aria-label": "Run again", "data-nbs-open": "" },
      element("div", { class: "nbs-again-head" }, "Run again: ", element("bdi", {}, model)),
      ...areas.map(({ role, area }) =>
        element("label", {}, element("span", { class: "nbs-again-role" }, role), area),
      ),
      element(
        "div",
        { class: "nbs-again-settings" },
        ...numbers.map(({ name, input }) => element("label", {}, WORDS[name] ?? name, " ", input)),
        send,
        leave,
      ),
    );
    const close = () => {
      form.remove();
      if (this.#from?.isConnected) this.#from.focus();
    };
    on(form, "submit", (event) => {
      event.preventDefault();
      const texts = Object.fromEntries(
        areas.flatMap(({ area, before }, at) => (area.value === before ? [] : [[at, area.value]])),
      );
      const changed = numbers.filter(({ input, before }) => input.value && input.value !== before);
      const settings = Object.fromEntries(
        changed.map(({ name, input }) => [name, input.valueAsNumber]),
      );
      this.#props.ask({ type: "again", run, texts, settings });
      this.#isAsked = true;
      close();
    });
    on(leave, "click", close);
    on(form, "keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.#form.replaceChildren(form);
    (areas.findLast(({ role }) => role === "human") ?? areas.at(-1))?.area.focus();
  }
}
