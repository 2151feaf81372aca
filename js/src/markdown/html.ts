/**
 * Blocks as HTML, in the few elements that safe.ts lets through. Text of the model is escaped here,
 * raw HTML too. `<data>` stands for what decorate.ts puts in its place.
 */

import type { MarkedToken } from "marked";
import { OPEN } from "./formula";
import type { Footnote, Token, Tokens } from "./lexer";

const ESCAPES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const BREAK = /^<br\s*\/?>$/i;

export function toHtml(tokens: readonly Token[]): string {
  return tokens.map(one).join("");
}

/** Everything as it is written. */
export function escapeAll(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char]!);
}

/** As it is written, but `&eacute;` is the letter it names. */
function escapeText(text: string): string {
  return text.replace(
    /[<>"']|&(?!(?:#\d{1,7}|#[xX][a-fA-F0-9]{1,6}|\w+);)/g,
    (char) => ESCAPES[char]!,
  );
}

function one(any: Token): string {
  const own = OWN[any.type];
  if (own) return own(any as Tokens.Generic);
  const token = any as MarkedToken;
  switch (token.type) {
    case "space":
      return "";
    case "paragraph":
      return wrap("p", token.tokens);
    case "heading":
      return wrap(`h${token.depth}`, token.tokens);
    case "hr":
    case "br":
      return `<${token.type}>`;
    case "blockquote":
    case "strong":
    case "em":
    case "del":
      return wrap(token.type, token.tokens);
    case "list":
      return list(token);
    case "checkbox":
      return `<data value="task:${token.checked ? "x" : ""}"></data>`;
    case "code": {
      const language = token.lang ? ` title="${escapeAll(languageOf(token.lang))}"` : "";
      return `<pre${language}><code>${escapeAll(token.text.replace(/\n$/, ""))}</code></pre>`;
    }
    case "table":
      return table(token);
    case "codespan":
      return `<code>${escapeAll(token.text)}</code>`;
    case "link": {
      const href = token.autolink ? escapeAll(token.href) : escapeText(token.href);
      const text = token.autolink ? escapeAll(token.text) : toHtml(token.tokens);
      return `<a href="${href}">${text}</a>`;
    }
    case "image": {
      const alt = escapeText(plain(token.tokens ?? []) || token.text);
      return `<data value="image:${escapeText(token.href)}" title="${alt}"></data>`;
    }
    case "html":
      return BREAK.test(token.text) ? "<br>" : escapeAll(token.text);
    case "escape":
      return escapeAll(token.text);
    case "text":
      return "tokens" in token && token.tokens ? toHtml(token.tokens) : escapeText(token.text);
    default:
      return escapeAll(any.raw);
  }
}

/** What is not marked's. */
const OWN: Record<string, (token: Tokens.Generic) => string> = {
  formula({ raw, isDisplay, isBlock, isOpen }) {
    const end = raw.indexOf(OPEN);
    const kind = `formula-${isDisplay ? "display" : "inline"}${isOpen || end >= 0 ? "-open" : ""}`;
    const data = standIn(kind, end < 0 ? raw : raw.slice(0, end));
    return isBlock ? `<p>${data}</p>` : data;
  },
  note: ({ raw, label, title }) =>
    `<data value="note:${escapeAll(`${label}:${raw}`)}" title="${escapeAll(title ?? "")}"></data>`,
  footnote(token) {
    const { label, tokens } = token as Footnote;
    return `<p>${standIn("footnote", label)}${toHtml(tokens)}</p>`;
  },
  // Where nothing leads to it, it is a source, and shown as it is written.
  def: ({ raw, tag, href }) =>
    `<p><data value="source:${escapeAll(`${href} ${tag}`)}" title="${escapeAll(raw.trim())}"></data></p>`,
};

function standIn(kind: string, text: string): string {
  return `<data value="${kind}:${escapeAll(text)}"></data>`;
}

/** The first word after a fence. */
export function languageOf(info: string): string {
  return info.trim().split(/\s/, 1)[0]!.slice(0, 40);
}

function wrap(tag: string, tokens: Token[]): string {
  return `<${tag}>${toHtml(tokens)}</${tag}>`;
}

function list({ ordered, start, items }: Tokens.List): string {
  const tag = ordered ? "ol" : "ul";
  const first = ordered && start !== 1 ? ` start="${Number(start)}"` : "";
  return `<${tag}${first}>${items.map((item) => wrap("li", item.tokens)).join("")}</${tag}>`;
}

function table({ header, rows }: Tokens.Table): string {
  const row = (cells: Tokens.TableCell[]) => {
    const html = cells.map(({ tokens, align, header }) => {
      const tag = header ? "th" : "td";
      return `<${tag}${align ? ` align="${align}"` : ""}>${toHtml(tokens)}</${tag}>`;
    });
    return `<tr>${html.join("")}</tr>`;
  };
  const body = rows.length > 0 ? `<tbody>${rows.map(row).join("")}</tbody>` : "";
  return `<table><thead>${row(header)}</thead>${body}</table>`;
}

/** The text alone, for where there can be no elements. */
function plain(tokens: Token[]): string {
  return tokens
    .map((token) => {
      if (token.type === "br") return " ";
      const { tokens: inner, text } = token as Tokens.Generic;
      return inner ? plain(inner) : String(text ?? "");
    })
    .join("");
}
