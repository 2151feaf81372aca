/**
 * The table that the page writes itself, for a notebook that is saved before the runs are over.
 * Simpler than Python's (`nbstream/widget/_batch_static.py`), which takes its place.
 */

import { type Bundle, pagesBundle } from "../outputs";
import { number } from "../words";
import { metricsOf } from "./header";
import type { BatchStore } from "./store";

/** Lines that are kept, as in Python. */
const MOST = 200;

export function transcriptOf(place: string, batch: BatchStore): Bundle {
  const { lines, isGone } = batch;
  const wanted = {
    sort: "status",
    isDescending: false,
    status: null,
    kind: null,
    search: "",
  } as const;
  const all = lines.order(wanted);
  const shown = all.slice(0, MOST);
  const state = isGone
    ? "Kernel gone"
    : batch.isRunning
      ? `Saved while ${lines.state}`
      : lines.state;
  const headline = [state, `${number(lines.length)} runs`, ...metricsOf(batch)].join(" · ");
  const rows = shown.map((index) => [
    String(index),
    lines.statusOf(index),
    lines.inputs[index] ?? "",
    lines.shown(index),
  ]);
  const more = all.length > shown.length ? `… ${number(all.length - shown.length)} more runs` : "";
  const head = ["#", "Status", "Input", "Answer"];
  const html = [
    `<div class="mathjax_ignore tex2jax_ignore"><div>${escaped(headline)}</div><table><thead><tr>`,
    ...head.map((word) => `<th>${word}</th>`),
    "</tr></thead><tbody>",
    ...rows.map((row) => `<tr>${row.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`),
    `</tbody></table>${more && `<div>${more}</div>`}</div>`,
  ].join("");
  const table = [head, head.map(() => "---"), ...rows.map((row) => row.map(inMarkdown))];
  const text = table.map((row) => `| ${row.join(" | ")} |`).join("\n");
  return pagesBundle(escaped(place), html, [inMarkdown(headline), text, more].join("\n\n").trim());
}

function inMarkdown(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>#|~$]/g, "\\$&");
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}
