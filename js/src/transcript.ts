/**
 * The transcript that the page makes itself, of a run that its kernel can say nothing more of, or
 * that is not over when the notebook is saved: the file then has the text received so far. Simpler
 * than Python's (`nbstream/widget/_static.py`), which takes its place.
 */

import { loaded } from "./modules";
import { type Bundle, pagesBundle } from "./outputs";
import { cutOff } from "./state";
import type { Store } from "./store";
import { isConversation, turns } from "./turns";
import type { TranscriptModule } from "./views/transcript";
import { allFigures, count, figures } from "./words";

/** Characters of text kept, as in Python. */
const MAX_TEXT = 400_000;

/** An answer and, in a conversation, the prompt before it; in a comparison, its name. */
export interface Told {
  store: Store;
  name?: string;
  prompt?: string;
}

/** What an output holds that a transcript stands in. */
export function transcript(place: string, told: readonly Told[]): Bundle {
  const html: string[] = [];
  const texts: string[] = [];
  for (const { store, prompt, name } of told) {
    if (name !== undefined) {
      html.push(block("padding:6px 12px 0;font-weight:600", name));
      texts.push(`**${name}**`);
    }
    if (prompt !== undefined)
      html.push(block("padding:6px 12px;background:#8882", bounded(prompt)));
    const { runs } = store.live;
    // Where it reads as a conversation, and what writes it is here.
    const reading = isConversation(runs) && loaded<TranscriptModule>("transcript");
    if (reading) {
      const text = bounded(reading.written(runs, prompt !== undefined));
      const words = [headline(store), ...allFigures(store.live, store.price())];
      html.push(block("padding:5px 12px;font-size:.86em;opacity:.8", words.join(" · ")));
      html.push(block("padding:10px 12px;line-height:1.6", text));
      texts.push(prompt === undefined ? text : `**You:** ${prompt}\n\n${text}`);
      continue;
    }
    const shown = runs[0] ? turns(runs) : [0];
    const said = shown.map((at) => {
      const run = runs[at];
      const failed = run?.error ? `\n\n${run.error.type}: ${run.error.message}` : "";
      const text = bounded((run?.texts.join("") ?? "") + failed);
      const name = shown.length > 1 ? run?.name : "";
      const words = [name ? `${name}: ${run?.status}` : headline(store)];
      words.push(...figures(store.live, at, store.price()));
      html.push(block("padding:5px 12px;font-size:.86em;opacity:.8", words.join(" · ")));
      for (const { name, kind, pieces } of run?.asides ?? []) {
        const title = kind === "thinking" ? "Thinking" : `Calls ${name ?? "a tool"}`;
        const said = block("padding:2px 12px", bounded(pieces.join("")));
        html.push(`<details><summary>${escaped(title)}</summary>${said}</details>`);
      }
      html.push(block("padding:10px 12px;line-height:1.6", text));
      return name ? `**${name}:** ${text}` : text;
    });
    const note = cutOff(store.live);
    if (note) html.push(block("padding:0 12px 10px;opacity:.65", note));
    const text = said.join("\n\n---\n\n");
    texts.push(prompt === undefined ? text : `**You:** ${prompt}\n\n${text}`);
  }
  const text = texts.join("\n\n---\n\n");
  // What stands between two `$` is no formula here.
  const inside = `<div class="mathjax_ignore tex2jax_ignore">${html.join("")}</div>`;
  return pagesBundle(escaped(place), inside, text);
}

function headline({ doing, isRunning }: Store): string {
  if (doing === "gone") return "Kernel gone";
  return isRunning ? `Saved while ${doing}` : doing[0]!.toUpperCase() + doing.slice(1);
}

function bounded(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  return `${text.slice(0, MAX_TEXT)}\n\n… ${count(text.length - MAX_TEXT, "more character")}.`;
}

function block(style: string, text: string): string {
  // What turns the direction of writing around does so in its own place only.
  const own = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate";
  if (!text.includes("\n")) return `<div style="${own};${style}">${escaped(text)}</div>`;
  // It keeps its lines where styles are taken away, as on GitHub. The first break is not the text's.
  const plain = "margin:0;border:0;background:none;color:inherit;font:inherit";
  return `<pre style="${plain};${own};${style}">\n${escaped(text)}</pre>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}
