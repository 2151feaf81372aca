/** What the page has in it, as `nbstream/_archive.py` puts it there. */

export function read<T>(id: string): T {
  return JSON.parse(document.getElementById(id)!.textContent!) as T;
}

/** Unpack a text: gzip, as Base64. */
export async function unpack(packed: string): Promise<string> {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}
