/**
 * The outputs that the notebook's document has, on the page or not. The transcript is put there
 * where Jupyter cannot: it updates an output only in the page that ran the cell, and so not after a
 * page was reloaded in the middle of a run.
 */

const WIDGET = "application/vnd.jupyter.widget-view+json";
const HTML = "text/html";
/** Marks a transcript that this page wrote, until Python's takes its place. */
const PAGES = "data-nbstream-page";

const HEAD = new RegExp(`^(?:<!--[^>]*-->\\n)?<div data-nbstream="([^"]*)"( ${PAGES})?`);

/** What an output has, by mime type. */
export type Bundle = { [mime: string]: unknown };

// What of JupyterLab's notebook model is needed; every step of the way may be missing elsewhere.
interface Outputs {
  length: number;
  get(index: number): { data?: Bundle };
  set(index: number, output: object): void;
}
interface Notebook {
  cells?: Iterable<Cell>;
  toJSON?(): unknown;
}
interface Cell {
  outputs?: Outputs;
}
/** Notebook 6's, whose cells have their outputs as they are in the file. */
interface ClassicNotebook {
  get_cells?(): Iterable<{ output_area?: { outputs: { data?: Bundle }[] } }>;
  toJSON?(): unknown;
}
interface Manager {
  context?: { model?: Notebook };
  notebook?: ClassicNotebook;
}

/** Makes what an output is to have in the file, or returns null where it is right as it is. */
export type Keep = (output: Bundle) => Bundle | null;

// The widgets of a page may bring a copy of this file each; they share one list for each notebook.
const KEEPS = Symbol.for("nbstream.keeps.1");
type Keeping = { toJSON?(): unknown; [KEEPS]?: Map<string, Keep> };

/** The notebook, where it is found, to be read or written as a whole. */
function notebookOf(manager: unknown): Notebook | ClassicNotebook | undefined {
  const { context, notebook } = (manager as Manager | undefined) ?? {};
  return context?.model ?? notebook;
}

function cellsOf(manager: unknown): Iterable<Cell> | undefined {
  const { context, notebook } = (manager as Manager | undefined) ?? {};
  if (context?.model) return context.model.cells;
  const cells = notebook?.get_cells?.();
  return cells && Array.from(cells, ({ output_area }) => classic(output_area?.outputs));
}

/** The page is not drawn anew, which would take the cell's other widgets off it. */
function classic(outputs: { data?: Bundle }[] | undefined): Cell {
  if (!outputs) return {};
  const set = (i: number, output: object) => void Object.assign(outputs[i]!, output);
  return { outputs: { length: outputs.length, get: (i) => outputs[i]!, set } };
}

/**
 * Whether the document still has a transcript, though it may be nowhere on the page: those of cells
 * that are far away are not. Null where that cannot be told.
 */
export function hasTranscript(manager: unknown, place: string): boolean | null {
  const cells = cellsOf(manager);
  if (!cells) return null;
  for (const { outputs } of cells) if (outputs && placesIn(outputs, place).length > 0) return true;
  return false;
}

/** Replace each output that is the place of a transcript, whether it holds the widget, too, or not. */
export function replaceTranscripts(
  manager: unknown,
  place: string,
  data: Bundle,
  metadata: object = {},
): void {
  for (const { outputs } of cellsOf(manager) ?? []) {
    if (!outputs) continue;
    for (const i of placesIn(outputs, place)) {
      outputs.set(i, { output_type: "display_data", data, metadata });
    }
  }
}

/**
 * Let the file have what `keep` makes, whenever the notebook is saved before `signal` aborts. The
 * document and the page stay as they are: whoever reads or writes in the view is not disturbed.
 */
export function keepInFile(manager: unknown, place: string, keep: Keep, signal: AbortSignal): void {
  const found = notebookOf(manager);
  if (typeof found?.toJSON !== "function") return;
  // Notebook 6's takes no more; there is one in a page, so its class will do.
  const isOpen = Object.isExtensible(found);
  const notebook: Keeping = isOpen ? found : Object.getPrototypeOf(found);
  notebook[KEEPS] ??= keeping(notebook);
  const keeps = notebook[KEEPS];
  keeps.set(place, keep);
  signal.addEventListener("abort", () => keeps.get(place) === keep && keeps.delete(place));
}

function keeping(notebook: Notebook): Map<string, Keep> {
  const keeps = new Map<string, Keep>();
  const { toJSON } = notebook;
  notebook.toJSON = function () {
    const content = toJSON!.call(this);
    try {
      if (keeps.size > 0) keepIn(content, keeps);
    } catch (error) {
      console.error(error); // the notebook is saved all the same
    }
    return content;
  };
  return keeps;
}

function keepIn(content: unknown, keeps: Map<string, Keep>): void {
  type Cells = { cells?: { outputs?: { data?: Bundle }[] }[] };
  for (const { outputs } of (content as Cells).cells ?? []) {
    for (const output of outputs ?? []) {
      const data = output.data && keeps.get(headOf(output.data).place ?? "")?.(output.data);
      if (data) output.data = data;
    }
  }
}

/** Whether what an output has lacks what Python leaves in it when a run is over. */
export function isUnfinished(data: Bundle): boolean {
  return WIDGET in data || headOf(data).isPages;
}

/** Whether this element is the place of a transcript that Python has not yet finished. */
export function isPages(el: HTMLElement): boolean {
  return el.hasAttribute(PAGES);
}

/** Make an output's data of a transcript that the page has written. */
export function pagesBundle(place: string, html: string, text: string): Bundle {
  // Without a line that is blank, which ends HTML in Markdown.
  const inside = html.replace(/\n(?=[ \t]*\n)/g, "&#10;");
  return {
    [HTML]: `<div data-nbstream="${place}" ${PAGES} class="nbs-at-${place}">${inside}</div>`,
    "text/markdown": text,
    "text/plain": text,
  };
}

function placesIn(outputs: Outputs, place: string): number[] {
  const found: number[] = [];
  for (let i = 0; i < outputs.length; i++) {
    if (headOf(outputs.get(i).data).place === place) found.push(i);
  }
  return found;
}

/**
 * What a transcript's HTML begins with, behind the line that a folded output shows of it: its place,
 * and whether this page wrote it.
 */
function headOf(data: Bundle | undefined): { place: string | undefined; isPages: boolean } {
  const html = data?.[HTML] ?? "";
  const [, place, pages] = HEAD.exec(Array.isArray(html) ? html.join("") : String(html)) ?? [];
  return { place, isPages: pages !== undefined };
}
