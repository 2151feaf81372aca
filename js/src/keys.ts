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

export function keepKeys(root: HTMLElement, signal: AbortSignal): void {
  let marked = root;
  window.addEventListener(
    "keydown",
    (event) => {
      marked.removeAttribute(MARK);
      // With the whole view in focus, and nothing in it, the keys are the notebook's.
      if (event.target === root) return;
      if (!KEYS.has(event.key) || !root.contains(event.target as Node)) return;
      if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
      // Escape leaves the view unless something in it is open that it would close.
      if (event.key === "Escape" && !root.querySelector("[data-nbs-open]")) return;
      // Not the view: some shortcuts are those of whatever has the focus, which comes before it.
      const el = event.target as HTMLElement;
      marked = el;
      el.setAttribute(MARK, "true");
      setTimeout(() => el.removeAttribute(MARK));
    },
    { capture: true, signal },
  );
}
