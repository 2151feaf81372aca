/**
 * One clock for all views of the page: in a frame all of them write, and only then do all of them
 * read how large that has made them. Where each did both in turn, the page would be laid out once for
 * each of them.
 */

export interface Drawn {
  /** Write what is new; nothing that the page would have to be laid out for is read. */
  write(): void;
  /** Read, and scroll. */
  read(): void;
}

interface Shared {
  due: Set<Drawn>;
  frame: number;
}

// Each widget brings its own copy of this file; they share one clock.
const KEY = Symbol.for("nbstream.clock.1");

function shared(): Shared {
  const page = globalThis as { [KEY]?: Shared };
  page[KEY] ??= { due: new Set(), frame: 0 };
  return page[KEY];
}

/** Draw in the next frame, once. */
export function drawSoon(one: Drawn): void {
  const clock = shared();
  clock.due.add(one);
  clock.frame ||= requestAnimationFrame(() => {
    const due = [...clock.due];
    clock.due.clear();
    clock.frame = 0;
    for (const one of due) attempt(() => one.write());
    for (const one of due) attempt(() => one.read());
  });
}

/** What fails for one view takes nothing from the others. */
export function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    console.error(error);
  }
}
