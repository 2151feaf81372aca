/**
 * Where the static transcript stands in the page while the view it is of is alive.
 *
 * When a run ends, Python takes the widget out of the notebook's output and leaves the transcript:
 * that is what a saved notebook needs, for with the widget still in it JupyterLab would show an
 * error once the kernel is gone. As long as the model lives, its view takes the transcript's place.
 */

type Mount = (el: HTMLElement) => void;

interface Shared {
  mounts: Map<string, Mount>;
  observer: MutationObserver | null;
}

// Each widget brings its own copy of this file; they share one observer.
const KEY = Symbol.for("nbstream.places.1");
const PLACE = "data-nbstream";
const TAKEN = "data-nbstream-taken";

function shared(): Shared {
  const page = globalThis as { [KEY]?: Shared };
  page[KEY] ??= { mounts: new Map(), observer: null };
  return page[KEY];
}

/** Whether outputs and widgets share a document here, as in JupyterLab and Notebook. */
export function canTakePlaces(): boolean {
  return document.body.dataset.jpThemeName !== undefined;
}

/** Show a view wherever its transcript stands, now or later. */
export function takePlaces(id: string, mount: Mount): void {
  const { mounts } = shared();
  mounts.set(id, mount);
  for (const el of document.querySelectorAll<HTMLElement>(`[${PLACE}]`)) take(el);
  shared().observer ??= observe();
}

function observe(): MutationObserver {
  const observer = new MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      // Tokens that are added come by the thousand, and hold no place.
      if ((target as Element).className.toString().startsWith("nbs-")) continue;
      for (const node of addedNodes) {
        if (!(node instanceof HTMLElement)) continue;
        if (node.hasAttribute(PLACE)) take(node);
        for (const el of node.querySelectorAll<HTMLElement>(`[${PLACE}]`)) take(el);
      }
    }
  });
  observer.observe(document.body, { childList: true, subtree: true });
  return observer;
}

function take(el: HTMLElement): void {
  const mount = shared().mounts.get(el.getAttribute(PLACE) ?? "");
  if (!mount || el.hasAttribute(TAKEN)) return;
  el.setAttribute(TAKEN, "");
  el.replaceChildren();
  // The notebook leaves room beside HTML that it leaves none of beside widgets.
  const around = el.closest<HTMLElement>(".jp-RenderedHTMLCommon");
  if (around) around.style.paddingRight = "0";
  mount(el);
}
