// Runs a Python program in Pyodide: node pyodide.mjs PROGRAM FOLDER…; the folders are where it
// finds its packages. Nothing is fetched: Pyodide itself is in js/node_modules.
import { readFileSync } from "node:fs";
import { loadPyodide } from "../../js/node_modules/pyodide/pyodide.mjs";

const [program, ...folders] = process.argv.slice(2);
const pyodide = await loadPyodide({ env: process.env });
const path = folders.map((root, index) => {
  const place = `/packages/${index}`;
  pyodide.FS.mkdirTree(place);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root }, place);
  return place;
});
pyodide.globals.set("FOLDERS", pyodide.toPy(path));
await pyodide.runPythonAsync(readFileSync(program, "utf8"));
