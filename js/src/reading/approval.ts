/** A call that waits for the reader's word: they allow it, change its arguments, or do not allow it. */

import { button, element, on, setText } from "../dom";
import type { Json } from "../protocol";
import { isDict, text } from "../read";
import { APPROVAL, type RunState } from "../state";
import type { Store } from "../store";
import { jsonOf } from "./parts";

/** How far a call's approval is, as its run has it last. */
export interface Approval {
  verdict: string;
  args: Json;
  reason: string;
}

const WORDS: { [verdict: string]: string } = {
  wait: "waits for approval",
  allow: "allowed",
  edit: "allowed as edited",
  deny: "not allowed",
};

export function approvalOf({ customs }: RunState): Approval | null {
  const last = customs.findLast(({ name }) => name === APPROVAL)?.data;
  if (!isDict(last)) return null;
  return { verdict: text(last.verdict), args: last.args ?? null, reason: text(last.reason) };
}

/** A call's approval in words, where there is one; a wait that was broken off is none. */
export function approvalWord(run: RunState): string {
  const verdict = approvalOf(run)?.verdict ?? "";
  if (verdict === "wait" && run.end !== null) return "";
  return Object.hasOwn(WORDS, verdict) ? WORDS[verdict]! : "";
}

/** Milliseconds in which Python should have heard of an answer. */
const HEARD_BY = 3000;
const DEAF = "The kernel hears this when its cell is done.";
const UNHEARD = "The kernel has not taken this answer. Give it again, or change it.";
const WRONG = "These are no arguments: they are written as JSON, in braces.";

/** The form under a call, as long as it waits. */
export class ApprovalElement {
  readonly el: HTMLElement;
  #store: Store;
  #run = "";
  #args: Json = {};
  #isSent = false;
  #timer = 0;
  #question = element("div", { class: "nbs-tr-question", role: "alert" });
  #buttons = element("div", { class: "nbs-tr-buttons" });
  #allow = button("nbs-tr-button nbs-tr-allow", "Allow");
  #edit = button("nbs-tr-button", "Edit…");
  #deny = button("nbs-tr-button", "Don’t allow");
  #cancel = button("nbs-tr-button", "Cancel");
  #text = element("textarea", {
    class: "nbs-tr-edit",
    "aria-label": "Arguments as JSON",
    rows: "4",
    spellcheck: "false",
    autocomplete: "off",
  });
  #said = element("div", { class: "nbs-tr-note", role: "status" });

  constructor(store: Store) {
    this.#store = store;
    const group = { class: "nbs-tr-approval", role: "group" };
    this.#buttons.append(this.#allow, this.#edit, this.#deny, this.#cancel);
    this.el = element("div", group, this.#question, this.#text, this.#buttons, this.#said);
    this.#open(false);
    on(this.#allow, "click", () => (this.#text.hidden ? this.#send("allow") : this.#sendEdited()));
    on(this.#deny, "click", () => this.#send("deny"));
    on(this.#edit, "click", () => {
      this.#text.value = JSON.stringify(this.#args, null, 2);
      this.#open(true);
      this.#text.focus();
    });
    on(this.#cancel, "click", () => this.#close());
    on(this.el, "keydown", (event) => {
      if (event.key !== "Escape" || this.#text.hidden) return;
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    });
  }

  /** Show the form while this call waits, and where somebody is there to hear. */
  update(run: RunState | undefined): void {
    const approval = run && run.end === null ? approvalOf(run) : null;
    const isLive = this.#store.isRunning && !this.#store.replay.state;
    const isShown = approval?.verdict === "wait" && isLive;
    this.el.hidden = !isShown;
    if (!run || !isShown || run.id === this.#run) {
      if (this.#isSent && this.#store.problem) this.#again();
      return;
    }
    this.#run = run.id;
    this.#args = approval.args;
    this.el.setAttribute("aria-label", `Approval of ${run.name}`);
    setText(this.#question, `Allow this call of ${run.name}?`);
    this.#again();
  }

  #open(isEditing: boolean): void {
    this.#text.hidden = this.#cancel.hidden = !isEditing;
    this.#edit.hidden = isEditing;
    this.#text.toggleAttribute("data-nbs-open", isEditing); // Escape closes it
    setText(this.#allow, isEditing ? "Allow as edited" : "Allow");
    setText(this.#said, "");
  }

  #close(): void {
    this.#open(false);
    this.#edit.focus();
  }

  #again(): void {
    this.#isSent = false;
    clearTimeout(this.#timer);
    this.#enable(true);
    setText(this.#said, "");
  }

  #enable(isOn: boolean): void {
    // Not `disabled`: what has the focus would lose it.
    for (const one of this.#buttons.children) one.setAttribute("aria-disabled", String(!isOn));
    this.#text.readOnly = !isOn;
  }

  #sendEdited(): void {
    let args: unknown;
    try {
      args = JSON.parse(this.#text.value);
    } catch {
      args = null;
    }
    if (isDict(args as Json)) this.#send("edit", args as Json);
    else setText(this.#said, WRONG);
  }

  #send(verdict: string, args: Json = null): void {
    if (this.#isSent) return;
    this.#isSent = true;
    this.#enable(false);
    setText(this.#said, "");
    this.#store.approve({ type: "approve", run: this.#run, verdict, args });
    if (this.#store.isDeaf()) {
      setText(this.#said, DEAF);
      return;
    }
    this.#timer = window.setTimeout(() => {
      this.#again(); // what was wrong with it, a chat says elsewhere
      setText(this.#said, UNHEARD);
    }, HEARD_BY);
  }
}

/** What was decided of a call, as a line beside what its tool says; null: nothing to tell. */
export function editedLine(data: Json): string | null {
  if (!isDict(data) || data.verdict !== "edit") return null;
  return `edited: ${jsonOf(data.args ?? null)}`;
}
