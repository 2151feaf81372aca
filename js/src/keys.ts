/**
 * Keys that the view takes for itself. JupyterLab listens on the document before any element does,
 * and moves between cells on arrow keys or begins to edit on Enter. It leaves alone what lies in an
 * element with `data-lm-suppress-shortcuts`; that is set only for the keys used here, so that
 * Shift+Enter still runs the cell.
 */

const KEYS = new Set([
  ...["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"],
  ...["Enter", " ", "Escape"],
]);
const MARK = "data-lm-suppress-shortcuts";

/** What a view is marked by: with it in focus as a whole, and nothing in it, keys are the notebook's. */
const VIEW = "data-nbs-keys";

export function keepKeys(root: HTMLElement, signal: AbortSignal): void {
  let marked: HTMLElement | undefined;
  root.setAttribute(VIEW, "");
  window.addEventListener(
    "keydown",
    (event) => {
      marked?.removeAttribute(MARK);
      marked = undefined;
      const el = event.target as HTMLElement;
      if (!KEYS.has(event.key) || !root.contains(el) || el.hasAttribute(VIEW)) return;
      if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
      // Escape leaves the view unless something in it is open that it would close.
      if (event.key === "Escape" && !root.querySelector("[data-nbs-open]")) return;
      // What has a mark of its own, as a box to write in has, keeps it.
      if (el.hasAttribute(MARK)) return;
      // Not the view: some shortcuts are those of whatever has the focus, which comes before it.
      marked = el;
      el.setAttribute(MARK, "true");
      setTimeout(() => el.removeAttribute(MARK));
    },
    { capture: true, signal },
  );
}
