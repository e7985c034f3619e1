/** The worker that measures in the browser: frames come as messages, faces go back. */

import { Pipeline } from "./pipeline";
import { luminance } from "./picture";
import { type Networks, openNetworks, type Place } from "./runtime";

interface Open {
  kind: "open";
  place: Place;
  network: ArrayBuffer;
  detector: ArrayBuffer;
  /** Not to be used where the processor is quicker; true unless told. */
  onlyIfFaster?: boolean;
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

let networks: Networks | undefined;
let pipeline: Pipeline | undefined;

self.onmessage = ({ data }: MessageEvent<Open | FrameMessage>) => {
  const done = data.kind === "open" ? open(data) : measure(data);
  done.catch((error: unknown) => postMessage({ kind: "failed", reason: String(error) }));
};

async function open({ place, network, detector, onlyIfFaster }: Open): Promise<void> {
  networks = await openNetworks(place, network, detector, onlyIfFaster);
  postMessage({ kind: "ready", how: networks.how });
}

async function measure({ rgba, width, height, frame, fresh }: FrameMessage): Promise<void> {
  if (!networks) throw new Error("a frame came before the networks");
  if (fresh || !pipeline) pipeline = new Pipeline(networks.find, networks.tell);
  const started = performance.now();
  const faces = await pipeline.follow(luminance(rgba, width, height));
  const seconds = (performance.now() - started) / 1000;
  postMessage({ kind: "measured", result: { frame, size: [width, height], faces, seconds } });
}
