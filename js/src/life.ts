/** What ends at the signal, or by hand: anywidget before 0.11 has no signals. */
export function lifeUntil(signal: AbortSignal | undefined): AbortController {
  const life = new AbortController();
  if (signal?.aborted) life.abort();
  signal?.addEventListener("abort", () => life.abort());
  return life;
}
