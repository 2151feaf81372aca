/**
 * One clock for all views of the page: in a frame all of them write, and only then do all of them
 * read how large that has made them. Where each did both in turn, the page would be laid out once for
 * each of them. Those that are out of sight take turns, one a frame.
 */

export interface Drawn {
  /** Whether nobody sees it. */
  isOutOfSight?: boolean;
  /** Write what is new; nothing that the page would have to be laid out for is read. */
  write(): void;
  /** Read, and scroll. */
  read(): void;
}

interface Shared {
  due: Set<Drawn>;
  frame: number;
}

// A page with two versions of nbstream has two copies of this file; they share one clock.
const KEY = Symbol.for("nbstream.clock.2");

function shared(): Shared {
  const page = globalThis as { [KEY]?: Shared };
  page[KEY] ??= { due: new Set(), frame: 0 };
  return page[KEY];
}

/** Draw in the next frame, once; what is out of sight when it is its turn. */
export function drawSoon(one: Drawn): void {
  const clock = shared();
  clock.due.add(one);
  clock.frame ||= requestAnimationFrame(draw);
}

function draw(): void {
  const clock = shared();
  const [unseen] = [...clock.due].filter((one) => one.isOutOfSight);
  const now = [...clock.due].filter((one) => !one.isOutOfSight || one === unseen);
  for (const one of now) clock.due.delete(one);
  clock.frame = clock.due.size > 0 ? requestAnimationFrame(draw) : 0;
  for (const one of now) attempt(() => one.write());
  for (const one of now) attempt(() => one.read());
}

/** What fails for one view takes nothing from the others. */
export function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    console.error(error);
  }
}
