/**
 * Code that comes when it is first needed, and once for the whole page: each widget brings its own
 * copy of this file, so what has come is kept where all of them find it.
 */

interface Shared {
  sources: Map<string, string>;
  loading: Map<string, Promise<unknown>>;
  waiting: Map<string, ((source: string) => void)[]>;
}

const KEY = Symbol.for("nbstream.modules.1");

function shared(): Shared {
  const page = globalThis as { [KEY]?: Shared };
  page[KEY] ??= { sources: new Map(), loading: new Map(), waiting: new Map() };
  return page[KEY];
}

/** Take a module's source: as Python has sent it, or as a saved notebook had it. */
export function provide(name: string, source: string): void {
  const { sources, waiting } = shared();
  if (!sources.has(name)) sources.set(name, source);
  for (const go of waiting.get(name) ?? []) go(source);
  waiting.delete(name);
}

/** The source of a module, if the page has it. */
export function provided(name: string): string | undefined {
  return shared().sources.get(name);
}

/** Load a module; `ask` is called where its source is not here yet and not asked for either. */
export function load<T>(name: string, ask: () => void): Promise<T> {
  const { sources, loading, waiting } = shared();
  let module = loading.get(name);
  if (!module) {
    const source = sources.get(name);
    const arrives = new Promise<string>((resolve) => {
      if (source !== undefined) resolve(source);
      else waiting.set(name, [...(waiting.get(name) ?? []), resolve]);
    });
    module = arrives.then(run);
    loading.set(name, module);
  }
  // Asked again for each view that wants it: the one that asked before may have lost its kernel.
  if (!sources.has(name)) ask();
  return module as Promise<T>;
}

async function run(source: string): Promise<unknown> {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    return await import(/* @vite-ignore */ url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
