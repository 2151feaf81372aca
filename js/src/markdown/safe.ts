/**
 * The second barrier. What comes here is HTML that we wrote around escaped text, and only the
 * elements and attributes we write get through, whatever is wrong with the writing.
 */

import createDOMPurify, { type Config } from "dompurify";

/** No `img`: a page fetches a picture as soon as the element is in it. decorate.ts sees to that. */
const BLOCKS: Config = {
  ALLOWED_TAGS: [
    ..."p h1 h2 h3 h4 h5 h6 ul ol li blockquote hr br pre code em strong del a".split(" "),
    ..."table thead tbody tr th td data".split(" "),
  ],
  ALLOWED_ATTR: ["href", "title", "value", "start", "align"],
  ADD_URI_SAFE_ATTR: ["start", "align"],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

const SPANS: Config = {
  ALLOWED_TAGS: ["span"],
  ALLOWED_ATTR: ["class"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/** MathML as Temml writes it: what shows, and nothing that leads anywhere or runs. */
const MATH: Config = {
  ALLOWED_TAGS: [
    ..."math mrow mi mn mo ms mtext mspace msup msub msubsup mfrac msqrt mroot mover munder".split(
      " ",
    ),
    ..."munderover mtable mtr mtd mstyle mpadded mphantom menclose mmultiscripts".split(" "),
    ..."mprescripts none span".split(" "),
  ],
  ALLOWED_ATTR: [
    ..."display class style fence form stretchy symmetric separator largeop movablelimits".split(
      " ",
    ),
    ..."accent accentunder lspace rspace minsize maxsize width height depth voffset".split(" "),
    ..."linethickness displaystyle scriptlevel mathvariant mathcolor mathbackground".split(" "),
    ..."columnalign rowspacing columnspacing columnlines rowlines notation dir".split(" "),
  ],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};
/** A style that draws: colours, lines, and the room around. */
const DRAWN =
  /^(?:color|background-color|padding(?:-\w+)?|margin(?:-\w+)?|border(?:-\w+){0,2}|width|height|text-align|vertical-align|font-weight|font-style|display|math-style|math-depth):[\w #%.,()-]+$/;

const sanitizeMath = cleaner(MATH);

export function cleanMath(html: string): DocumentFragment {
  const fragment = sanitizeMath(html);
  for (const el of fragment.querySelectorAll("[style]")) {
    const rules = (el.getAttribute("style") ?? "").split(";").map((rule) => rule.trim());
    const drawn = rules.filter((rule) => DRAWN.test(rule) && !/url|var|calc/i.test(rule));
    el.setAttribute("style", drawn.join(";"));
  }
  for (const el of fragment.querySelectorAll("[class]")) {
    const names = [...el.classList].filter((name) => /^tml-[\w-]+$/.test(name));
    el.setAttribute("class", names.join(" "));
  }
  return fragment;
}

export const cleanBlocks = cleaner(BLOCKS);
/** For highlighted code: coloured pieces of text and nothing else. */
export const cleanSpans = cleaner(SPANS);

/** A function from HTML to nodes; they belong to no page yet, so nothing in them has run or loaded. */
function cleaner(config: Config): (html: string) => DocumentFragment {
  // An instance for each: changing one's rules for every call would cost more than the cleaning.
  const purify = createDOMPurify(window);
  purify.setConfig(config);
  return (html) => {
    const clean: unknown = purify.sanitize(html);
    // Where it cannot work, it gives the text back as it was.
    if (!purify.isSupported || !(clean instanceof DocumentFragment)) {
      throw new Error("DOMPurify does not work here.");
    }
    return clean;
  };
}
