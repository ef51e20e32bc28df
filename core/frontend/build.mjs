// Bundles css/ and js/, copies the font, and draws the icon sprite. Usage: node build.mjs OUTDIR SOURCE_STAMP
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [out = join(here, "../patron/static/build"), stamp = ""] = process.argv.slice(2);

/** One sprite from the named icons: presentation attributes stay in CSS, so a <symbol> holds shapes only. */
function sprite() {
  const names = readFileSync(join(here, "icons.txt"), "utf8").split("\n").filter(Boolean);
  const symbols = names.map((name) => {
    const file = join(here, "node_modules/lucide-static/icons", `${name}.svg`);
    if (!existsSync(file)) throw new Error(`icons.txt names "${name}", which lucide does not have`);
    const shapes = readFileSync(file, "utf8").match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1].replace(/\s+/g, " ").trim();
    return `<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const result = await build({
  absWorkingDir: here,
  entryPoints: { app: "js/app.js", style: "css/app.css" },
  outdir: out,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  metafile: true,
  legalComments: "none",
  loader: { ".woff2": "file" },
  target: ["chrome123", "firefox121", "safari17.5"],
  logLevel: "warning",
});

const files = {};
for (const [path, output] of Object.entries(result.metafile.outputs)) {
  const name = relative(out, join(here, path));
  if (output.entryPoint === "js/app.js") files["app.js"] = name;
  if (output.entryPoint === "css/app.css") files["app.css"] = name;
  if (name.endsWith(".woff2")) files["inter.woff2"] = name;
}
for (const [name, text] of [["icons", sprite()], ["favicon", readFileSync(join(here, "favicon.svg"), "utf8")]]) {
  const stampOf = createHash("sha256").update(text).digest("hex").slice(0, 8).toUpperCase();
  files[`${name}.svg`] = `${name}-${stampOf}.svg`;
  writeFileSync(join(out, files[`${name}.svg`]), text);
}
writeFileSync(join(out, "manifest.json"), JSON.stringify({ source: stamp, files, all: readdirSync(out).sort() }, null, 2));
