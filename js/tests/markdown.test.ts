// @vitest-environment jsdom
// Not happy-dom, as elsewhere: DOMPurify loses elements there that it keeps in browsers.
import { readFileSync } from "node:fs";
import { Lexer } from "marked";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createMarkdown, type MarkdownView } from "../src/markdown";
import { decorate } from "../src/markdown/decorate";
import { toHtml } from "../src/markdown/html";
import { lexBlocks, lexInline } from "../src/markdown/lexer";
import { cleanBlocks, cleanSpans } from "../src/markdown/safe";
import { ALL, DOCUMENTS } from "./documents";

/** The page's clock: it stands still, or takes a step each time somebody looks. */
let clock = 0;
let step = 0;

// For each document that DOMPurify makes, jsdom leaves listeners on its window: it would crawl.
(globalThis as unknown as { jsdom: { window: Window } }).jsdom.window.addEventListener = () => {};

beforeEach(() => {
  clock = step = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    clock += step;
    return clock;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function start(): { el: HTMLElement; view: MarkdownView; draw: (finished?: boolean) => void } {
  const el = document.createElement("div");
  const view = createMarkdown(el);
  return {
    el,
    view,
    draw(finished = false) {
      for (let calls = 0; view.render(finished); calls++) {
        clock += 1e6;
        if (calls > 10_000) throw new Error("There is no end to it.");
      }
      clock += 1e6;
    },
  };
}

function written(pieces: Iterable<string>, finished = true): HTMLElement {
  const { el, view, draw } = start();
  for (const piece of pieces) {
    view.append(piece);
    draw();
  }
  if (finished) draw(true);
  return el;
}

const inPieces = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  );

const whole = (text: string) => {
  const { el, view, draw } = start();
  view.append(text);
  draw(true);
  return el;
};

/** The elements that Markdown is about, without what is around and on them. */
function plain(el: HTMLElement): string {
  const copy = el.cloneNode(true) as HTMLElement;
  for (const bar of copy.querySelectorAll(".nbs-md-bar")) bar.remove();
  for (const box of copy.querySelectorAll("div")) box.replaceWith(...box.childNodes);
  for (const node of copy.querySelectorAll("*")) {
    for (const name of ["dir", "rel", "target", "title", "tabindex", "type", "class", "disabled"]) {
      node.removeAttribute(name);
    }
  }
  for (const span of copy.querySelectorAll("span")) span.replaceWith(...span.childNodes);
  copy.normalize();
  return copy.innerHTML.replaceAll("\n", "⏎");
}

describe("however the text is cut", () => {
  it.each(Object.entries(DOCUMENTS))(
    "%s come out the same",
    (_name, [markdown, html]) => {
      const expected = whole(markdown);
      expect(plain(expected)).toBe(html);
      const same = expected.innerHTML;
      expect(written(markdown.split("")).innerHTML).toBe(same);
      // Where the time for a call runs out at every look at the clock, too.
      step = 5;
      expect(written(markdown.split("")).innerHTML).toBe(same);
      for (let at = 1; at < markdown.length; at++) {
        step = at % 2 ? 0 : 9;
        const cut = written([markdown.slice(0, at), markdown.slice(at)]).innerHTML;
        expect(cut, `cut at ${at}`).toBe(same);
      }
    },
    30_000,
  );

  it("a document of all of them comes out the same", () => {
    const same = whole(ALL).innerHTML;
    for (const size of [7, 100, 3000]) {
      expect(written(inPieces(ALL, size)).innerHTML).toBe(same);
    }
  }, 30_000);
});

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
  div: ["class"],
  span: ["class"],
  button: ["type", "class", "aria-label", "title"],
  input: ["type", "class", "disabled", "checked"],
};

function holes(el: HTMLElement): string[] {
  return [...el.querySelectorAll("*")].flatMap((node) => {
    const tag = node.localName;
    if (node.namespaceURI !== "http://www.w3.org/1999/xhtml" || !ALLOWED[tag]) return [`<${tag}>`];
    const names = [...node.attributes].flatMap(({ name, value }) => {
      const known = [...ALLOWED[tag]!, "dir", "tabindex"].includes(name);
      const ours = name !== "class" || /^(?:nbs-md-[a-z]+|hljs-[ \w-]+|)$/.test(value);
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

describe("while it is written", () => {
  const SEEN: [written: string, seen: string][] = [
    ["a **bol", "<p>a <strong>bol</strong></p>"],
    ["a **", "<p>a</p>"],
    ["a **bold*", "<p>a <strong>bold</strong></p>"],
    ["a *it", "<p>a <em>it</em></p>"],
    ["a ~~x", "<p>a <del>x</del></p>"],
    ["a `co", "<p>a <code>co</code></p>"],
    ["a `x[0]", "<p>a <code>x[0]</code></p>"],
    ["a `", "<p>a</p>"],
    ["a [link](htt", "<p>a link</p>"],
    ["a [link]", "<p>a link</p>"],
    ["a [li", "<p>a li</p>"],
    ["a [", "<p>a</p>"],
    ["a ![alt](htt", "<p>a </p>"],
    ["a ![al", "<p>a </p>"],
    ["a<br", "<p>a</p>"],
    ["a \\", "<p>a</p>"],
    ["snake_", "<p>snake</p>"],
    ["snake_case and 2 * 3", "<p>snake_case and 2 * 3</p>"],
    ["a\n-", "<p>a</p>"],
    ["a\n- ", "<p>a</p>"],
    ["a\n\n1.", "<p>a</p>"],
    ["1. a\n2", "<ol><li>a</li></ol>"],
    ["- a\n- [", "<ul><li>a</li><li></li></ul>"],
    ["- a\n- **b", "<ul><li>a</li><li><strong>b</strong></li></ul>"],
    ["a\n\n```p", "<p>a</p>"],
    ["```py\na\n``", "<pre><code>a</code></pre>"],
    ["```py\n**a", "<pre><code>**a</code></pre>"],
    ["- a\n\n  ```\n  **b", "<ul><li><p>a</p><pre><code>**b</code></pre></li></ul>"],
    ["- **a\n\n  ```\n  b", "<ul><li><p>**a</p><pre><code>b</code></pre></li></ul>"],
    ["|", ""],
    ["| a | **b", "<table><thead><tr><th>a</th><th><strong>b</strong></th></tr></thead></table>"],
    ["x\n\n| a \\| b |\n|-", "<p>x</p><table><thead><tr><th>a | b</th></tr></thead></table>"],
    [
      "| a |\n|--|\n| **c",
      "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td><strong>c</strong></td></tr>" +
        "</tbody></table>",
    ],
  ];

  it.each(SEEN)("%j is shown as %s", (markdown, html) => {
    expect(plain(written([markdown], false))).toBe(html);
    // What is written in the end is the text itself.
    expect(written([markdown]).innerHTML).toBe(whole(markdown).innerHTML);
  });

  it("what is finished is never made again", () => {
    const { el, view, draw } = start();
    const blocks: Element[] = [];
    for (const piece of inPieces(`${ALL}\n\nend`, 9)) {
      view.append(piece);
      draw();
      const now = [...el.querySelectorAll(".nbs-md-part > *")];
      expect(now.slice(0, blocks.length).every((block, i) => block === blocks[i])).toBe(true);
      blocks.splice(0, Infinity, ...now);
    }
    expect(blocks.length).toBeGreaterThan(60);
    expect(el.querySelectorAll(".nbs-md-part").length).toBeGreaterThan(1);
  });

  it("each part of the text is looked at a bounded number of times", () => {
    const lexed = vi.spyOn(Lexer.prototype, "blockTokens");
    const block = (i: number) =>
      `Block ${i} with **bold** and \`code\`, some forty words or so.\n\n- a\n- b\n\n`;
    const count = (blocks: number) => {
      lexed.mockClear();
      const text = Array.from({ length: blocks }, (_, i) => block(i)).join("");
      written(inPieces(text, 5));
      return lexed.mock.calls.reduce((sum, [src]) => sum + src.length, 0) / text.length;
    };
    const factor = count(200);
    expect(factor).toBeLessThan(11);
    expect(factor / count(50)).toBeLessThan(1.1);
  }, 30_000);

  it("open code grows without being parsed, and has colours once it is closed", () => {
    const { el, view, draw } = start();
    view.append("```python\nx");
    draw();
    const code = el.querySelector("code")!;
    const text = code.firstChild!;
    const lexed = vi.spyOn(Lexer.prototype, "blockTokens");
    for (let i = 0; i < 100; i++) {
      view.append(" = 'a'\nx");
      draw();
    }
    expect(lexed).not.toHaveBeenCalled();
    expect(el.querySelector("code")).toBe(code);
    expect([...code.childNodes]).toEqual([text]);
    view.append("\n```\n");
    draw();
    expect(el.querySelector("code")).toBe(code);
    expect(code.querySelectorAll(".hljs-string")).toHaveLength(100);
    expect(code.textContent).toBe(`x${" = 'a'\nx".repeat(100)}`);
  });

  it("drawing the tail takes a quarter of the time", () => {
    const { el, view } = start();
    const lex = Lexer.prototype.blockTokens;
    let busy = 0;
    vi.spyOn(Lexer.prototype, "blockTokens").mockImplementation(function (this: Lexer, ...args) {
      busy += args[0].length / 100;
      clock += args[0].length / 100;
      return lex.apply(this, args as Parameters<typeof lex>);
    } as typeof lex);
    for (let i = 0; i < 2000; i++) {
      clock++;
      view.append(` word${i}`);
      view.render(false);
    }
    expect(busy / clock).toBeGreaterThan(0.15);
    expect(busy / clock).toBeLessThan(0.3);
    expect(view.render(false)).toBe(true);
    while (view.render(true));
    expect(el.textContent?.trim()).toMatch(/^word0 .* word1999$/);
  });

  it("a long text is written in many calls, each of which keeps its time", () => {
    const { el, view } = start();
    const paragraph = "Some words, *and* more of them.\n\n";
    view.append(paragraph.repeat(500));
    step = 1;
    let calls = 0;
    for (let more = true; more; calls++) {
      const begun = clock;
      more = view.render(true);
      expect(clock - begun).toBeLessThan(20);
    }
    expect(calls).toBeGreaterThan(50);
    expect(el.querySelectorAll("p")).toHaveLength(500);
  });
});

describe("at the borders", () => {
  it("a block beyond all measure is cut where it hurts least", () => {
    const items = Array.from({ length: 4000 }, (_, i) => `${i + 1}. item\n    - x\n`).join("");
    const lists = [...whole(items).querySelectorAll<HTMLOListElement>("ol")];
    expect(lists.length).toBeGreaterThan(1);
    expect(lists.reduce((sum, list) => sum + list.childElementCount, 0)).toBe(4000);
    expect(lists[1]!.start).toBe(lists[0]!.childElementCount + 1);

    const rows = Array.from({ length: 6000 }, (_, i) => `| ${i} | b |\n`).join("");
    const tables = whole(`| n | m |\n|--|--|\n${rows}`);
    expect(tables.querySelectorAll("table").length).toBeGreaterThan(1);
    expect(tables.querySelectorAll("tbody tr")).toHaveLength(6000);
    expect(tables.querySelectorAll("p")).toHaveLength(0);

    const words = "word ".repeat(30_000).trim();
    const pieces = written(inPieces(words, 5000));
    expect(pieces.textContent!.replaceAll(" ", "")).toBe(words.replaceAll(" ", ""));
    expect(pieces.innerHTML).toBe(whole(words).innerHTML);
    const fish = [...whole(`a${"🐟".repeat(50_000)}`).querySelectorAll("p")];
    expect(fish.length).toBeGreaterThan(1);
    for (const { textContent } of fish) expect(textContent).toMatch(/^a?(?:🐟)+$/u);
  });

  it("code that would take too long keeps one colour", () => {
    const colours = (code: string, language = "python") =>
      whole(`\`\`\`${language}\n${code}\n\`\`\``).querySelectorAll("code span").length;
    expect(colours("x = 1\n".repeat(10))).toBe(10);
    expect(colours("x = 1\n".repeat(6000))).toBe(0);
    expect(colours(`x = 1\n${"a".repeat(300)}`)).toBe(0);
    expect(colours("x = 1", "klingon")).toBe(0);
    expect(colours("<b>1</b>", "html")).toBeGreaterThan(0);
  });

  it("can be begun again", () => {
    const { el, view, draw } = start();
    view.append("[r]: https://e.com\n\n```\nopen");
    draw();
    view.clear();
    expect(el.textContent).toBe("");
    view.append("[r]");
    draw(true);
    expect(plain(el)).toBe("<p>[r]</p>");
    expect(view.render(true)).toBe(false);
  });
});

describe("what the reader can do", () => {
  it("a picture is fetched only when asked for, and then without telling from where", () => {
    const el = whole("[![a <b>](https://e.com/i.png)](https://f.org)");
    const button = el.querySelector("button")!;
    expect(button.textContent).toBe("Image: a <b> (e.com)");
    expect(button.title).toBe("https://e.com/i.png");
    const click = new MouseEvent("click", { bubbles: true, cancelable: true });
    button.dispatchEvent(click);
    expect(click.defaultPrevented).toBe(true);
    const image = el.querySelector("a > img") as HTMLImageElement;
    expect([image.src, image.alt]).toEqual(["https://e.com/i.png", "a <b>"]);
    expect(["referrerpolicy", "loading"].map((name) => image.getAttribute(name))).toEqual([
      "no-referrer",
      "lazy",
    ]);
  });

  it.each([true, false])(
    "code is copied as it is (by the clipboard of today: %s)",
    async (modern) => {
      vi.useFakeTimers();
      const copied: string[] = [];
      const writeText = async (text: string) => {
        if (!modern) throw new Error("not allowed");
        copied.push(text);
      };
      vi.stubGlobal("navigator", { clipboard: { writeText } });
      document.execCommand = () => {
        const area = document.activeElement as HTMLTextAreaElement | null;
        copied.push(area?.value ?? "");
        return true;
      };
      const el = whole("```python\na = 1\n\nb = '*'\n```");
      document.body.append(el);
      const button = el.querySelector("button")!;
      expect(button.getAttribute("aria-label")).toBe("Copy the code");
      const area = vi.spyOn(HTMLTextAreaElement.prototype, "select").mockImplementation(function (
        this: HTMLTextAreaElement,
      ) {
        this.focus();
      });
      button.click();
      await vi.advanceTimersByTimeAsync(0);
      expect(copied).toEqual(["a = 1\n\nb = '*'"]);
      expect(area).toHaveBeenCalledTimes(modern ? 0 : 1);
      expect(el.querySelector("textarea")).toBeNull();
      expect([button.textContent, button.getAttribute("aria-label")]).toEqual(["Copied", "Copied"]);
      await vi.advanceTimersByTimeAsync(1500);
      expect(button.textContent).toBe("Copy");
      el.remove();
      vi.unstubAllGlobals();
    },
  );

  it("links show where they lead, under their true names", () => {
    const link = whole("[bank.com](https://bаnk.com/ü)").querySelector("a")!;
    expect(link.title).toBe("https://xn--bnk-6cd.com/%C3%BC");
    expect(link.textContent).toBe("bank.com");
  });

  it("each block finds its own direction, code has one", () => {
    const el = whole("# שלום\n\n- a\n\n```\nx\n```\n\n| a |\n|--|");
    const directions = [...el.querySelectorAll(".nbs-md-part > *")].map((block) =>
      block.getAttribute("dir"),
    );
    expect(directions).toEqual(["auto", "auto", "ltr", "auto"]);
  });
});

describe("the style", () => {
  it("is on the page once, and speaks of nothing but our own element", async () => {
    vi.resetModules();
    await import("../src/markdown");
    expect(document.querySelectorAll("style#nbs-md-style")).toHaveLength(1);
    const css = readFileSync("src/markdown/markdown.css", "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    // Nested rules are indented: what is not begins a rule for the page.
    const outermost = css.split("\n").filter((line) => /^\S/.test(line));
    expect(outermost).toEqual([".nbs-md.nbs-md.nbs-md {", "}"]);
  });
});
