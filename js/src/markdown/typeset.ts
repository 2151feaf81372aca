/** Formulas: as they are written until the module that sets them is here, and where it cannot. */

import { element } from "../dom";
import { latexOf } from "./formula";
import { cleanMath } from "./safe";

export interface MathModule {
  toMathML(latex: string, isDisplay: boolean): string;
}

/** Milliseconds that formulas which have waited for the module take in one go. */
const SLICE = 8;
/** Formulas that are kept: the block being written is drawn again and again. */
const KEPT = 300;

const kept = new Map<string, Node | null>();

/** A formula as it is written. `isOpen`: its end has not come. */
export function formula(raw: string, isDisplay: boolean, isOpen: boolean): HTMLElement {
  const kinds = ["nbs-md-math", isDisplay ? "nbs-md-display" : "", isOpen ? "nbs-md-open" : ""];
  const kind = kinds.filter(Boolean).join(" ");
  return element("span", { class: kind, dir: "ltr" }, raw.trim());
}

export class Typesetter {
  #load: () => Promise<MathModule>;
  #changed: () => void;
  #module: MathModule | null = null;
  #isAsked = false;
  #waiting: HTMLElement[] = [];

  /** `changed` is called when formulas that have waited are on the page. */
  constructor(load: () => Promise<MathModule>, changed: () => void) {
    this.#load = load;
    this.#changed = changed;
  }

  /** Set all formulas in there, now or when the module has come. */
  set(root: ParentNode): void {
    const all = root.querySelectorAll<HTMLElement>(".nbs-md-math:not(.nbs-md-open)");
    if (all.length === 0) return;
    if (this.#module) {
      for (const el of all) this.#one(el, this.#module);
      return;
    }
    this.#waiting.push(...all);
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#load().then(
      (module) => {
        this.#module = module;
        this.#catchUp(module);
      },
      () => {}, // they stay as they are written
    );
  }

  #catchUp(module: MathModule): void {
    const until = performance.now() + SLICE;
    while (this.#waiting.length > 0 && performance.now() <= until) {
      const el = this.#waiting.shift()!;
      if (el.isConnected) this.#one(el, module);
    }
    if (this.#waiting.length > 0) setTimeout(() => this.#catchUp(module));
    this.#changed();
  }

  #one(el: HTMLElement, module: MathModule): void {
    const raw = el.textContent ?? "";
    const isDisplay = el.classList.contains("nbs-md-display");
    const math = typeset(raw, isDisplay, module);
    if (!math) return;
    // What is copied in its place.
    el.dataset.nbsTex = raw;
    el.setAttribute("role", "math");
    el.setAttribute("aria-label", latexOf(raw).trim());
    el.replaceChildren(math);
  }
}

function typeset(raw: string, isDisplay: boolean, module: MathModule): Node | null {
  const key = `${isDisplay} ${raw}`;
  if (!kept.has(key)) {
    if (kept.size >= KEPT) kept.clear();
    let math: Node | null = null;
    try {
      math = cleanMath(module.toMathML(latexOf(raw), isDisplay)).querySelector("math");
    } catch {
      // No LaTeX.
    }
    kept.set(key, math);
  }
  return kept.get(key)?.cloneNode(true) ?? null;
}

/** What is copied of a part of the page has LaTeX where that shows formulas. */
export function copyFormulas(event: ClipboardEvent, root: HTMLElement): void {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || !event.clipboardData) return;
  const range = selection.getRangeAt(0).cloneRange();
  // Half a formula is a formula.
  const begin = formulaAround(range.startContainer);
  const end = formulaAround(range.endContainer);
  if (begin) range.setStartBefore(begin);
  if (end) range.setEndAfter(end);
  const copy = element("div", { class: "nbs-offscreen nbs-md-copied" });
  copy.append(range.cloneContents());
  const formulas = copy.querySelectorAll<HTMLElement>("[data-nbs-tex]");
  if (formulas.length === 0) return;
  for (const el of formulas) el.replaceWith(el.dataset.nbsTex ?? "");
  root.append(copy);
  // biome-ignore lint/performance/useDomNodeTextContent: its line ends come with its layout
  const text = copy.innerText ?? copy.textContent ?? "";
  copy.remove();
  event.clipboardData.setData("text/plain", text);
  event.clipboardData.setData("text/html", copy.innerHTML);
  event.preventDefault();
}

function formulaAround(node: Node): Element | null {
  const el = node instanceof Element ? node : node.parentElement;
  return el?.closest("[data-nbs-tex]") ?? null;
}
