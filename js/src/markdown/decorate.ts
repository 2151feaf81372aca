/** From clean nodes to what the reader sees: links, pictures, boxes, code with its bar. */

import { element } from "../dom";
import { CodeBlock } from "./code";
import { NO_IMAGE } from "./heal";
import { tableBox } from "./table";
import { formula } from "./typeset";

const SCHEMES = new Set(["http:", "https:", "mailto:"]);
const PICTURES = new Set(["http:", "https:"]);

/** The pictures that buttons stand for. Not in an attribute: nothing on the page can set it. */
const pictures = new WeakMap<Element, { src: string; alt: string }>();

/** Works on nodes that are in no page yet. `highlighted`: the code in them is complete. */
export function decorate(fragment: DocumentFragment, highlighted: boolean): void {
  for (const link of fragment.querySelectorAll("a")) decorateLink(link);
  for (const data of fragment.querySelectorAll("data")) data.replaceWith(standsFor(data));
  for (const pre of fragment.querySelectorAll("pre")) {
    const block = new CodeBlock(pre.title);
    block.append(pre.textContent ?? "");
    if (highlighted) block.close();
    pre.replaceWith(block.el);
  }
  for (const table of fragment.querySelectorAll("table")) {
    const place = document.createComment("");
    table.replaceWith(place);
    place.replaceWith(tableBox(table));
  }
  for (const block of fragment.children) {
    if (!block.hasAttribute("dir")) block.setAttribute("dir", "auto");
  }
}

function decorateLink(link: HTMLAnchorElement): void {
  const url = parse(link.getAttribute("href"));
  if (!url || !SCHEMES.has(url.protocol)) {
    link.replaceWith(...link.childNodes);
    return;
  }
  link.href = url.href;
  link.rel = "noopener noreferrer nofollow";
  link.target = "_blank";
  // Where it leads, whatever its text says; hosts that imitate others show as what they are.
  link.title = url.href;
}

function standsFor(data: HTMLElement): Node {
  const value = data.getAttribute("value") ?? "";
  const kind = value.slice(0, value.indexOf(":"));
  const rest = value.slice(kind.length + 1);
  if (kind === "image") return picture(rest, data.title);
  if (kind.startsWith("formula")) {
    return formula(rest, kind.includes("display"), kind.endsWith("open"));
  }
  if (kind === "note") return mark(rest, data.title);
  if (kind === "footnote") return footnote(data, rest);
  if (kind === "source") return source(data, rest);
  const box = element("input", { type: "checkbox", disabled: "", class: "nbs-md-task" });
  // The attribute, not the state: it is what a copy of the page keeps.
  if (rest === "x") box.setAttribute("checked", "");
  return box;
}

/** What leads to a footnote; it says what stands there. */
function mark(value: string, text: string): Node {
  const label = value.slice(1, value.indexOf(":"));
  const name = { title: text, "aria-label": `Footnote ${label}` };
  const el = element("button", { type: "button", class: "nbs-md-mark", ...name }, `[${label}]`);
  labels.set(el, `^${label}`);
  return el;
}

function footnote(data: HTMLElement, label: string): Node {
  const note = data.parentElement;
  note?.classList.add("nbs-md-note-text");
  note?.setAttribute("tabindex", "-1");
  if (note) labels.set(note, label);
  return element("span", { class: "nbs-md-label" }, `[${label.slice(1)}] `);
}

/** A definition as it is written; its address is a link. */
function source(data: HTMLElement, value: string): Node {
  const at = value.indexOf(" ");
  const href = value.slice(0, at);
  const written = data.title;
  data.parentElement?.classList.add("nbs-md-source");
  if (data.parentElement) labels.set(data.parentElement, value.slice(at + 1));
  const begin = written.indexOf("]:") + 2;
  const from = href ? written.indexOf(href, begin) : -1;
  if (from < 0) return document.createTextNode(written);
  const link = element("a", { href }, href);
  const all = document.createDocumentFragment();
  all.append(written.slice(0, from), link, written.slice(from + href.length));
  decorateLink(link);
  return all;
}

/** What a mark leads to, a footnote is, a source defines. Nothing on the page can set it. */
const labels = new WeakMap<Element, string>();

export function labelOf(el: Element): string {
  return labels.get(el) ?? "";
}

/** What a click on a footnote's mark does. */
export function showNote(button: Element, root: Element): void {
  const label = labelOf(button);
  const notes = root.querySelectorAll<HTMLElement>(".nbs-md-note-text");
  const note = [...notes].find((el) => labelOf(el) === label);
  note?.scrollIntoView({ block: "nearest" });
  note?.focus({ preventScroll: true });
}

/** A page that fetched it would tell its host who reads this, so the reader decides. */
function picture(src: string, alt: string): Node {
  if (src === NO_IMAGE) return document.createTextNode("");
  const name = `Image: ${alt || "no description"}`;
  const url = parse(src);
  if (url?.protocol === "data:") return document.createTextNode(`${name} (embedded, not shown)`);
  if (!url || !PICTURES.has(url.protocol)) return document.createTextNode(`${name} (not shown)`);
  const button = element(
    "button",
    { type: "button", class: "nbs-md-image", title: url.href },
    `${name} (${url.host})`,
  );
  pictures.set(button, { src: url.href, alt });
  return button;
}

/** What a click on a picture's button does. */
export function showPicture(button: Element): void {
  const picture = pictures.get(button);
  if (!picture) return;
  const { src, alt } = picture;
  // The address last: that is when the page asks for it.
  const image = element("img", { referrerpolicy: "no-referrer", loading: "lazy", alt, src });
  button.replaceWith(image);
}

function parse(address: string | null): URL | null {
  try {
    return new URL(address ?? "");
  } catch {
    return null;
  }
}
