/** From face positions to the network's input: prosopon/crop.py in TypeScript. */

import { CROP, PACK } from "../constants";
import { apply, type Box, bounds, type Point, type Similarity, squareSimilarity } from "./geometry";
import { laplacian, type Picture, part, shrink, spread, warp } from "./picture";

/** An upright square of an image: `angle` rad is the turn that it takes out. */
export interface Crop {
  matrix: Similarity;
  angle: number;
}

export interface Cut {
  /** size × size, (x − mean) / (deviation + 8). */
  values: Float32Array;
  contrast: number;
  sharpness: number;
}

export function cropFromLandmarks(points: Point[]): Crop {
  let [upX, upY] = [0, 0];
  for (let i = 36; i < 48; i++) {
    upX += points[i][0] / 12;
    upY += points[i][1] / 12;
  }
  for (const i of [48, 54]) {
    upX -= points[i][0] / 2;
    upY -= points[i][1] / 2;
  }
  const angle = Math.atan2(upX, -upY);
  const turn = { a: Math.cos(angle), b: Math.sin(angle), tx: 0, ty: 0 };
  const back = { ...turn, b: -turn.b };
  const [x0, y0, x1, y1] = bounds(points.slice(0, 68).map((point) => apply(back, point)));
  const middle = apply(turn, [(x0 + x1) / 2, (y0 + y1) / 2]);
  const side = Math.max(CROP.scale * Math.max(x1 - x0, y1 - y0), 1e-3);
  return { matrix: squareSimilarity(middle, side, angle, PACK.size), angle };
}

/** From a box that reaches from forehead to chin, and the five points of a detection. */
export function cropFromBox(box: Box, points: Point[]): Crop {
  const between = (a: Point, b: Point): Point => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const [eyes, mouth] = [between(points[0], points[1]), between(points[3], points[4])];
  let up: Point = [eyes[0] - mouth[0], eyes[1] - mouth[1]];
  const length = Math.max(Math.hypot(...up), 1e-6);
  up = [up[0] / length, up[1] / length];
  const height = (box[3] - box[1]) / (1 + CROP.forehead);
  const shift = (CROP.forehead / 2) * height;
  const middle: Point = [
    (box[0] + box[2]) / 2 - up[0] * shift,
    (box[1] + box[3]) / 2 - up[1] * shift,
  ];
  const angle = Math.atan2(up[0], -up[1]);
  const side = Math.max(CROP.scale * Math.max(box[2] - box[0], height), 1);
  return { matrix: squareSimilarity(middle, side, angle, PACK.size), angle };
}

/** Bounding box of the points with the forehead added. */
export function faceBox(points: Point[]): Box {
  const box = bounds(points);
  box[1] -= CROP.forehead * (box[3] - box[1]);
  return box;
}

export function cut(luma: Picture, { matrix }: Crop): Cut {
  const patch = warpShrunk(luma, matrix, PACK.size);
  const { mean, deviation } = spread(patch.data);
  const scale = 1 / (deviation + 8);
  const values = new Float32Array(patch.data.length);
  for (let i = 0; i < values.length; i++) values[i] = patch.data[i] * scale - mean * scale;
  const edges = spread(laplacian(patch)).deviation;
  return { values, contrast: deviation, sharpness: (edges / (deviation + 8)) ** 2 };
}

/** Warp, after averaging blocks where sampling alone would skip pixels. */
function warpShrunk(luma: Picture, matrix: Similarity, size: number): Picture {
  const factor = Math.trunc(1 / Math.fround(Math.hypot(matrix.a, matrix.b)));
  if (factor < 2) return warp(luma, matrix, size);
  const s = matrix.a ** 2 + matrix.b ** 2;
  const [ia, ib] = [matrix.a / s, -matrix.b / s];
  const corners = ([[-1, -1], [size, -1], [-1, size], [size, size]] as Point[]).map(
    ([x, y]): Point => apply({ a: ia, b: ib, tx: 0, ty: 0 }, [x - matrix.tx, y - matrix.ty]),
  ); // prettier-ignore
  const [left, top, right, bottom] = bounds(corners);
  const clip = (v: number, low: number, high: number) => Math.min(Math.max(v, low), high);
  const { width, height } = luma;
  const x0 = clip(Math.floor(left), 0, Math.max(width - factor, 0));
  const y0 = clip(Math.floor(top), 0, Math.max(height - factor, 0));
  const x1 = clip(Math.ceil(right) + 1, x0 + factor, width);
  const y1 = clip(Math.ceil(bottom) + 1, y0 + factor, height);
  const columns = Math.max(Math.floor((x1 - x0) / factor), 1);
  const rows = Math.max(Math.floor((y1 - y0) / factor), 1);
  const w = Math.min(columns * factor, width - x0);
  const h = Math.min(rows * factor, height - y0);
  const small = shrink(part(luma, x0, y0, w, h), columns, rows);
  // Small pixel (i, j) has its centre at (i + ½)·factor − ½ of the region.
  const offset = (factor - 1) / 2;
  const [tx, ty] = apply(matrix, [x0 + offset, y0 + offset]).map(Math.fround);
  return warp(small, { a: matrix.a * factor, b: matrix.b * factor, tx, ty }, size);
}
