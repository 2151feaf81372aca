/** A button with a menu, which opens above everything else on the page. */

import { element, iconButton, on } from "../dom";
import { MOVED } from "../shown";

export interface MenuItem {
  label: string;
  run: () => void | Promise<void>;
}

export function menu(label: string, items: readonly MenuItem[], root: HTMLElement): HTMLElement {
  const button = iconButton(label, "", "M3.5 8h.01", "M8 8h.01", "M12.5 8h.01");
  button.classList.add("nbs-more");
  button.setAttribute("aria-haspopup", "menu");
  button.setAttribute("aria-expanded", "false");
  const list = element("div", { class: "nbs-menu", role: "menu", "aria-label": label });
  list.popover = "auto";
  const entries = items.map(({ label, run }) => {
    const entry = element("button", { type: "button", role: "menuitem", tabindex: "-1" }, label);
    on(entry, "click", () => {
      close();
      void run();
    });
    return entry;
  });
  list.append(...entries);
  root.append(list);
  list.hidden = true;

  function open(): void {
    list.hidden = false;
    list.showPopover?.();
    const at = button.getBoundingClientRect();
    list.style.left = `${Math.max(8, at.right - list.offsetWidth)}px`;
    const fits = at.bottom + list.offsetHeight + 4 <= window.innerHeight;
    list.style.top = `${fits ? at.bottom + 2 : at.top - list.offsetHeight - 2}px`;
    list.setAttribute("data-nbs-open", "");
    button.setAttribute("aria-expanded", "true");
    entries[0]!.focus();
  }

  function close(): void {
    if (list.hidden) return;
    list.hidePopover?.();
    closed();
    button.focus();
  }

  function closed(): void {
    list.hidden = true;
    list.removeAttribute("data-nbs-open");
    button.setAttribute("aria-expanded", "false");
  }

  on(button, "click", () => (list.hidden ? open() : close()));
  root.addEventListener(MOVED, closed); // taken off the page, it is closed without a word
  on(list, "toggle", (event) => {
    if ((event as ToggleEvent).newState === "closed") closed();
  });
  on(list, "keydown", (event) => {
    const at = entries.indexOf(document.activeElement as HTMLButtonElement);
    const count = entries.length;
    if (event.key === "Escape" || event.key === "Tab") close();
    else if (event.key === "ArrowDown") entries[(at + 1) % count]!.focus();
    else if (event.key === "ArrowUp") entries[(at - 1 + count) % count]!.focus();
    else if (event.key === "Home") entries[0]!.focus();
    else if (event.key === "End") entries[count - 1]!.focus();
    else return;
    event.preventDefault();
  });
  return button;
}
