/** Luminance pictures, and what OpenCV does to them in the Python package, done the same way. */

import type { Similarity } from "./geometry";
import { invert } from "./geometry";

export interface Picture {
  data: Uint8Array;
  width: number;
  height: number;
}

export function picture(width: number, height: number): Picture {
  return { data: new Uint8Array(width * height), width, height };
}

/** Luminance of RGBA pixels, ITU-R BT.601 in OpenCV's whole numbers. */
export function luminance(rgba: ArrayLike<number>, width: number, height: number): Picture {
  const made = picture(width, height);
  for (let i = 0, j = 0; i < made.data.length; i++, j += 4) {
    made.data[i] = (rgba[j] * 4899 + rgba[j + 1] * 9617 + rgba[j + 2] * 1868 + 8192) >> 14;
  }
  return made;
}

/** A part of a picture; all of it must lie within. */
export function part(from: Picture, x: number, y: number, width: number, height: number): Picture {
  const made = picture(width, height);
  for (let row = 0; row < height; row++) {
    const start = (y + row) * from.width + x;
    made.data.set(from.data.subarray(start, start + width), row * width);
  }
  return made;
}

export function mirrored(from: Picture): Picture {
  const made = picture(from.width, from.height);
  for (let y = 0; y < from.height; y++) {
    const row = from.data.subarray(y * from.width, (y + 1) * from.width);
    made.data.set(row.slice().reverse(), y * from.width);
  }
  return made;
}

/** Put `from` into `into` with its corner at (x, y). */
export function paste(from: Picture, into: Picture, x: number, y: number): void {
  for (let row = 0; row < from.height; row++) {
    const line = from.data.subarray(row * from.width, (row + 1) * from.width);
    into.data.set(line, (y + row) * into.width + x);
  }
}

interface Taps {
  first: Int32Array;
  weights: Float32Array[];
}

/** Which source pixels make each pixel of an axis that shrinks, by the area they share. */
function areaTaps(from: number, to: number): Taps {
  const scale = from / to;
  const first = new Int32Array(to);
  const weights: Float32Array[] = [];
  for (let i = 0; i < to; i++) {
    const [start, end] = [i * scale, Math.min(from, (i + 1) * scale)];
    first[i] = Math.floor(start + 1e-6);
    const last = Math.max(first[i], Math.ceil(end - 1e-3) - 1);
    const row = new Float32Array(last - first[i] + 1);
    for (let k = 0; k < row.length; k++) {
      const at = first[i] + k;
      row[k] = Math.max(0, Math.min(end, at + 1) - Math.max(start, at)) / (end - start);
    }
    weights.push(row);
  }
  return { first, weights };
}

/** To whole numbers, halves to the even one, as Python and OpenCV round. */
export function roundEven(value: number): number {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

/** Means of blocks of `factor` × `factor` pixels. */
function blocks(from: Picture, factor: number): Picture {
  const made = picture(from.width / factor, from.height / factor);
  // OpenCV has a way of its own for blocks of four pixels, which rounds halves up.
  const round = factor === 2 ? Math.round : roundEven;
  for (let y = 0; y < made.height; y++) {
    for (let x = 0; x < made.width; x++) {
      let sum = 0;
      for (let row = 0; row < factor; row++) {
        const start = (y * factor + row) * from.width + x * factor;
        for (let i = start; i < start + factor; i++) sum += from.data[i];
      }
      made.data[y * made.width + x] = round(sum / factor ** 2);
    }
  }
  return made;
}

/** Resize by area averaging, as cv2.INTER_AREA does when it shrinks. */
export function shrink(from: Picture, width: number, height: number): Picture {
  const factor = from.width / width;
  if (Number.isInteger(factor) && factor * height === from.height) return blocks(from, factor);
  const [across, down] = [areaTaps(from.width, width), areaTaps(from.height, height)];
  const rows = new Float32Array(width * from.height);
  for (let y = 0; y < from.height; y++) {
    const line = y * from.width;
    for (let x = 0; x < width; x++) {
      const weights = across.weights[x];
      const start = line + across.first[x];
      let sum = 0;
      // In single precision, which decides what lies just between two grey levels.
      for (let k = 0; k < weights.length; k++) {
        sum = Math.fround(sum + Math.fround(weights[k] * from.data[start + k]));
      }
      rows[y * width + x] = sum;
    }
  }
  const made = picture(width, height);
  for (let y = 0; y < height; y++) {
    const weights = down.weights[y];
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) {
        sum = Math.fround(sum + Math.fround(weights[k] * rows[(down.first[y] + k) * width + x]));
      }
      made.data[y * width + x] = Math.min(255, roundEven(sum));
    }
  }
  return made;
}

const ONE = 2048;

/** Resize between neighbours, as cv2.INTER_LINEAR does in whole numbers. */
export function enlarge(from: Picture, width: number, height: number): Picture {
  const taps = (length: number, to: number) =>
    Array.from({ length: to }, (_, i) => {
      const at = Math.fround((i + 0.5) * (length / to) - 0.5);
      const first = Math.floor(at);
      const share = first < 0 || first >= length - 1 ? 0 : Math.fround(at - first);
      const low = Math.min(Math.max(first, 0), length - 1);
      const high = Math.min(low + 1, length - 1);
      return { low, high, a: roundEven((1 - share) * ONE), b: roundEven(share * ONE) };
    });
  const across = taps(from.width, width);
  const made = picture(width, height);
  taps(from.height, height).forEach((y, row) => {
    across.forEach((x, column) => {
      const mix = (line: number) =>
        (from.data[line * from.width + x.low] * x.a + from.data[line * from.width + x.high] * x.b) >> 4;
      made.data[row * width + column] =
        (((y.a * mix(y.low)) >> 16) + ((y.b * mix(y.high)) >> 16) + 2) >> 2;
    });
  });
  return made;
}

/**
 * The `size` × `size` picture that `matrix` takes `from` to, bilinear, edges held on: what
 * cv2.warpAffine gives, in the same single precision, so that no grey level differs.
 */
export function warp(from: Picture, matrix: Similarity, size: number): Picture {
  const { fround, floor, max, min } = Math;
  const made = picture(size, size);
  const back = invert(matrix);
  const [a, b, tx, ty] = [back.a, back.b, back.tx, back.ty].map(fround);
  const { width, height, data } = from;
  for (let y = 0; y < size; y++) {
    const startX = fround(fround(-b * y) + tx);
    const startY = fround(fround(a * y) + ty);
    for (let x = 0; x < size; x++) {
      const sx = fround(a * x + startX);
      const sy = fround(b * x + startY);
      const [fx, fy] = [floor(sx), floor(sy)];
      const [px, py] = [fround(sx - fx), fround(sy - fy)];
      const x0 = min(width - 1, max(0, fx));
      const x1 = min(width - 1, max(0, fx + 1));
      const y0 = min(height - 1, max(0, fy)) * width;
      const y1 = min(height - 1, max(0, fy + 1)) * width;
      const top = fround(px * (data[y0 + x1] - data[y0 + x0]) + data[y0 + x0]);
      const bottom = fround(px * (data[y1 + x1] - data[y1 + x0]) + data[y1 + x0]);
      made.data[y * size + x] = roundEven(fround(py * fround(bottom - top) + top));
    }
  }
  return made;
}

/** Mean and standard deviation of some numbers. */
export function spread(values: ArrayLike<number>): { mean: number; deviation: number } {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    squares += values[i] * values[i];
  }
  const mean = sum / values.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / values.length - mean * mean)) };
}

/** Second differences (cv2.Laplacian), the picture mirrored about its outermost pixels. */
export function laplacian({ data, width, height }: Picture): Int16Array {
  const made = new Int16Array(data.length);
  const inner = (i: number, n: number) => (i < 0 ? 1 : i >= n ? n - 2 : i);
  for (let y = 0; y < height; y++) {
    const [up, down] = [inner(y - 1, height) * width, inner(y + 1, height) * width];
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const sides = data[y * width + inner(x - 1, width)] + data[y * width + inner(x + 1, width)];
      made[i] = sides + data[up + x] + data[down + x] - 4 * data[i];
    }
  }
  return made;
}
