/** Who measures the camera's frames: the server over a WebSocket, or a worker on this machine. */

import type { Face, ServerInfo } from "./api";
import { PACK } from "./constants";
import { el, required } from "./dom";

/** What came of one frame. */
export interface Measured {
  /** Number of the frame, as given to `measure`. */
  frame: number;
  size: [number, number];
  faces: Face[];
  /** Seconds that measuring took, where it was done. */
  seconds: number;
}

export interface Computer {
  /** Whether a frame would be begun at once; others are better left out than queued. */
  readonly free: boolean;
  measure(video: HTMLVideoElement, frame: number, seconds: number): void;
  close(): void;
}

export interface Listener {
  measured(result: Measured): void;
  failed(reason: string): void;
  ready(how: string): void;
}

const MOST_UNDERWAY = 2;
const HEADER_BYTES = 12;
const JPEG_QUALITY = 0.9;

/** The server: frames go as JPEG; two may be under way, so that the line is used both ways. */
export function openRemote(listener: Listener): Computer {
  const address = new URL("/v1/live", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address);
  const canvas = el("canvas");
  let underway = 0;
  let closed = false;
  socket.onopen = () => listener.ready("on the server");
  socket.onclose = (event) => {
    if (!closed) listener.failed(event.reason || "the connection to the server broke");
  };
  socket.onmessage = (event) => {
    underway = Math.max(0, underway - 1);
    listener.measured(JSON.parse(event.data as string) as Measured);
  };
  return {
    get free() {
      return socket.readyState === WebSocket.OPEN && underway < MOST_UNDERWAY;
    },
    measure(video, frame, seconds) {
      underway += 1;
      drawFrame(canvas, video);
      canvas.toBlob(
        async (blob) => {
          if (!blob || socket.readyState !== WebSocket.OPEN) return;
          const message = new Uint8Array(HEADER_BYTES + blob.size);
          const header = new DataView(message.buffer);
          header.setUint32(0, frame, true);
          header.setFloat64(4, seconds, true);
          message.set(new Uint8Array(await blob.arrayBuffer()), HEADER_BYTES);
          if (socket.readyState === WebSocket.OPEN) socket.send(message);
        },
        "image/jpeg",
        JPEG_QUALITY,
      );
    },
    close() {
      closed = true;
      socket.close();
    },
  };
}

/** Why this browser can't measure by itself with the server's pack; undefined when it can. */
export function whyNotHere(server: ServerInfo): string | undefined {
  const { name, files } = server.pack;
  if (Object.entries(PACK.files).some(([file, hash]) => files[file] !== hash)) {
    return `the server uses pack ${name}, and these pages were made for another`;
  }
  return typeof WebAssembly === "undefined" ? "it has no WebAssembly" : undefined;
}

/** The video's frame of now, at its own size. */
export function drawFrame(
  canvas: HTMLCanvasElement,
  video: HTMLVideoElement,
): CanvasRenderingContext2D {
  if (canvas.width !== video.videoWidth || canvas.height !== video.videoHeight) {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
  }
  const context = required(canvas.getContext("2d", { willReadFrequently: true }), "canvas");
  context.drawImage(video, 0, 0);
  return context;
}
