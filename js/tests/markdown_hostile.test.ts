// @vitest-environment jsdom
// Not happy-dom, as elsewhere: DOMPurify loses elements there that it keeps in browsers.
import { describe, expect, it } from "vitest";
import { decorate } from "../src/markdown/decorate";
import { toHtml } from "../src/markdown/html";
import { lexBlocks, lexInline } from "../src/markdown/lexer";
import { cleanBlocks, cleanSpans } from "../src/markdown/safe";
import { start, whole } from "./markdown_page";

/** What may be on the page, and its attributes. Everything else is a hole. */
const ALLOWED: Record<string, string[]> = {
  ...Object.fromEntries(
    "p h1 h2 h3 h4 h5 h6 ul li blockquote hr pre br code em strong del"
      .concat(" table thead tbody tr")
      .split(" ")
      .map((tag) => [tag, []]),
  ),
  a: ["href", "rel", "target", "title"],
  ol: ["start"],
  th: ["align"],
  td: ["align"],
  p: ["class"],
  pre: ["data-lines"],
  div: ["class", "role", "aria-label"],
  span: ["class"],
  button: ["type", "class", "aria-label", "title", "aria-pressed"],
  input: ["type", "class", "disabled", "checked"],
};

function holes(el: HTMLElement): string[] {
  return [...el.querySelectorAll("*")].flatMap((node) => {
    const tag = node.localName;
    if (node.namespaceURI !== "http://www.w3.org/1999/xhtml" || !ALLOWED[tag]) return [`<${tag}>`];
    const names = [...node.attributes].flatMap(({ name, value }) => {
      const known = [...ALLOWED[tag]!, "dir", "tabindex"].includes(name);
      const ours =
        name !== "class" || /^(?:nbs-md-[a-z-]+(?: nbs-md-[a-z]+)*|hljs-[ \w-]+|)$/.test(value);
      return known && ours ? [] : [`${tag}[${name}=${value}]`];
    });
    if (tag !== "a") return names;
    const { protocol, target, rel, title, href } = node as HTMLAnchorElement;
    const safe = ["http:", "https:", "mailto:"].includes(protocol) && target === "_blank";
    const told = rel === "noopener noreferrer nofollow" && title === href;
    return safe && told ? names : [...names, node.outerHTML];
  });
}

const HOSTILE = [
  "<script>alert(1)</script>",
  "<SCRIPT SRC=//e.com/x.js></SCRIPT>",
  "text <script>alert(1)</script> text",
  "<img src=x onerror=alert(1)>",
  '<img src="x" onerror="alert(1)"',
  "<svg onload=alert(1)>",
  "<svg><script>alert(1)</script></svg>",
  "<svg><style><img src=x onerror=alert(1)></style></svg>",
  "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=1&gt;'>",
  "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
  "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
  "<style>*{background:url(https://e.com)}</style>",
  "<link rel=stylesheet href=https://e.com>\n<base href=https://e.com>\n<meta http-equiv=refresh>",
  "<iframe src=javascript:alert(1)></iframe>\n<object data=x></object>\n<embed src=x>",
  "<a href=javascript:alert(1)>x</a>",
  "<a href=ftp://e.com>x</a> <a href=tel:1>y</a> <a href=//e.com>z</a> <a href=/x>z</a>",
  '<a id=x name=y class=z style="color:red" href="https://e.com">x</a>',
  "<form action=https://e.com><input name=attributes><button formaction=javascript:1>x</button></form>",
  "<details open ontoggle=alert(1)>",
  "<template><img src=x onerror=alert(1)></template>",
  "<br onclick=alert(1)>\n<br/onclick=alert(1)>\n<br\nid=x>",
  "<!--><img src=x onerror=alert(1)>-->",
  "<![CDATA[<img src=x onerror=alert(1)>]]>",
  "<?xml <img src=x onerror=alert(1)>?>",
  "<x y='`<z>`' onclick=alert(1)>",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java&#115;cript:alert(1))",
  "[x](javascript&colon;alert(1))",
  "[x](javascript&#x3a;alert(1))",
  "[x](&#1;javascript:alert(1))",
  "[x](<java\tscript:alert(1)>)",
  "[x](<java&Tab;script:alert(1)>) [x](<java&NewLine;script:alert(1)>)",
  "[x]( javascript:alert(1)) [x](<\tjavascript:alert(1)>)",
  "[x](vbscript:msgbox(1)) [x](data:text/html,<script>alert(1)</script>)",
  "[x](data:text/html;base64,PHNjcmlwdD4=) [x](blob:https://e.com/1) [x](file:///etc/passwd)",
  "[x](//e.com) [x](/y) [x](#z) [x](?q) [x]() [x](about:blank) [x](https://) [x](x:y)",
  "<javascript:alert(1)> <vbscript:x> <data:text/html,x> <blob:x>",
  "javascript:alert(1) www.javascript:alert(1)",
  "[x]: javascript:alert(1)\n\n[x] [y][x] ![z][x]",
  "[x]: <java&#115;cript:alert(1)> 'onclick=alert(1)'\n\n[x]",
  '[x](https://e.com "\\" onclick=alert(1) \\"") [y](https://e.com \'"><img src=x onerror=1>\')',
  '[x](https://e.com/"onclick="alert(1)) [x](<https://e.com/" onclick="alert(1)>)',
  "[x](https://e.com/'onclick='alert(1)) https://e.com/\"onclick=alert(1)",
  "[<img src=x onerror=alert(1)>](https://e.com) [![x](y)](javascript:alert(1))",
  "![x](https://e.com/i.png) ![x](javascript:alert(1)) ![x](data:image/svg+xml,<svg/onload=1>)",
  '![" onerror="alert(1)](https://e.com/i.png) ![<script>](https://e.com/"onerror="alert(1))',
  "![x](https://e.com/i.png 'x\" onerror=\"alert(1)')",
  "![task:x](task:x) ![x](streamdown:incomplete-image) [x](streamdown:incomplete-link)",
  '<data value="task:x"></data><data value="image:https://e.com" title="x"></data>',
  '```" onclick="alert(1)\n</code></pre><img src=x onerror=alert(1)>\n```',
  "```html\n<img src=x onerror=alert(1)><script>alert(1)</script>\n```",
  "```<img/src=x/onerror=alert(1)>\nx\n```\n\n- ~~~ <script>\n  </pre><script>\n  ~~~",
  "`<img src=x onerror=alert(1)>` ``</code><script>``",
  "    <script>alert(1)</script>",
  '| <script> | " onclick=" |\n|:--|--:|\n| <img src=x onerror=1> | [x](javascript:1) |',
  "# <img src=x onerror=alert(1)>\n\n> <svg onload=1>\n\n- <script>\n\n1. <style>",
  "**<script>** *<img src=x onerror=1>* ~~<svg>~~",
  "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;",
  "<script>&lt;/script&gt;&#60;script&#62;",
  "<<script>script>alert(1)<</script>/script>",
  "<scr\u0000ipt>alert(1)</scr\u0000ipt> [x](java\u0000script:alert(1))",
  "<kbd>&lt;img src=x onerror=alert(1)&gt; <img src=x onerror=alert(1)>",
  "$<img src=x onerror=alert(1)>$ $$</math><script>alert(1)</script>$$ \\(<style>\\)",
  "\\[\n\\href{javascript:alert(1)}{x} <img src=x onerror=alert(1)>\n\\]",
  '$"onclick="alert(1)$ \\("><script>alert(1)</script>\\)',
  'a[^x]\n\n[^x]: <img src=x onerror=alert(1)> "onclick=alert(1)',
  '[^"onclick=alert(1)]: x\n\n[^<img/src=x/onerror=alert(1)>]: y\n\nz[^<img/src=x/onerror=alert(1)>]',
  '[a]: <https://e.com/"onclick=alert(1)> \'<script>\'\n[b"onclick="x]: data:text/html,<script>',
  '<data value="note:^1:x" title="y"></data> <data value="source:javascript:1 x"></data>',
  '[x](mailto:a@b.co?subject=<script>) <a@b.co?x="onclick=1>',
];

describe("hostile text", () => {
  it("is enough to speak of", () => expect(new Set(HOSTILE).size).toBeGreaterThan(60));

  it.each(HOSTILE)("%s is text", (markdown) => {
    expect(holes(whole(markdown))).toEqual([]);
    const { el, view, draw } = start();
    for (const char of markdown) {
      view.append(char);
      draw();
      expect(holes(el)).toEqual([]);
    }
    expect(el.querySelector("img, script, svg, style")).toBeNull();
  });

  it.each(HOSTILE)("%s is escaped, also without the second barrier", (markdown) => {
    const { tokens, runs } = lexBlocks(markdown);
    lexInline(tokens, runs, Object.create(null));
    const template = document.createElement("template");
    template.innerHTML = toHtml(tokens);
    const nodes = [...template.content.querySelectorAll("*")];
    const known = [...Object.keys(ALLOWED), "data"].filter(
      (tag) => !/div|span|button|input/.test(tag),
    );
    expect(nodes.map(({ localName }) => localName).filter((tag) => !known.includes(tag))).toEqual(
      [],
    );
    const names = nodes.flatMap((node) => node.getAttributeNames());
    const ours = ["href", "title", "value", "start", "align"];
    expect(names.filter((name) => !ours.includes(name))).toEqual([]);
  });

  it.each(HOSTILE)("%s is taken out, also without the first barrier", (html) => {
    const box = document.createElement("div");
    box.append(cleanBlocks(html));
    for (const data of box.querySelectorAll("data")) data.remove();
    for (const node of box.querySelectorAll("*")) {
      expect(Object.keys(ALLOWED)).toContain(node.localName);
      for (const { name, value } of node.attributes) {
        expect(["href", "title", "value", "start", "align"]).toContain(name);
        if (name === "href") expect(value).toMatch(/^(?:https?|mailto):/);
      }
    }
    const spans = document.createElement("div");
    spans.append(cleanSpans(html));
    expect([...spans.querySelectorAll("*")].filter((node) => node.localName !== "span")).toEqual(
      [],
    );
  });

  it("gets no link and no picture past the last look, whatever let it through", () => {
    const template = document.createElement("template");
    template.innerHTML =
      '<a href="javascript:alert(1)" title="https://e.com">x</a><a href="ftp://e.com">y</a><a>z</a>' +
      '<data value="image:javascript:alert(1)"></data><data value="image:blob:https://e.com/1"></data>';
    decorate(template.content, true);
    expect(template.content.querySelector("a, button, img, data")).toBeNull();
    expect(template.content.textContent).toMatch(/^xyzImage: no description \(not shown\)Image/);
  });

  it("cannot stop us with depth, nor with markers beyond number", () => {
    const deep = `${"> ".repeat(3000)}a\n\n${"- ".repeat(3000)}b\n\n${"1. ".repeat(100)}c`;
    expect(whole(deep).querySelectorAll("blockquote")).toHaveLength(24);
    expect(whole(deep).querySelectorAll("ul")).toHaveLength(24);
    expect(whole(deep).querySelectorAll("ol")).toHaveLength(24);
    expect(whole("a_".repeat(20_000)).textContent).toContain("a_a_a_");
    expect(whole("a*b*".repeat(5000)).querySelector("em")).toBeNull();
    expect(whole("a*b*".repeat(50)).querySelectorAll("em")).toHaveLength(50);
  });
});
