/** Markdown of every kind, and the elements that it makes. */

const LINK = '<a href="https://e.com/">';
export const DOCUMENTS: Record<string, [markdown: string, html: string]> = {
  paragraphs: ["One\ntwo\n\n\nThree", "<p>One⏎two</p><p>Three</p>"],
  "line ends of Windows": [
    "# A\r\n\r\nb\r\nc\r\n\r\n- d\r\n",
    "<h1>A</h1><p>b⏎c</p><ul><li>d</li></ul>",
  ],
  "line ends of old": ["a\rb\r\rc", "<p>a⏎b</p><p>c</p>"],
  headings: [
    "# A\n## B ##\n####### no\n#no\n###### F",
    "<h1>A</h1><h2>B</h2><p>####### no⏎#no</p><h6>F</h6>",
  ],
  "underlined headings": [
    "A\n===\n\nB *b*\nb\n---\nc\n\n---\n",
    "<h1>A</h1><h2>B <em>b</em>⏎b</h2><p>c</p><hr>",
  ],
  rules: ["***\n- - -\n_ _ _\n--\n", "<hr><hr><hr><p>--</p>"],
  emphasis: [
    "*a* **b** ***c*** _d_ __e__ s_n_k 2 * 3 **f*g*h**",
    "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em> <em>d</em> " +
      "<strong>e</strong> s_n_k 2 * 3 <strong>f<em>g</em>h</strong></p>",
  ],
  strikethrough: ["~~a~~ 5~10 and 20~30", "<p><del>a</del> 5~10 and 20~30</p>"],
  "code in lines": [
    "`a` ``b`c`` `<i>` `&amp;` ` d ` `e",
    "<p><code>a</code> <code>b`c</code> <code>&lt;i&gt;</code> <code>&amp;amp;</code> " +
      "<code>d</code> `e</p>",
  ],
  "hard breaks": ["a  \nb\\\nc<br>d<br/>e", "<p>a<br>b<br>c<br>d<br>e</p>"],
  entities: [
    "&eacute; &#233; &#xe9; &copy &bogus; \\&amp; \\*",
    "<p>é é é &amp;copy &amp;bogus; &amp;amp; *</p>",
  ],
  lists: [
    "- a\n- b\n  - c\n    1. d\n    2. e\n- f\n\n* g",
    "<ul><li>a</li><li>b<ul><li>c<ol><li>d</li><li>e</li></ol></li></ul></li><li>f</li></ul>" +
      "<ul><li>g</li></ul>",
  ],
  "numbered lists": [
    "7. a\n8. b\n\ntext\n1) c\n",
    '<ol start="7"><li>a</li><li>b</li></ol><p>text</p><ol><li>c</li></ol>',
  ],
  "a list that goes on after a gap": [
    "1. a\n\n2. b\n\n   c\n\nd",
    "<ol><li><p>a</p></li><li><p>b</p><p>c</p></li></ol><p>d</p>",
  ],
  "a number that is no list": ["1. a\n\n2 fish", "<ol><li>a</li></ol><p>2 fish</p>"],
  tasks: [
    "- [ ] a\n- [x] b\n- [X]c",
    '<ul><li><input>a</li><li><input checked="">b</li><li>[X]c</li></ul>',
  ],
  "code in lists": [
    "- a\n  ```py\n  x = 1\n\n  y\n  ```\n- b",
    "<ul><li>a<pre><code>x = 1⏎⏎y</code></pre></li><li>b</li></ul>",
  ],
  quotes: [
    "> a\nb\n> > c\n\n> - d\n\ne",
    "<blockquote><p>a⏎b</p><blockquote><p>c</p></blockquote></blockquote>" +
      "<blockquote><ul><li>d</li></ul></blockquote><p>e</p>",
  ],
  "fenced code": [
    "```py\na *b*\n\n&amp;\n```\nc",
    "<pre><code>a *b*⏎⏎&amp;amp;</code></pre><p>c</p>",
  ],
  "fences in fences": [
    "````md\n```py\n~~~\n```\n````\n~~~~ x y\n```\n~~~\n~~~~",
    "<pre><code>```py⏎~~~⏎```</code></pre><pre><code>```⏎~~~</code></pre>",
  ],
  "indented fences": [
    "  ```\n  a\n    b\n c\n   ```\nd",
    "<pre><code>a⏎  b⏎c</code></pre><p>d</p>",
  ],
  "a fence that stays open": ["a\n```\nb\n``\n", "<p>a</p><pre><code>b⏎``</code></pre>"],
  "an empty fence": ["```\n```\n\n```\n\n```", "<pre><code></code></pre><pre><code></code></pre>"],
  "no fence": ["```a`b\nc", "<p>```a`b⏎c</p>"],
  "indented code": ["    a\n\n      b\n\nc\n    d", "<pre><code>a⏎⏎  b</code></pre><p>c⏎    d</p>"],
  tables: [
    "| a | b |\n|:-:|--:|\n| *c* | d\\|e |\n| f |\n\ng",
    '<table><thead><tr><th align="center">a</th><th align="right">b</th></tr></thead>' +
      '<tbody><tr><td align="center"><em>c</em></td><td align="right">d|e</td></tr>' +
      '<tr><td align="center">f</td><td align="right"></td></tr></tbody></table><p>g</p>',
  ],
  "a table after a line": [
    "x\na|b\n-|-\nc|d\n> q",
    "<p>x</p><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>c</td><td>d</td>" +
      "</tr></tbody></table><blockquote><p>q</p></blockquote>",
  ],
  "almost a table": [
    "x\n| a | b |\n|--|--| no\n\n1. y",
    "<p>x⏎| a | b |⏎|--|--| no</p><ol><li>y</li></ol>",
  ],
  "a line of dashes that is none": [
    "x\n10. \n- - -[",
    "<p>x⏎10. </p><ul><li><ul><li>-[</li></ul></li></ul>",
  ],
  "a heading that was a table before": [
    "a\nb\n--:\n===\n\nc",
    '<p>a</p><table><thead><tr><th align="right">b</th></tr></thead><tbody><tr>' +
      '<td align="right">===</td></tr></tbody></table><p>c</p>',
  ],
  links: [
    '[a *b*](https://e.com) <https://e.com> https://e.com. [c](<https://e.com> "t") [d](/no)',
    `<p>${LINK}a <em>b</em></a> ${LINK}https://e.com</a> ${LINK}https://e.com</a>. ${LINK}c</a> d</p>`,
  ],
  "mail addresses": [
    "<a@b.co> c@d.co",
    '<p><a href="mailto:a@b.co">a@b.co</a> <a href="mailto:c@d.co">c@d.co</a></p>',
  ],
  references: [
    "[r]: https://e.com 'title'\n[R]: https://no.com\n\n[a][r] [R][] [r] ![i][r] [s]\n\n- [b][r]",
    `<p>[R]: <a href="https://no.com/">https://no.com</a></p>` +
      `<p>${LINK}a</a> ${LINK}R</a> ${LINK}r</a> <button>Image: i (e.com)</button> [s]</p>` +
      `<ul><li>${LINK}b</a></li></ul>`,
  ],
  "references before they are defined": [
    "[a][r]\n\n> [r]: https://e.com\n\n[r]",
    `<p>${LINK}a</a></p><blockquote></blockquote><p>${LINK}r</a></p>`,
  ],
  "sources at the end": [
    'x [1] and [2][] and [*c*][3]\n\n[1]: https://e.com\n[2]: https://e.com "t"\n[3]: <https://e.com>\n\n',
    `<p>x ${LINK}1</a> and ${LINK}2</a> and ${LINK}<em>c</em></a></p>`,
  ],
  "sources that nothing leads to": [
    '[1]: https://e.com\n[2]: /no "t"\n[1]: https://e.com/b\n\ny\n\n> [3]: ftp://e.com',
    `<p>[1]: ${LINK}https://e.com</a></p><p>[2]: /no "t"</p><p>[1]: <a href="https://e.com/b">https://e.com/b</a></p>` +
      "<p>y</p><blockquote><p>[3]: ftp://e.com</p></blockquote>",
  ],
  "sources within a list": [
    "- [a]\n\n  [b]: https://e.com\n- [b] [c]\n\nx [d]\n\n- [c]: https://e.com\n- [d]: https://e.com",
    `<ul><li><p>[a]</p></li><li><p>${LINK}b</a> ${LINK}c</a></p></li></ul><p>x ${LINK}d</a></p>` +
      "<ul><li></li><li></li></ul>",
  ],
  footnotes: [
    "a[^1] b[^no] [c][^x]\n\n[^1]: Note *one*,\n  and more.\n[^X]: word\n- d\n\n[^1]: again",
    "<p>a<button>[1]</button> b[^no] [c]<button>[x]</button></p><p>[1] Note <em>one</em>,⏎  and more.</p>" +
      "<p>[x] word</p><ul><li>d</li></ul><p>[1] again</p>",
  ],
  formulas: [
    "\\(a*b*c\\) $x_1$ and $y_1$, **$z$** $$w$$ \\[v\\] `$u$` \\$5 $n$th $函数$是 \\\\(q)",
    "<p>\\(a*b*c\\) $x_1$ and $y_1$, <strong>$z$</strong> $$w$$ \\[v\\] <code>$u$</code> $5 $n$th " +
      "$函数$是 \\(q)</p>",
  ],
  "formulas on lines of their own": [
    "x:\n\\[\na\n- b\n= c\n\\]\ny\n$$\nd \\\\\n# e\n$$.\n\n- f\n  $$\n  g\n  $$\n\n> \\[ h \\]",
    "<p>x:</p><p>\\[⏎a⏎- b⏎= c⏎\\]</p><p>y</p><p>$$⏎d \\\\⏎# e⏎$$.</p>" +
      "<ul><li>f<p>$$⏎g⏎$$</p></li></ul><blockquote><p>\\[ h \\]</p></blockquote>",
  ],
  "formulas without an end": [
    "x\n\\[\na *b*\n- c\n\ny\n$$\nd\n```\n$$\n```\n\n$$ *e*\n- f",
    "<p>x</p><p>[⏎a <em>b</em></p><ul><li>c</li></ul><p>y</p><p>$$⏎d</p><pre><code>$$</code></pre>" +
      "<p>$$ <em>e</em></p><ul><li>f</li></ul>",
  ],
  "what is no formula": [
    "$5 to $10, $5/$10, from $5 *to* 10$, US$5 and A$6, $HOME/$PATH, \\[a\\](b) f\\(x\\) $ x $ $",
    "<p>$5 to $10, $5/$10, from $5 <em>to</em> 10$, US$5 and A$6, $HOME/$PATH, [a](b) f(x) $ x $ $</p>",
  ],
  "emphasis in Chinese and Japanese": [
    "**注意：**正文 你好**「世界」**吗 *（a）*b **`c`**は ~~旧、~~新 a**b。**c _注_ 5*6*7 **テスト。**です",
    "<p><strong>注意：</strong>正文 你好<strong>「世界」</strong>吗 <em>（a）</em>b " +
      "<strong><code>c</code></strong>は <del>旧、</del>新 a<strong>b。</strong>c <em>注</em> " +
      "5<em>6</em>7 <strong>テスト。</strong>です</p>",
  ],
  "addresses in Chinese and Japanese": [
    "https://e.com。い https://e.com、https://e.com/）そ（https://e.com）https://e.comです",
    `<p>${LINK}https://e.com</a>。い ${LINK}https://e.com</a>、${LINK}https://e.com/</a>）そ（` +
      `${LINK}https://e.com</a>）${LINK}https://e.com</a>です</p>`,
  ],
  diagrams: ["```mermaid\ngraph TD; A-->B\n```", "<pre><code>graph TD; A--&gt;B</code></pre>"],
  "a definition with half a title": [
    '[r]: https://e.com\n"a\n\nb"\n\n[r]',
    `<p>"a</p><p>b"</p><p>${LINK}r</a></p>`,
  ],
  "half a label": [
    "[a\n\nb]: https://e.com\n\n[c\n# d\ne]: x",
    `<p>[a</p><p>b]: ${LINK}https://e.com</a></p><p>[c</p><h1>d</h1><p>e]: x</p>`,
  ],
  images: [
    "![a *b*](https://e.com/i.png) ![](http://f.org:8/) ![c](data:image/png;base64,AA) ![d](i.png) ![e](ftp://e.com/i.png)",
    "<p><button>Image: a b (e.com)</button> <button>Image: no description (f.org:8)</button> " +
      "Image: c (embedded, not shown) Image: d (not shown) Image: e (not shown)</p>",
  ],
  html: [
    "<div>\n*a*\n</div>\n\n<!-- b\n\n<b>c</b> <i title='*d*'>",
    "<p>&lt;div&gt;⏎<em>a</em>⏎&lt;/div&gt;</p><p>&lt;!-- b</p>" +
      "<p>&lt;b&gt;c&lt;/b&gt; &lt;i title='*d*'&gt;</p>",
  ],
  "raw text elements": [
    "<pre>*a*</pre> <code>&lt;</code>\n\n<script>\nb\n\n*c*",
    "<p>&lt;pre&gt;<em>a</em>&lt;/pre&gt; &lt;code&gt;&lt;&lt;/code&gt;</p>" +
      "<p>&lt;script&gt;⏎b</p><p><em>c</em></p>",
  ],
  "characters of two halves": ["**🐟**🐠\0 ~", "<p><strong>🐟</strong>🐠\ufffd ~</p>"],
};

/** One text of them all, but for what would take in all that follows. */
export const ALL = together(/^a fence that stays open$/);

/** Without definitions: they change what stands above them. */
export const UNREFERRED = together(/^a fence that stays open$|references|sources|notes|definition/);

function together(without: RegExp): string {
  const some = Object.entries(DOCUMENTS).filter(([name]) => !without.test(name));
  return some.map(([, [markdown]]) => markdown).join("\n\n");
}
