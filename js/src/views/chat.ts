/** A conversation: the turns, each with its prompt and the whole view of its answer. */

import type { AnyModel } from "@anywidget/types";
import type { ChatStore, Turn } from "../chat";
import { download, writeClipboard } from "../clipboard";
import { drawSoon } from "../clock";
import { button, element, iconButton, on, setText } from "../dom";
import { keepKeys } from "../keys";
import { Options } from "../options";
import type { Traits } from "../protocol";
import { MOVED } from "../shown";
import { textOfTurns, turns } from "../turns";
import { count, money, number } from "../words";
import { Composer, isComposing, writingArea } from "./composer";
import { SAVE_PAGE } from "./header";
import { menu } from "./menu";
import { renderPanel } from "./panel";
import { Follower } from "./scroll";

/** Frames until all that is in the turns has its height. */
const SETTLED = 4;

interface ChatProps {
  model: AnyModel<Traits>;
  chat: ChatStore;
  el: HTMLElement;
  signal: AbortSignal;
}

export function renderChat({ model, chat, el, signal }: ChatProps): void {
  const usage = element("span", { class: "nbs-chat-usage" });
  const said = element("span", { class: "nbs-saved", role: "status" });
  const copy = iconButton("Copy the conversation", "", "M5.5 5.5h8v8h-8z", "M10.5 5.5v-3h-8v8h3");
  const clear = iconButton(
    "New conversation",
    "nbs-clear",
    ...["M3 4.5h10", "M6 4.5V3h4v1.5", "M4.5 4.5l.6 8.5h5.8l.6-8.5"],
  );
  const list = element("div", { class: "nbs-turns", role: "log", "aria-live": "off" });
  const empty = element("div", { class: "nbs-hint" }, "Write below to begin.");
  const composer = new Composer(chat);
  const root = element(
    "section",
    {
      class: "nbs-chat mathjax_ignore tex2jax_ignore",
      "aria-label": `Chat with ${model.get("_model")}`,
    },
    element(
      "header",
      { class: "nbs-header" },
      element("bdi", { class: "nbs-chat-model" }, model.get("_model") ?? ""),
      usage,
      said,
      element("span", { class: "nbs-buttons" }, copy, clear),
    ),
    list,
    empty,
    composer.el,
  );
  el.append(root);
  const save = menu(
    "Save the conversation",
    [
      {
        label: "Save as Markdown",
        run: () => download("chat.md", asMarkdown(chat), "text/markdown"),
      },
      {
        label: "Save as JSON",
        run: () => download("chat.json", asJson(chat), "application/json"),
      },
      ...(chat.isShared ? [] : [{ label: SAVE_PAGE, run: savePage }]),
    ],
    root,
  );
  copy.after(save);
  keepKeys(root, signal);

  const shown = new Map<Turn, TurnView>();
  const follower = new Follower(list, chat);
  const keepFocus = focusKeeper(chat, root, list, () => composer.focus());
  let frames = 0;
  const drawn = { write, read };

  function schedule(): void {
    drawSoon(drawn);
  }

  async function savePage(): Promise<void> {
    tell(await chat.exporter.save("chat", "html", chat.isGone));
  }

  function tell(words: string): void {
    setText(said, words);
    setTimeout(() => setText(said, ""), 2500);
  }

  function write(): void {
    if (!root.isConnected || signal.aborted) return;
    const { path } = chat;
    const views = path.map((turn) => {
      let view = shown.get(turn);
      if (!view) {
        view = new TurnView(turn, chat, model, signal);
        shown.set(turn, view);
      }
      view.update();
      return view.el;
    });
    for (const [turn, view] of shown) {
      if (chat.turns.get(turn.id) === turn) continue;
      view.end();
      shown.delete(turn);
    }
    const isSame =
      list.children.length === views.length && views.every((v, i) => list.children[i] === v);
    if (!isSame) list.replaceChildren(...views);
    empty.hidden = path.length > 0;
    copy.disabled = path.length === 0;
    clear.disabled = copy.disabled || chat.isGone;
    const { input, output, cost, by } = chat.usage(model.get("price"));
    const words = path.length > 0 ? [count(path.length, "turn")] : [];
    if (input + output > 0) words.push(`${number(input)} in, ${count(output, "token")} out`);
    if (cost !== null && input + output > 0) words.push(money({ cost, priced_by: by }));
    setText(usage, words.join(" · "));
    composer.update();
    keepFocus();
  }

  function read(): void {
    if (!root.isConnected || signal.aborted) return;
    if (follower.update() || frames < SETTLED) schedule();
    if (++frames === SETTLED) follower.placed();
  }

  on(copy, "click", async () => {
    await writeClipboard(asMarkdown(chat), root);
    tell("Copied");
  });
  on(clear, "click", () => {
    chat.ask({ type: "clear" });
    composer.focus();
  });
  const changed = () => schedule();
  model.on("change:price", changed);
  signal.addEventListener("abort", () => model.off("change:price", changed));
  chat.subscribe(schedule, signal);
  root.addEventListener(MOVED, schedule);
  const attached = new ResizeObserver(schedule);
  attached.observe(root);
  signal.addEventListener("abort", () => attached.disconnect());
  write();
  read();
  schedule();
}

/**
 * Keep the keyboard where it is: what has the focus goes away when another branch takes a turn's
 * place, and when the notebook draws its output anew and has no view left that it could move there.
 *
 * Returns what gives the focus back if it was lost like that.
 */
function focusKeeper(
  chat: ChatStore,
  root: HTMLElement,
  list: HTMLElement,
  otherwise: () => void,
): () => void {
  const controls = (turn: number) => {
    const scope = turn < 0 ? root : list.children[turn];
    const all = scope?.querySelectorAll<HTMLElement>("button, select, input, textarea, [tabindex]");
    return [...(all ?? [])].filter((el) => turn >= 0 || !list.contains(el));
  };
  const canHaveIt = (el: Element | null) =>
    !!el?.isConnected && !el.closest("[hidden]") && !el.matches(":disabled");

  on(root, "focusin", ({ target }) => {
    const el = target as HTMLElement;
    const turn = [...list.children].findIndex((one) => one.contains(el));
    chat.focus = { turn, at: controls(turn).indexOf(el), el };
  });
  on(root, "focusout", ({ target }) => {
    // It may have been left, or lost its focus as it went away: only afterwards one can tell.
    setTimeout(() => {
      const isLeft = chat.focus?.el === target && canHaveIt(target as Element);
      if (isLeft && document.hasFocus() && document.activeElement !== target) chat.focus = null;
    });
  });

  return () => {
    const now = document.activeElement;
    if (!chat.focus || (now !== document.body && !(root.contains(now) && !canHaveIt(now)))) return;
    const { turn, at, el } = chat.focus;
    const there = controls(turn);
    const group = there[at]?.closest(".nbs-switch");
    // At the last branch there is only the way back.
    const nearby = [there[at + 1], there[at - 1]].filter((one) => group?.contains(one ?? null));
    const found = [there[at], ...nearby].find((one) => canHaveIt(one ?? null));
    if (!found) return otherwise();
    found.focus();
    if (found instanceof HTMLTextAreaElement && el instanceof HTMLTextAreaElement) {
      found.setSelectionRange(el.selectionStart, el.selectionEnd);
    }
  };
}

function answerOf({ store }: Turn): string {
  const { runs } = store.live;
  return textOfTurns(runs, turns(runs));
}

function asMarkdown(chat: ChatStore): string {
  const turns = chat.path.map((turn) => `**You:** ${turn.text}\n\n${answerOf(turn)}`);
  return turns.join("\n\n---\n\n");
}

/** The messages, in the form that `ChatView(messages=…)` takes. */
function asJson(chat: ChatStore): string {
  const messages = chat.path.flatMap((turn) => [
    { role: "human", content: turn.text },
    { role: "ai", content: answerOf(turn) },
  ]);
  return JSON.stringify(messages, null, 2);
}

class TurnView {
  readonly el = element("article", { class: "nbs-turn" });
  readonly turn: Turn;
  #chat: ChatStore;
  #switcher = element("span", { class: "nbs-switch", role: "group", "aria-label": "Versions" });
  #place = element("span", { class: "nbs-switch-place" });
  #before = iconButton("Previous version", "", "M10 3.5L5.5 8l4.5 4.5");
  #after = iconButton("Next version", "", "M6 3.5L10.5 8 6 12.5");
  #edit = iconButton("Edit prompt", "nbs-pen", "M3 13l.6-2.8L10.5 3.3l2.2 2.2-6.9 6.9z");
  #retry = iconButton("Ask again", "nbs-retry", "M12.5 8a4.5 4.5 0 11-1.3-3.2", "M12.8 2.5v3h-3");
  #text: HTMLElement;
  #prompt = element("div", { class: "nbs-prompt" });
  #life = new AbortController();

  constructor(turn: Turn, chat: ChatStore, model: AnyModel<Traits>, signal: AbortSignal) {
    this.turn = turn;
    this.#chat = chat;
    signal.addEventListener("abort", () => this.end(), { signal: this.#life.signal });
    this.#text = element("div", { class: "nbs-prompt-text" }, turn.text);
    this.#switcher.append(this.#before, this.#place, this.#after);
    const images = turn.images.map((src) =>
      element("img", { src, class: "nbs-thumb", alt: "Attached image" }),
    );
    this.#prompt.append(
      element("div", { class: "nbs-prompt-body" }, ...images, this.#text),
      element("span", { class: "nbs-buttons" }, this.#switcher, this.#edit),
    );
    const answer = element("div", { class: "nbs-answer" });
    this.el.append(this.#prompt, answer);
    renderPanel({
      store: turn.store,
      el: answer,
      signal: this.#life.signal,
      options: new Options(model, turn.store.setup, this.#life.signal),
      actions: [this.#retry],
      keepsFocus: true,
      isAsked: true,
    });
    on(this.#retry, "click", () => chat.ask({ type: "retry", turn: turn.id }));
    on(this.#before, "click", () => this.#go(-1));
    on(this.#after, "click", () => this.#go(1));
    on(this.#edit, "click", () => {
      if (turn.editing === null) this.#beginEdit(turn.text).focus();
    });
    if (turn.editing !== null) this.#beginEdit(turn.editing);
  }

  update(): void {
    const all = this.#chat.alternatives(this.turn);
    const at = all.indexOf(this.turn);
    this.#switcher.hidden = all.length < 2;
    setText(this.#place, `${at + 1}/${all.length}`);
    const { isGone, isRunning, isShared } = this.#chat;
    const busy = isRunning || isGone;
    // A page of its own has all versions.
    this.#before.disabled = at <= 0 || (busy && !isShared);
    this.#after.disabled = at >= all.length - 1 || (busy && !isShared);
    this.#retry.hidden = busy;
    this.#edit.disabled = busy;
  }

  end(): void {
    this.#life.abort();
  }

  #go(step: number): void {
    const all = this.#chat.alternatives(this.turn);
    const next = all[all.indexOf(this.turn) + step];
    if (next) this.#chat.ask({ type: "switch", turn: next.id });
  }

  #beginEdit(text: string): HTMLElement {
    this.turn.editing = text;
    const area = writingArea("Another prompt");
    area.rows = Math.min(8, text.split("\n").length);
    area.value = text;
    const send = element("button", { type: "submit", class: "nbs-text-button" }, "Send");
    const leave = button("nbs-text-button", "Cancel");
    const form = element("form", { class: "nbs-edit", "data-nbs-open": "" }, area, send, leave);
    const close = () => {
      this.turn.editing = null;
      form.replaceWith(this.#text);
      this.#edit.focus();
    };
    on(form, "submit", (event) => {
      event.preventDefault();
      const text = area.value;
      close();
      if (text.trim()) this.#chat.ask({ type: "edit", turn: this.turn.id, text });
    });
    on(leave, "click", close);
    on(area, "input", () => {
      this.turn.editing = area.value;
    });
    on(area, "keydown", (event) => {
      if (isComposing(event)) return;
      if (event.key === "Escape") close();
      else if (event.key === "Enter" && !event.shiftKey) form.requestSubmit();
      else return;
      event.preventDefault();
    });
    this.#text.replaceWith(form);
    return area;
  }
}
