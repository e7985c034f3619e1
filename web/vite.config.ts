import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const SERVER = "http://127.0.0.1:8600";

/** The runtime takes 14 MB, packed 3.7: it ships packed, and the server sends it so. */
function packRuntime(): Plugin {
  let folder = "";
  return {
    name: "pack-runtime",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir, config.build.assetsDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder).filter((name) => name.endsWith(".wasm"))) {
        const path = join(folder, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
        rmSync(path);
      }
    },
  };
}

export default defineConfig({
  base: "/",
  plugins: [packRuntime()],
  build: {
    outDir: process.env.PROSOPON_STATIC ?? "../src/prosopon/server/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
  },
  worker: { format: "es" },
  // `npm run dev` beside a running `prosopon serve`.
  server: {
    headers: {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    },
    proxy: {
      "/v1": { target: SERVER, ws: true },
      "/report": SERVER,
    },
  },
});
