/** The worker that measures in the browser: frames come as messages, faces go back. */

import * as ort from "onnxruntime-web/wasm";
import glue from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import binary from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { PACK } from "../constants";
import type { RunDetector } from "./detector";
import { Pipeline, type RunNetwork } from "./pipeline";
import { luminance, type Picture } from "./picture";

const MOST_THREADS = 4;

interface Open {
  kind: "open";
  network: ArrayBuffer;
  detector: ArrayBuffer;
}

interface FrameMessage {
  kind: "frame";
  rgba: Uint8ClampedArray;
  width: number;
  height: number;
  frame: number;
  /** Nothing is known of the frames before. */
  fresh?: boolean;
}

let networks: [RunDetector, RunNetwork] | undefined;
let pipeline: Pipeline | undefined;

self.onmessage = ({ data }: MessageEvent<Open | FrameMessage>) => {
  const done = data.kind === "open" ? open(data) : measure(data);
  done.catch((error: unknown) => postMessage({ kind: "failed", reason: String(error) }));
};

async function open({ network, detector }: Open): Promise<void> {
  // Threads share memory, which browsers allow to isolated pages only.
  const threads = self.crossOriginIsolated
    ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1)
    : 1;
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: glue, wasm: binary };
  const options: ort.InferenceSession.SessionOptions = {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  };
  const find = await ort.InferenceSession.create(detector, options);
  const tell = await ort.InferenceSession.create(network, options);
  networks = [
    async ({ data, width, height }: Picture) => {
      const input = new ort.Tensor("uint8", data, [1, 1, height, width]);
      return only(await find.run({ [find.inputNames[0]]: input }));
    },
    async (crops) => {
      const side = PACK.size;
      const joined = new Float32Array(crops.length * side * side);
      crops.forEach((crop, i) => joined.set(crop, i * crop.length));
      const input = new ort.Tensor("float32", joined, [crops.length, 1, side, side]);
      const values = only(await tell.run({ [tell.inputNames[0]]: input }));
      const width = values.length / crops.length;
      return crops.map((_, i) => values.slice(i * width, (i + 1) * width));
    },
  ];
  postMessage({ kind: "ready", how: `WebAssembly, ${threads} thread${threads === 1 ? "" : "s"}` });
}

function only(outputs: ort.InferenceSession.OnnxValueMapType): Float32Array {
  return Object.values(outputs)[0].data as Float32Array;
}

async function measure({ rgba, width, height, frame, fresh }: FrameMessage): Promise<void> {
  if (!networks) throw new Error("a frame came before the networks");
  if (fresh || !pipeline) pipeline = new Pipeline(...networks);
  const started = performance.now();
  const faces = await pipeline.follow(luminance(rgba, width, height));
  const seconds = (performance.now() - started) / 1000;
  postMessage({ kind: "measured", result: { frame, size: [width, height], faces, seconds } });
}
