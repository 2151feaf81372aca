/** Scrolling all columns together: where one goes, the others go as far. */

import type { Column } from "../index_compare";

/** What the reader moves a view with; what scrolls without is a view that follows its end. */
const HANDS = ["wheel", "touchmove", "pointerdown", "keydown"] as const;

export function scrollTogether(
  list: HTMLElement,
  columns: readonly Column[],
  isOn: () => boolean,
  signal: AbortSignal,
): void {
  let leader: Element | null = null;
  const take = ({ target }: Event) => {
    leader = columnOf(list, target);
  };
  for (const name of HANDS) list.addEventListener(name, take, { signal, passive: true });
  const follow = ({ target }: Event) => {
    if (!isOn() || !(target instanceof HTMLElement) || columnOf(list, target) !== leader) return;
    const share = target.scrollTop / Math.max(1, target.scrollHeight - target.clientHeight);
    [...list.children].forEach((other, i) => {
      const el = other === leader ? null : scrollerIn(other);
      if (!el) return;
      const top = share * (el.scrollHeight - el.clientHeight);
      columns[i]!.store.setup.scrolledTo = share > 0.999 ? null : top;
      el.scrollTop = top;
    });
  };
  // It does not bubble.
  list.addEventListener("scroll", follow, { capture: true, signal });
}

function columnOf(list: HTMLElement, target: EventTarget | null): Element | null {
  return [...list.children].find((one) => one.contains(target as Node)) ?? null;
}

/** What scrolls in a column: of the views in it, the one that is on top. */
function scrollerIn(column: Element): HTMLElement | undefined {
  const all = column.querySelectorAll<HTMLElement>(".nbs-scroll, .nbs-follows, .nbs-diff");
  return [...all].find((el) => el.clientHeight > 0 && el.scrollHeight > el.clientHeight);
}
