/**
 * Builds the front end into nbstream/static: the loader, the script that draws all views, and the
 * modules that a page asks for when it first needs them (docs/architecture.md).
 *
 * A module has nothing of its own that the script has already: `import { element } from "../dom"` in
 * a module takes the script's `element`. So the modules are built first, with each such import left
 * open; what they ask for is what the script then hands out (`share` in src/modules.ts).
 *
 * `node build.mjs --watch` builds at each change, for reading: not minified, with source maps.
 */

import { watch } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const SRC = resolve(dirname(fileURLToPath(import.meta.url)), "src");
const STATIC = resolve(SRC, "../../nbstream/static");
const MODULES = {
  markdown: "markdown/index.ts",
  math: "math/index.ts",
  turns: "views/turns.ts",
  transcript: "reading/index.ts",
  chat: "index_chat.ts",
  batch: "index_batch.ts",
  compare: "index_compare.ts",
  odds: "odds/index.ts",
  again: "compare/again.ts",
};
const isWatching = process.argv.includes("--watch");
const OPTIONS = {
  absWorkingDir: SRC,
  bundle: true,
  format: "esm",
  charset: "utf8",
  target: "es2022",
  minify: !isWatching,
  sourcemap: isWatching && "inline",
  outdir: STATIC,
};
/** What stands for an import of the script's in a module that is built. */
const SHARED = "nbstream:";

/** The files that the script is made of, without their endings. */
async function filesOfScript() {
  const options = { entryPoints: ["widget.ts"], write: false, metafile: true };
  const { metafile } = await build({ ...OPTIONS, ...options });
  const files = Object.keys(metafile.inputs).filter((file) => file.endsWith(".ts"));
  return new Set(files.map((file) => file.slice(0, -".ts".length)));
}

/** Leaves open what a module imports of the script. */
function leaveOpen(files) {
  return {
    name: "shared",
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const file = relative(SRC, resolve(resolveDir, path));
        return files.has(file) ? { path: SHARED + file, external: true } : undefined;
      });
    },
  };
}

const IMPORT = new RegExp(`import\\s*\\{([^{}]*)\\}\\s*from\\s*"${SHARED}([^"]+)";?`, "g");

/** The modules, and what each file of the script has to hand out for them. */
async function modules(files) {
  const wanted = new Map();
  const { outputFiles } = await build({
    ...OPTIONS,
    entryPoints: MODULES,
    plugins: [leaveOpen(files)],
    write: false,
  });
  const made = outputFiles.map(({ path, text }) => {
    const source = text.replace(IMPORT, (_, names, file) => {
      const open = names.split(",").map((name) => name.trim().split(/\s+as\s+/));
      for (const [name] of open) wanted.set(file, (wanted.get(file) ?? new Set()).add(name));
      const own = open.map(([name, as]) => (as ? `${name}:${as}` : name));
      return `const{${own}}=nbstreamShared["${file}"];`;
    });
    if (source.includes(`"${SHARED}`)) throw new Error(`${path} imports in a way not seen before`);
    return { path, source };
  });
  return { made, wanted };
}

/** A script that begins with handing out what the modules want. */
function sharing(wanted, entry) {
  const files = [...wanted].sort(([a], [b]) => (a < b ? -1 : 1));
  const imports = files.map(([file, names], at) => {
    const all = [...names].map((name) => `${name} as ${name}_${at}`);
    return `import { ${all} } from "./${file}";`;
  });
  const shares = files.map(([file, names], at) => {
    const all = [...names].map((name) => `${name}: ${name}_${at}`);
    return `"${file}": { ${all} },`;
  });
  const lines = [
    'import { share } from "./modules";',
    ...imports,
    `share({ ${shares.join("\n")} });`,
    `export * from "./${entry}";`,
    `export { default } from "./${entry}";`,
  ];
  return { contents: lines.join("\n"), resolveDir: SRC, loader: "ts" };
}

async function buildAll() {
  const { made, wanted } = await modules(await filesOfScript());
  for (const name of ["widget", "whole"]) {
    const outfile = resolve(STATIC, `${name}.js`);
    const { outdir, ...options } = OPTIONS;
    await build({ ...options, stdin: sharing(wanted, name), outfile });
  }
  // The style sheet is the same for both.
  await rm(resolve(STATIC, "whole.css"));
  await build({ ...OPTIONS, entryPoints: { loader: "loader.ts", page: "page/index.ts" } });
  for (const { path, source } of made) await writeFile(path, source);
}

await buildAll();
if (isWatching) {
  let again;
  watch(SRC, { recursive: true }, () => {
    clearTimeout(again);
    again = setTimeout(() => buildAll().catch((error) => console.error(error.message)), 100);
  });
}
