/**
 * Colours for code, in the languages that models write most. Not in Markdown: hljs can take
 * minutes for a few thousand characters of it.
 */

import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import julia from "highlight.js/lib/languages/julia";
import python from "highlight.js/lib/languages/python";
import r from "highlight.js/lib/languages/r";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { cleanSpans } from "./safe";

const LANGUAGES = {
  bash,
  cpp,
  css,
  diff,
  go,
  java,
  javascript,
  json,
  julia,
  python,
  r,
  rust,
  sql,
  typescript,
  xml,
  yaml,
};
/** Longer code keeps one colour: highlighting it would take the page's time, */
const LONGEST = 30_000;
/** and so does code that takes hljs a time out of proportion: endless words, lines, and gaps. */
const ENDLESS = /[\w$]{200}|[^\n]{1000}|\n{20}/;

for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);
// Names that hljs does not know, for languages that are near enough.
hljs.registerAliases(["c", "h"], { languageName: "cpp" });
hljs.registerAliases(["shell", "console", "shellsession"], { languageName: "bash" });
hljs.registerAliases(["ipython", "ipython3", "python3"], { languageName: "python" });

/** Put colours into an element that holds code. Its text stays the same. */
export function highlight(code: HTMLElement, language: string): void {
  const text = code.textContent ?? "";
  if (text.length > LONGEST || ENDLESS.test(text) || !hljs.getLanguage(language)) return;
  const { value } = hljs.highlight(text, { language, ignoreIllegals: true });
  const coloured = cleanSpans(value);
  if (coloured.textContent !== text) return;
  for (const span of coloured.querySelectorAll("span")) {
    const names = [...span.classList].filter((name) => /^hljs-[\w-]+$|^[a-z]+_$/.test(name));
    span.className = names.join(" ");
  }
  code.replaceChildren(coloured);
}
