/**
 * Where the static transcript stands in the page while the view it is of is alive.
 *
 * When a run ends, Python takes the widget out of the notebook's output and leaves the transcript:
 * that is what a saved notebook needs, for with the widget still in it JupyterLab would show an
 * error once the kernel is gone. As long as the model lives, its view takes the transcript's place.
 */

type Mount = (el: HTMLElement) => void;
/** Looks what has gone; returns whether to look once more. */
type Look = () => boolean;

interface Shared {
  mounts: Map<string, Mount>;
  looks: Set<Look>;
  observer: MutationObserver | null;
  timer: number;
}

// Each widget brings its own copy of this file; they share one observer.
const KEY = Symbol.for("nbstream.places.2");
const PLACE = "data-nbstream";
/**
 * The same as a class, which JupyterLab leaves in HTML that it does not trust: that is what the
 * other pages get of a notebook that is open on several (jupyter-collaboration).
 */
const CLASS = /(?:^| )nbs-at-(\S+)/;
const PLACES = `[${PLACE}], [class^="nbs-at-"]`;
const TAKEN = "data-nbstream-taken";
/** Milliseconds between two looks at what has gone. */
const PAUSE = 2000;

function shared(): Shared {
  const page = globalThis as { [KEY]?: Shared };
  page[KEY] ??= { mounts: new Map(), looks: new Set(), observer: null, timer: 0 };
  return page[KEY];
}

/** Whether outputs and widgets share a document here: JupyterLab and Notebook, 7 or 6. */
export function canTakePlaces(): boolean {
  const { dataset, classList } = document.body;
  return dataset.jpThemeName !== undefined || classList.contains("notebook_app");
}

/** Show a view wherever its transcript stands, now or later, until the signal. */
export function takePlaces(id: string, mount: Mount, signal: AbortSignal): void {
  const { mounts } = shared();
  mounts.set(id, mount);
  signal.addEventListener("abort", () => {
    if (mounts.get(id) === mount) mounts.delete(id);
    observe();
  });
  for (const el of document.querySelectorAll<HTMLElement>(PLACES)) take(el);
  observe();
}

/** Have a look, soon after something has left the page. Returns what ends that. */
export function whenLeft(look: Look): () => void {
  shared().looks.add(look);
  observe();
  return () => {
    shared().looks.delete(look);
    observe();
  };
}

/** Look soon. */
export function lookSoon(): void {
  const page = shared();
  page.timer ||= window.setTimeout(() => {
    page.timer = 0;
    // All of them, not only up to the first that wants to look again.
    if ([...page.looks].filter((look) => look()).length > 0) lookSoon();
  }, PAUSE);
}

/** Whether this is the place of a transcript, and no widget's output. */
export function isPlace(el: HTMLElement): boolean {
  return placeOf(el) !== undefined;
}

function placeOf(el: HTMLElement): string | undefined {
  return el.getAttribute(PLACE) ?? CLASS.exec(el.className)?.[1];
}

/** Let a place be taken again. */
export function release(el: HTMLElement): void {
  el.removeAttribute(TAKEN);
}

/** Watch the page as long as there is something to watch for. */
function observe(): void {
  const page = shared();
  if (page.mounts.size + page.looks.size === 0) {
    page.observer?.disconnect();
    page.observer = null;
  } else if (!page.observer) {
    page.observer = new MutationObserver(onChange);
    page.observer.observe(document.body, { childList: true, subtree: true });
  }
}

function onChange(records: MutationRecord[]): void {
  for (const { target, addedNodes, removedNodes } of records) {
    // Tokens that are added come by the thousand, and hold no place.
    const name = (target as Element).className.toString();
    if (name.startsWith("nbs-") && !name.startsWith("nbs-at-")) continue;
    if (removedNodes.length > 0) lookSoon();
    for (const node of addedNodes) {
      if (!(node instanceof HTMLElement)) continue;
      if (isPlace(node)) take(node);
      for (const el of node.querySelectorAll<HTMLElement>(PLACES)) take(el);
    }
  }
}

function take(el: HTMLElement): void {
  const mount = shared().mounts.get(placeOf(el) ?? "");
  if (!mount || el.hasAttribute(TAKEN)) return;
  el.setAttribute(TAKEN, "");
  el.replaceChildren();
  // The notebook leaves room beside HTML that it leaves none of beside widgets.
  const around = el.closest<HTMLElement>(".jp-RenderedHTMLCommon");
  if (around) around.style.paddingRight = "0";
  mount(el);
}
