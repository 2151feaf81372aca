/** Code from an answer as a cell of the notebook that shows it, in JupyterLab and Notebook. */

// What of JupyterLab's widget manager is needed; every step of the way may be missing elsewhere.
interface Manager {
  context?: {
    model?: {
      sharedModel?: {
        cells: { length: number };
        insertCell(index: number, cell: { cell_type: string; source: string }): unknown;
      };
    };
  };
}

/** Put code into a new cell below the one that an element stands in. Nothing runs it. */
export function insertBelow(el: Element, code: string, manager: unknown): boolean {
  const cell = el.closest<HTMLElement>(".jp-Cell");
  const notebook = (manager as Manager | undefined)?.context?.model?.sharedModel;
  // Cells that are far away are not on the page, so their elements cannot be counted.
  const index = Number(cell?.dataset.windowedListIndex ?? Number.NaN);
  if (!notebook || !(index >= 0 && index < notebook.cells.length)) return false;
  notebook.insertCell(index + 1, { cell_type: "code", source: code });
  return true;
}
