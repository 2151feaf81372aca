/** The tabs: which view is on top, and its tools beside them. */

import { element, on, setText } from "../dom";
import { VIEWS, type ViewName } from "../protocol";

const WORDS: { [view in ViewName]: string } = {
  tokens: "Tokens",
  markdown: "Markdown",
  transcript: "Transcript",
  events: "Events",
  timeline: "Timeline",
};

export class TabsView {
  readonly el = element("div", { class: "nbs-tabbar" });
  #tabs = new Map<ViewName, { tab: HTMLElement; size: HTMLElement }>();
  #pages: { [view in ViewName]: HTMLElement } | null = null;
  #tools: { [view in ViewName]: HTMLElement | null } | null = null;

  /** @param choose is told the view that the reader wants on top. */
  constructor(choose: (view: ViewName) => void) {
    const list = element("div", { class: "nbs-tabs", role: "tablist", "aria-label": "Views" });
    for (const view of VIEWS) {
      const size = element("span", { class: "nbs-size" });
      const tab = element("button", { type: "button", class: "nbs-tab", role: "tab" });
      tab.append(WORDS[view], size);
      on(tab, "click", () => choose(view));
      list.append(tab);
      this.#tabs.set(view, { tab, size });
    }
    on(list, "keydown", (event) => {
      const tabs = [...this.#tabs.values()].map(({ tab }) => tab);
      const at = tabs.indexOf(document.activeElement as HTMLElement);
      const last = tabs.length - 1;
      let next: HTMLElement | undefined;
      if (event.key === "ArrowRight") next = tabs[at === last ? 0 : at + 1];
      else if (event.key === "ArrowLeft") next = tabs[at === 0 ? last : at - 1];
      else if (event.key === "Home") next = tabs[0];
      else if (event.key === "End") next = tabs[last];
      if (!next) return;
      event.preventDefault();
      next.focus();
      next.click();
    });
    this.el.append(list);
  }

  place(
    pages: { [view in ViewName]: HTMLElement },
    tools: { [view in ViewName]: HTMLElement | null },
  ): void {
    this.#pages = pages;
    this.#tools = tools;
    for (const view of VIEWS) {
      const id = `nbs-${Math.random().toString(36).slice(2)}`;
      pages[view].id = id;
      pages[view].classList.add("nbs-page");
      pages[view].setAttribute("role", "tabpanel");
      pages[view].setAttribute("aria-label", WORDS[view]);
      this.#tabs.get(view)!.tab.setAttribute("aria-controls", id);
      const own = tools[view];
      if (own) this.el.append(own);
    }
  }

  update(view: ViewName, sizes: Partial<{ [view in ViewName]: string }>): void {
    for (const [name, { tab, size }] of this.#tabs) {
      const isOn = name === view;
      tab.setAttribute("aria-selected", String(isOn));
      tab.tabIndex = isOn ? 0 : -1;
      setText(size, sizes[name] ?? "");
      this.#pages![name].hidden = !isOn;
      const tools = this.#tools![name];
      if (tools) tools.hidden = !isOn;
    }
  }
}
