/** Whether an element is in sight, or nearly. */

/** How far from it an element counts as in sight: it is drawn before it comes. */
const MARGIN = "300px";

/** Call `changed` with whether it is, when that changes, until the signal. */
export function watchSight(
  el: HTMLElement,
  changed: (isOutOfSight: boolean) => void,
  signal: AbortSignal,
): void {
  // By the page's own box: what scrolls inside it is clipped by itself.
  const observer = new IntersectionObserver((entries) => changed(!entries.at(-1)!.isIntersecting), {
    rootMargin: MARGIN,
  });
  observer.observe(el);
  signal.addEventListener("abort", () => observer.disconnect());
}
