/** From clean nodes to what the reader sees: links, pictures, boxes, code with its bar. */

import { element } from "../dom";
import { CodeBlock } from "./code";
import { NO_IMAGE } from "./heal";

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
    const frame = element("div", { class: "nbs-md-table", tabindex: "0" });
    table.replaceWith(frame);
    frame.append(table);
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
  const box = element("input", { type: "checkbox", disabled: "", class: "nbs-md-task" });
  // The attribute, not the state: it is what a copy of the page keeps.
  if (rest === "x") box.setAttribute("checked", "");
  return box;
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
