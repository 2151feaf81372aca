// @vitest-environment jsdom
// Not happy-dom, as elsewhere: DOMPurify loses elements there that it keeps in browsers.
import { execFileSync } from "node:child_process";
import { describe, expect, it, vi } from "vitest";
import { createMarkdown } from "../src/markdown";
import { formulaAt, latexOf } from "../src/markdown/formula";
import { cleanMath } from "../src/markdown/safe";
import { toMathML } from "../src/math";
import { DOCUMENTS } from "./documents";
import { page } from "./markdown_page";

const MODULE = { toMathML };

/** A view whose module for formulas is here, or comes when `come` is called. */
async function reading(pieces: Iterable<string>, isHere = true) {
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  let come = () => {};
  const module = new Promise<typeof MODULE>((resolve) => {
    come = () => resolve(MODULE);
  });
  const changed = vi.fn();
  const math = vi.fn(() => module);
  const view = createMarkdown(el, { math, changed, manager: () => undefined });
  if (isHere) come();
  for (const piece of pieces) {
    view.append(piece);
    while (view.render(false)) page.clock += 1e6;
    page.clock += 1e6;
    await module.catch(() => {});
    if (isHere) await Promise.resolve();
  }
  while (view.render(true)) page.clock += 1e6;
  if (isHere) await settled();
  return { el, come, changed, math, view };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("formulas", () => {
  it.each([
    ["$x$", "x"],
    ["$$x$$", "x"],
    ["\\(x\\)", "x"],
    ["\\[\nx\n\\].", "\nx\n."],
  ])("%s is %j", (raw, latex) => expect(latexOf(raw)).toBe(latex));

  it.each([
    "$5 to $10",
    "$5/$10",
    "$5 and 10$",
    "$20 million and US$",
    "$5/month or 50$",
    "$HOME/$PATH",
    "$HOME is not the $",
    "$ x $",
    "$x `y$`",
    "$$",
    "$$ $$",
    "\\(\\)",
    "\\[a\\](https://e.com)",
    "$a\n\nb$",
  ])("%s is none", (text) => expect(formulaAt(text, 0, "")).toBeUndefined());

  it.each([
    "$x$",
    "$x$-axis",
    "$n$th",
    "$5x + 3$",
    "$2\\frac{a}{b}$",
    "$5 \\text{ km and}$",
    "$a$,",
  ])("%s is one", (text) => expect(formulaAt(text, 0, "")?.raw).toBe(/^\$[^$]+\$/.exec(text)?.[0]));

  it("are set once the module is here, and it is asked for once, at the first of them", async () => {
    const { el, come, changed, math } = await reading(["no formula\n\n"].concat("$5\n\n"), true);
    expect(math).not.toHaveBeenCalled();
    expect(el.querySelector("math")).toBeNull();
    come();
    expect(changed).not.toHaveBeenCalled();
    const late = createMarkdown(document.body.appendChild(document.createElement("div")), {
      math: async () => MODULE,
      changed,
      manager: () => undefined,
    });
    late.append("$x$ and \\[y\\] and $\\oops$");
    late.render(true);
    const shown = document.body.lastElementChild!;
    expect(shown.textContent).toBe("$x$ and \\[y\\] and $\\oops$");
    await settled();
    expect(shown.querySelectorAll("math")).toHaveLength(2);
    // What is no LaTeX stays as it was written.
    expect(shown.textContent).toBe("x and y and $\\oops$");
    expect(changed).toHaveBeenCalled();
  });

  it.each(Object.entries(DOCUMENTS).filter(([name]) => name.includes("formula")))(
    "come out the same however the text is cut: %s",
    async (_, [markdown]) => {
      const whole = await reading([markdown]);
      expect((await reading(markdown.split(""))).el.innerHTML).toBe(whole.el.innerHTML);
    },
  );

  it("are shown as they are written until they are whole", async () => {
    const el = document.createElement("div");
    const view = createMarkdown(el);
    const seen: string[] = [];
    for (const char of "a \\(x*y*z\\) b") {
      view.append(char);
      page.clock += 1e6;
      view.render(false);
      seen.push(el.textContent ?? "");
    }
    expect(seen).toContain("a \\(x*y");
    expect(seen.at(-1)).toBe("a \\(x*y*z\\) b");
    expect(el.querySelector("em")).toBeNull();
    expect(seen.join("")).not.toContain("\0");
  });

  it("give their LaTeX back when they are copied", async () => {
    const { el } = await reading(["a $x^2$ b\n\n\\[\\frac{1}{2}\\]"]);
    expect(el.querySelectorAll("math")).toHaveLength(2);
    const data = new Map<string, string>();
    const clipboardData = { setData: (type: string, text: string) => data.set(type, text) };
    const copy = (range: Range) => {
      document.getSelection()!.removeAllRanges();
      document.getSelection()!.addRange(range);
      const event = new Event("copy", { bubbles: true, cancelable: true });
      el.dispatchEvent(Object.assign(event, { clipboardData }));
      return event.defaultPrevented;
    };
    const range = document.createRange();
    range.selectNodeContents(el);
    expect(copy(range)).toBe(true);
    expect(data.get("text/plain")).toBe("a $x^2$ b\\[\\frac{1}{2}\\]");
    expect(el.querySelector(".nbs-md-copied")).toBeNull();
    // A part of one is all of it.
    range.selectNodeContents(el.querySelector("mi")!);
    copy(range);
    expect(data.get("text/plain")).toBe("$x^2$");
    // Where there is none, the browser does it.
    range.setStart(el.querySelector("p")!.firstChild!, 0);
    range.setEnd(el.querySelector("p")!.firstChild!, 1);
    expect(copy(range)).toBe(false);
  });
});

const CODE = "import json; from tests.hostile import HOSTILE; print(json.dumps(HOSTILE))";
const CORPUS = execFileSync("python3", ["-c", CODE], { cwd: "..", encoding: "utf8" });
const HOSTILE = Object.values(JSON.parse(CORPUS) as Record<string, string>);

/** LaTeX that would reach out of its formula, as far as Temml or a fault of it let it. */
const LATEX = [
  "\\href{javascript:alert(1)}{x}",
  "\\url{javascript:alert(1)}",
  "\\includegraphics{https://e.com/x.png}",
  "\\class{nbs-stop}{x}",
  "\\id{x}{y}",
  "\\style{position:fixed;inset:0}{x}",
  "\\data{x=1}{y}",
  "\\text{<img src=x onerror=alert(1)>}",
  "\\text{</math><script>alert(1)</script>}",
  "\\color{red;position:fixed}x",
  '\\color{"onclick=alert(1)}x',
  "\\unicode{x3c}script\\unicode{x3e}",
  "\\def\\x{\\x\\x}\\x",
  `${"{".repeat(5000)}x${"}".repeat(5000)}`,
  "\\rule{99999em}{99999em}",
  "\\hspace{-99999em}x",
  "\\begin{array}{c}\\end{array}",
];

function holes(root: ParentNode): string[] {
  return [...root.querySelectorAll("*")].flatMap((el) => {
    const isMath = el.namespaceURI === "http://www.w3.org/1998/Math/MathML";
    const isOurs = /^(?:div|p|span)$/.test(el.localName);
    const bad = [...el.attributes].filter(
      ({ name, value }) =>
        /^(?:on|href|src|id|xlink)/.test(name) ||
        (name === "style" && /position|inset|url|var\(|fixed/.test(value)) ||
        (name === "class" && !/^(?:(?:nbs-md|tml)-[\w-]+ ?)*$/.test(value)),
    );
    return isMath || isOurs ? bad.map(({ name }) => `${el.localName}[${name}]`) : [el.localName];
  });
}

describe("hostile formulas", () => {
  it.each([...LATEX, ...HOSTILE].map((text) => text.slice(0, 7000)))("%s", async (text) => {
    // Without what would end the formula, and so all that stands in it is LaTeX.
    const inner = text
      .replaceAll("$", "")
      .replaceAll(/\n\s*\n/g, "\n")
      .trim();
    let html = "";
    try {
      html = toMathML(inner, true);
    } catch {
      // No LaTeX.
    }
    expect(holes(cleanMath(html))).toEqual([]);
    for (const html of [text, `<math>${text}<mtext>${text}</mtext></math>`]) {
      const root = document.createElement("div");
      try {
        root.append(cleanMath(html));
      } catch {
        // It is a page of its own: nothing of it is taken.
      }
      expect(holes(root)).toEqual([]);
    }
    const { el } = await reading([`$$${inner}$$`]);
    expect(el.querySelector("script, img, style, iframe, a[href^=javascript]")).toBeNull();
  });

  it("styles and classes are taken out, whatever wrote them", () => {
    const html =
      '<math><mi style="color:red;position:fixed;background:url(x);padding:1em" class="tml-a nbs-stop">x</mi></math>';
    const mi = cleanMath(html).querySelector("mi")!;
    expect(mi.getAttribute("style")).toBe("color:red;padding:1em");
    expect(mi.getAttribute("class")).toBe("tml-a");
  });

  it("cannot move or grow beyond measure", () => {
    expect(toMathML("\\rule{99999em}{99999em}", false)).toContain('width="30em"');
  });
});
