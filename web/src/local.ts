/** This machine measures the camera's frames: pictures stay in the page. */

import { getBytes } from "./api";
import { type Computer, drawFrame, type Listener, type Measured } from "./compute";
import { PACK } from "./constants";
import { el } from "./dom";
import type { Place } from "./local/runtime";

// Cards compile the network first; what takes longer isn't worth the wait.
const CARD_PATIENCE_MS = 15_000;

/** On the graphics card where there is one that is quicker, otherwise on the processor. */
export function openLocal(listener: Listener): Computer {
  const canvas = el("canvas");
  let worker: Worker | undefined;
  let free = false;
  let closed = false;
  void open();

  async function open(): Promise<void> {
    try {
      if (await hasCard()) {
        try {
          await start("graphics card");
          return;
        } catch (error) {
          console.info(`Measuring without the graphics card: ${(error as Error).message}`);
        }
      }
      await start("processor");
    } catch (error) {
      if (!closed) listener.failed((error as Error).message);
    }
  }

  async function start(place: Place): Promise<void> {
    const precision = place === "processor" ? PACK.precision : "fp32";
    const [network, detector] = await Promise.all([
      getBytes(`/v1/pack/${PACK.networks[precision as keyof typeof PACK.networks]}`),
      getBytes(`/v1/pack/${PACK.detector}`),
    ]);
    if (closed) return;
    const made = new Worker(new URL("./local/worker.ts", import.meta.url), { type: "module" });
    worker = made;
    const how = await new Promise<string>((resolve, reject) => {
      made.onerror = (event) => reject(new Error(event.message || "the worker did not start"));
      if (place === "graphics card") {
        setTimeout(() => reject(new Error("it takes too long to start")), CARD_PATIENCE_MS);
      }
      made.onmessage = ({ data }: MessageEvent) => {
        if (data.kind === "ready") resolve(String(data.how));
        else reject(new Error(String(data.reason)));
      };
      made.postMessage({ kind: "open", place, network, detector }, [network, detector]);
    }).catch((error: unknown) => {
      made.terminate();
      throw error;
    });
    if (closed) return;
    made.onerror = (event) => listener.failed(event.message);
    made.onmessage = ({ data }: MessageEvent) => {
      if (data.kind === "measured") {
        free = true;
        listener.measured(data.result as Measured);
      } else {
        listener.failed(String(data.reason));
      }
    };
    free = true;
    listener.ready(`in this browser (${how}, ${precision})`);
  }

  return {
    get free() {
      return free;
    },
    measure(video, frame) {
      free = false;
      const context = drawFrame(canvas, video);
      const { width, height } = canvas;
      const { data } = context.getImageData(0, 0, width, height);
      worker?.postMessage({ kind: "frame", rgba: data, width, height, frame }, [data.buffer]);
    },
    close() {
      closed = true;
      worker?.terminate();
    },
  };
}

interface Gpu {
  requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean } } | null>;
}

/** Whether there is a graphics card that WebAssembly can wait for; a simulated one is of no use. */
async function hasCard(): Promise<boolean> {
  const { gpu } = navigator as Navigator & { gpu?: Gpu };
  if (!gpu || !("Suspending" in WebAssembly)) return false;
  const adapter = await gpu.requestAdapter().catch(() => null);
  return adapter !== null && adapter.info?.isFallbackAdapter !== true;
}
