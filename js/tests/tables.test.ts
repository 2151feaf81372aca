import { describe, expect, it } from "vitest";
import { insertBelow } from "../src/markdown/cells";
import { csvOf } from "../src/markdown/table";

function table(...rows: string[][]): HTMLTableElement {
  const el = document.createElement("table");
  for (const cells of rows) {
    const row = el.insertRow();
    for (const text of cells) row.insertCell().textContent = text;
  }
  return el;
}

describe("a table as CSV", () => {
  it("quotes what has to be", () => {
    expect(csvOf(table(["a", 'b "c"'], ["d, e", "f\ng"]))).toBe('a,"b ""c"""\r\n"d, e","f\ng"\r\n');
  });

  it.each(["=1+1", "@SUM(1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "\tx"])(
    "leaves a spreadsheet nothing to run: %j",
    (text) => expect(csvOf(table([text]))).toMatch(/^"?'/),
  );

  it.each(["-5", "+1.5", "-3 %", "a=b"])("leaves %j as it is", (text) =>
    expect(csvOf(table([text]))).toBe(`${text}\r\n`),
  );
});

describe("code as a cell", () => {
  function notebook(index: string, count = 3) {
    const cell = document.createElement("div");
    cell.className = "jp-Cell";
    cell.dataset.windowedListIndex = index;
    const el = cell.appendChild(document.createElement("div"));
    const inserted: unknown[] = [];
    const sharedModel = {
      cells: { length: count },
      insertCell: (...args: unknown[]) => inserted.push(args),
    };
    return { el, inserted, manager: { context: { model: { sharedModel } } } };
  }

  it("comes below the cell that shows it", () => {
    const { el, inserted, manager } = notebook("1");
    expect(insertBelow(el, "x = 1", manager)).toBe(true);
    expect(inserted).toEqual([[2, { cell_type: "code", source: "x = 1" }]]);
  });

  it.each(["", "x", "3", "-1"])("goes nowhere where that is not known: %j", (index) => {
    const { el, inserted, manager } = notebook(index);
    if (index === "") delete el.parentElement!.dataset.windowedListIndex;
    expect(insertBelow(el, "x = 1", manager)).toBe(false);
    expect(insertBelow(el, "x = 1", undefined)).toBe(false);
    expect(inserted).toEqual([]);
  });
});
