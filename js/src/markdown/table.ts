/** A table in a frame that scrolls, with a button that copies it for a spreadsheet. */

import { writeClipboard } from "../clipboard";
import { element } from "../dom";

const COPY = { "aria-label": "Copy the table as CSV", title: "Copy the table as CSV" };
/** Spreadsheets run what begins like this; a number does not. */
const RUNS = /^(?:[=@\t\r]|[+-](?![\d.,\s%]*$))/;

export function tableBox(table: HTMLTableElement): HTMLElement {
  return element(
    "div",
    { class: "nbs-md-tablebox" },
    element("button", { type: "button", class: "nbs-md-csv", ...COPY }, "CSV"),
    element(
      "div",
      { class: "nbs-md-table", role: "group", "aria-label": "Table", tabindex: "0" },
      table,
    ),
  );
}

export async function copyTable(button: HTMLElement): Promise<void> {
  const box = button.closest<HTMLElement>(".nbs-md-tablebox");
  const table = box?.querySelector("table");
  if (box && table) await writeClipboard(csvOf(table), box);
}

export function csvOf(table: HTMLTableElement): string {
  const rows = [...table.rows].map((row) => [...row.cells].map((cell) => quoted(textOf(cell))));
  return rows.map((row) => `${row.join(",")}\r\n`).join("");
}

/** A cell as it reads, with the LaTeX of its formulas. */
function textOf(cell: HTMLElement): string {
  const copy = cell.cloneNode(true) as HTMLElement;
  for (const el of copy.querySelectorAll<HTMLElement>("[data-nbs-tex]")) {
    el.replaceWith(el.dataset.nbsTex ?? "");
  }
  for (const br of copy.querySelectorAll("br")) br.replaceWith("\n");
  return copy.textContent ?? "";
}

function quoted(text: string): string {
  const safe = RUNS.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
