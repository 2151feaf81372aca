// @vitest-environment jsdom
// Not happy-dom, as elsewhere: DOMPurify loses elements there that it keeps in browsers.
import { readFileSync } from "node:fs";
import { Lexer } from "marked";
import { describe, expect, it, vi } from "vitest";
import { createMarkdown } from "../src/markdown";
import { ALL, DOCUMENTS, UNREFERRED } from "./documents";
import { inPieces, page, plain, start, whole, written } from "./markdown_page";

describe("however the text is cut", () => {
  it.each(Object.entries(DOCUMENTS))(
    "%s come out the same",
    (_name, [markdown, html]) => {
      const expected = whole(markdown);
      expect(plain(expected)).toBe(html);
      const same = expected.innerHTML;
      expect(written(markdown.split("")).innerHTML).toBe(same);
      // Where the time for a call runs out at every look at the page.clock, too.
      page.step = 5;
      expect(written(markdown.split("")).innerHTML).toBe(same);
      for (let at = 1; at < markdown.length; at++) {
        page.step = at % 2 ? 0 : 9;
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

it("brings its style where a host draws widgets in a shadow of their own", () => {
  const shadow = document.createElement("div").attachShadow({ mode: "open" });
  const el = document.createElement("div");
  shadow.append(el);
  createMarkdown(el);
  createMarkdown(el);
  expect(shadow.querySelectorAll("style")).toHaveLength(1);
  expect(document.head.querySelectorAll("style")).toHaveLength(1);
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
    for (const piece of inPieces(`${UNREFERRED}\n\nend`, 9)) {
      view.append(piece);
      draw();
      const now = [...el.querySelectorAll(".nbs-md-part > *")];
      expect(now.slice(0, blocks.length).every((block, i) => block === blocks[i])).toBe(true);
      blocks.splice(0, Infinity, ...now);
    }
    expect(blocks.length).toBeGreaterThan(60);
    expect(el.querySelectorAll(".nbs-md-part").length).toBeGreaterThan(1);
  });

  it("a definition makes anew what refers to it, and nothing else", () => {
    const { el, view, draw } = start();
    view.append("a [x]\n\nb [y]\n\nc [d](https://e.com)\n\n");
    draw();
    const [a, b, c] = el.querySelectorAll("p");
    view.append("[x]: https://e.com/x");
    draw();
    // It is not shown only to go when it has come to its end.
    expect(el.textContent).not.toContain("https://e.com/x");
    view.append("\n\nend\n\n");
    draw();
    const now = [...el.querySelectorAll("p")];
    expect(now.map((p) => p.textContent)).toEqual(["a x", "b [y]", "c d", "end"]);
    expect(now[0]).not.toBe(a);
    expect(now.slice(1, 3)).toEqual([b, c]);
    view.append("\n\n[unused]: https://e.com/u 'T'");
    draw(true);
    expect(el.textContent).toContain("[unused]: https://e.com/u 'T'");
  });

  it("a text that refers to much is drawn anew a bounded number of times", () => {
    const lexed = vi.spyOn(Lexer.prototype, "blockTokens");
    const work = (count: number) => {
      const numbers = Array.from({ length: count }, (_, i) => i);
      lexed.mockClear();
      const { el, view, draw } = start();
      view.append(`${numbers.map((i) => `[r${i}]`).join(" ")}\n\n`);
      draw();
      for (const i of numbers) {
        view.append(`[r${i}]: https://e.com/${i}\n`);
        draw();
      }
      draw(true);
      expect(el.querySelectorAll("a")).toHaveLength(count);
      expect(el.querySelectorAll(".nbs-md-source")).toHaveLength(0);
      return lexed.mock.calls.reduce((sum, [src]) => sum + src.length, 0) / count;
    };
    expect(work(160) / work(40)).toBeLessThan(2);
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
      page.clock += args[0].length / 100;
      return lex.apply(this, args as Parameters<typeof lex>);
    } as typeof lex);
    for (let i = 0; i < 2000; i++) {
      page.clock++;
      view.append(` word${i}`);
      view.render(false);
    }
    expect(busy / page.clock).toBeGreaterThan(0.15);
    expect(busy / page.clock).toBeLessThan(0.3);
    expect(view.render(false)).toBe(true);
    while (view.render(true));
    expect(el.textContent?.trim()).toMatch(/^word0 .* word1999$/);
  });

  it("a long text is written in many calls, each of which keeps its time", () => {
    const { el, view } = start();
    const paragraph = "Some words, *and* more of them.\n\n";
    view.append(paragraph.repeat(500));
    page.step = 1;
    let calls = 0;
    for (let more = true; more; calls++) {
      const begun = page.clock;
      more = view.render(true);
      expect(page.clock - begun).toBeLessThan(20);
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
