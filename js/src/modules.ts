/**
 * Code that comes from Python when it is first needed, and once for the whole page: the script that
 * draws the views, and what is heavy of it. Each widget brings its own copy of this file, so what has
 * come is kept where all of them find it, and by its build: two versions of nbstream on one page have
 * nothing else in common.
 */

/** Who can ask for code. */
export interface Asker {
  /** Whose kernel it is: of all that wait, one for each kernel asks. */
  kernel: unknown;
  ask(): void;
}

/** The kernel of those whose kernel is gone, or so it seems: they do not keep others from asking. */
export const LOST = "lost";

/** A module as its text, or as what runs it where the page has a way of its own to. */
export type Source = string | (() => Promise<unknown>);

interface Code {
  source?: Source;
  running?: Promise<unknown>;
  /** What it exports, once it runs. */
  exports?: unknown;
  arrived?: (source: Source) => void;
  /** Those who wait; who has asked last is at the end. */
  askers: Set<Asker>;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const KEY = Symbol.for("nbstream.modules.2");
/** Milliseconds until somebody asks again: at first, and at most. A kernel can be busy for long. */
const PATIENCE = 3000;
const MOST = 60_000;

let build = "";
let shared: object | undefined;

/** Give out what modules take from this script instead of bringing it: see `build.mjs`. */
export function share(all: object): void {
  shared = all;
}

/** Say which build of nbstream all names are of. */
export function useBuild(name: string): void {
  build = name;
}

/** A module's name on the page. */
export function keyOf(name: string): string {
  return `${build}/${name}`;
}

function codeOf(key: string): Code {
  const page = globalThis as { [KEY]?: Map<string, Code> };
  page[KEY] ??= new Map();
  let code = page[KEY].get(key);
  if (!code) {
    code = { askers: new Set(), timer: undefined };
    page[KEY].set(key, code);
  }
  return code;
}

/** Take a module's source: as Python has sent it, or as a saved notebook had it. */
export function provide(key: string, source: Source): void {
  const code = codeOf(key);
  code.source ??= source;
  code.arrived?.(code.source);
  code.askers.clear();
}

/** The source of a module, if the page has it. */
export function provided(key: string): string | undefined {
  const { source } = codeOf(key);
  return typeof source === "string" ? source : undefined;
}

/** What a module exports, if it runs already. */
export function loaded<T>(name: string): T | undefined {
  return codeOf(keyOf(name)).exports as T | undefined;
}

/** Load a module; `want` is called each time, also where it is here already. */
export function load<T>(name: string, want: () => void): Promise<T> {
  const code = codeOf(keyOf(name));
  code.running ??= new Promise<Source>((resolve) => {
    if (code.source === undefined) code.arrived = resolve;
    else resolve(code.source);
  })
    .then(run)
    .then((exports) => {
      code.exports = exports;
      return exports;
    });
  want();
  return code.running as Promise<T>;
}

/** Ask for a module that is not here, for as long as it does not come, or until the signal. */
export function request(name: string, asker: Asker, signal: AbortSignal): void {
  const code = codeOf(keyOf(name));
  if (code.source !== undefined || signal.aborted) return;
  const isFirst = ![...code.askers].some(({ kernel }) => kernel === asker.kernel);
  code.askers.add(asker);
  signal.addEventListener("abort", () => {
    // It may be the one that has asked, and that nobody will answer.
    if (code.askers.delete(asker)) askAgain(code, PATIENCE);
  });
  if (isFirst) asker.ask();
  if (code.timer === undefined) askAgain(code, PATIENCE);
}

/** Let another one ask, after a while: whoever did may have lost its kernel. */
function askAgain(code: Code, wait: number): void {
  clearTimeout(code.timer);
  code.timer = setTimeout(() => {
    code.timer = undefined;
    const kernels = new Set<unknown>();
    for (const asker of [...code.askers]) {
      if (kernels.has(asker.kernel)) continue;
      kernels.add(asker.kernel);
      code.askers.delete(asker);
      code.askers.add(asker);
      asker.ask();
    }
    if (code.askers.size > 0) askAgain(code, Math.min(2 * wait, MOST));
  }, wait);
}

/** The line that gives a module what it takes from the script whose build it is of. */
function giving(all: object): string {
  const name = `nbstream.shared/${build}`;
  (globalThis as { [key: symbol]: unknown })[Symbol.for(name)] = all;
  return `const nbstreamShared=globalThis[Symbol.for(${JSON.stringify(name)})];\n`;
}

async function run(source: Source): Promise<unknown> {
  const given = shared ? giving(shared) : "";
  if (typeof source === "function") return source();
  const url = URL.createObjectURL(new Blob([given, source], { type: "text/javascript" }));
  try {
    return await import(/* @vite-ignore */ url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
