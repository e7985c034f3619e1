/** ONNX Runtime on the processor (WebAssembly), the face network on the graphics card where asked. */

import type { InferenceSession } from "onnxruntime-web/wasm";
import gpuGlue from "onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url";
import gpuBinary from "onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url";
import glue from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import binary from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { PACK } from "../constants";
import type { RunDetector } from "./detector";
import type { Picture } from "./picture";
import type { RunNetwork } from "./pipeline";

export type Place = "processor" | "graphics card";

export interface Networks {
  find: RunDetector;
  tell: RunNetwork;
  /** Where the face network runs, for people. */
  how: string;
}

type Runtime = typeof import("onnxruntime-web/wasm");

const MOST_THREADS = 4;
const TRIALS = 5;
// Graphics cards round otherwise; what is further off than this is wrong.
const SAME = 0.02;

/** Error: the card can't run the network, gives other numbers than the processor, or is slower. */
export async function openNetworks(
  place: Place,
  network: ArrayBuffer,
  detector: ArrayBuffer,
  onlyIfFaster = true,
): Promise<Networks> {
  // Threads share memory, which browsers allow to isolated pages only.
  const threads = self.crossOriginIsolated
    ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1)
    : 1;
  const onCard = place === "graphics card";
  const ort: Runtime = await (onCard
    ? import("onnxruntime-web/jspi")
    : import("onnxruntime-web/wasm"));
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = onCard
    ? { mjs: gpuGlue, wasm: gpuBinary }
    : { mjs: glue, wasm: binary };
  const open = (file: ArrayBuffer, provider: "wasm" | "webgpu") =>
    ort.InferenceSession.create(file, {
      executionProviders: [provider],
      graphOptimizationLevel: "all",
    });
  // The detector looks at few frames, of any size, for which cards have to compile anew.
  const find = runDetector(ort, await open(detector, "wasm"));
  const onProcessor = runNetwork(ort, await open(network, "wasm"));
  const how = `WebAssembly, ${threads} thread${threads === 1 ? "" : "s"}`;
  if (!onCard) return { find, tell: onProcessor, how };
  const tell = runNetwork(ort, await open(network, "webgpu"));
  await compare(tell, onProcessor, onlyIfFaster);
  return { find, tell, how: "WebGPU" };
}

function runDetector(ort: Runtime, session: InferenceSession): RunDetector {
  return async ({ data, width, height }: Picture) => {
    const input = new ort.Tensor("uint8", data, [1, 1, height, width]);
    return only(await session.run({ [session.inputNames[0]]: input }));
  };
}

function runNetwork(ort: Runtime, session: InferenceSession): RunNetwork {
  return async (crops) => {
    const side = PACK.size;
    const joined = new Float32Array(crops.length * side * side);
    crops.forEach((crop, i) => joined.set(crop, i * crop.length));
    const input = new ort.Tensor("float32", joined, [crops.length, 1, side, side]);
    const values = only(await session.run({ [session.inputNames[0]]: input }));
    const width = values.length / crops.length;
    return crops.map((_, i) => values.slice(i * width, (i + 1) * width));
  };
}

function only(outputs: InferenceSession.OnnxValueMapType): Float32Array {
  return Object.values(outputs)[0].data as Float32Array;
}

/** Error unless the card gives the processor's numbers, and sooner. */
async function compare(card: RunNetwork, processor: RunNetwork, faster: boolean): Promise<void> {
  // Waves, which set every layer going.
  const crop = Float32Array.from({ length: PACK.size ** 2 }, (_, i) => Math.sin(i / 7) + Math.sin(i / 911));
  const [[ours], [theirs]] = [await processor([crop]), await card([crop])];
  const off = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), 0);
  if (!(off < SAME)) throw new Error(`the graphics card's numbers are off by ${off}`);
  if (!faster) return;
  const [one, other] = [await quickest(card, crop), await quickest(processor, crop)];
  if (one > other) throw new Error("the graphics card is slower than the processor");
}

/** Least time of some runs, ms. */
async function quickest(run: RunNetwork, crop: Float32Array): Promise<number> {
  let least = Infinity;
  for (let trial = 0; trial < TRIALS; trial++) {
    const started = performance.now();
    await run([crop]);
    least = Math.min(least, performance.now() - started);
  }
  return least;
}
