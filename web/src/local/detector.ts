/** The face detector: prosopon/detect in TypeScript. */

import { DETECTOR } from "../constants";
import { type Box, iou, type Point } from "./geometry";
import { enlarge, mirrored, type Picture, part, paste, picture, roundEven, shrink } from "./picture";

export interface Detection {
  score: number;
  box: Box;
  points: Point[];
}

/** Runs the detector network: a picture in, DETECTOR.values numbers of each cell out. */
export type RunDetector = (luma: Picture) => Promise<Float32Array>;

const THRESHOLD = Math.max(DETECTOR.threshold - DETECTOR.secondChance, 0.05);

const logit = (score: number) => Math.log(score / (1 - score));
const aligned = (length: number) => Math.ceil(length / DETECTOR.alignment) * DETECTOR.alignment;

/** Faces of a picture that score enough for a second chance, best first. */
export async function detect(luma: Picture, run: RunDetector): Promise<Detection[]> {
  const found = await search(luma, DETECTOR.longSide, run);
  const farther = Math.max(1, Math.floor(DETECTOR.longSide / DETECTOR.farther));
  if (found.length || Math.max(luma.width, luma.height) <= farther) return found;
  return search(luma, farther, run);
}

async function search(luma: Picture, longSide: number, run: RunDetector): Promise<Detection[]> {
  const { width, height } = luma;
  const ratio = Math.min(1, longSide / Math.max(width, height));
  const w = Math.max(1, roundEven(width * ratio));
  const h = Math.max(1, roundEven(height * ratio));
  const fitted = picture(aligned(w), aligned(h));
  paste(ratio === 1 ? luma : shrink(luma, w, h), fitted, 0, 0);
  const least = Math.min(DETECTOR.doubtful, THRESHOLD);
  const [sx, sy] = [w / width, h / height];
  const raw = suppress(decode(await run(fitted), fitted.width, fitted.height, least));
  const found = raw.map((face) => toImage(face, sx, sy, 0, 0));
  const doubtful = found.filter((face) => face.score < DETECTOR.sure);
  for (const face of doubtful.slice(0, DETECTOR.mostLooks)) await lookAgain(luma, face, run);
  for (const face of doubtful.slice(DETECTOR.mostLooks)) face.score = 0;
  return suppress(found).filter((face) => face.score >= THRESHOLD);
}

function toImage(face: Detection, sx: number, sy: number, dx: number, dy: number): Detection {
  const move = ([x, y]: Point): Point => [(x + 0.5) / sx - 0.5 + dx, (y + 0.5) / sy - 0.5 + dy];
  const [x0, y0] = move([face.box[0], face.box[1]]);
  const [x1, y1] = move([face.box[2], face.box[3]]);
  return { score: face.score, box: [x0, y0, x1, y1], points: face.points.map(move) };
}

/** Cut a doubtful face out at one size, look at it as it is and mirrored, and take the outcome. */
async function lookAgain(luma: Picture, face: Detection, run: RunDetector): Promise<void> {
  const { lookSize: size, leastScore } = DETECTOR;
  const [x0, y0, x1, y1] = face.box;
  const side = DETECTOR.lookWidth * Math.sqrt((x1 - x0) * (y1 - y0));
  const startX = roundEven((x0 + x1 - side) / 2);
  const startY = roundEven((y0 + y1 - side) / 2);
  const length = Math.max(1, Math.ceil(side));
  const scale = size / length;
  const cut = square(luma, startX, startY, length);
  const target = [
    (x0 - startX + 0.5) * scale - 0.5,
    (y0 - startY + 0.5) * scale - 0.5,
    (x1 - startX + 0.5) * scale - 0.5,
    (y1 - startY + 0.5) * scale - 0.5,
  ] as Box;
  const flipped: Box = [size - 1 - target[2], target[1], size - 1 - target[0], target[3]];
  const plain = await nearest(cut, target, run);
  const turned = await nearest(mirrored(cut), flipped, run);
  const scores = [face.score, plain?.score ?? leastScore, turned?.score ?? leastScore];
  const logits = scores.map((s) => logit(Math.min(1 - leastScore, Math.max(leastScore, s))));
  face.score = 1 / (1 + Math.exp(-logits.reduce((a, b) => a + b) / logits.length));
  if (plain) {
    const { box, points } = toImage(plain, scale, scale, startX, startY);
    face.box = box;
    face.points = points;
  }
}

async function nearest(cut: Picture, target: Box, run: RunDetector): Promise<Detection | undefined> {
  const all = decode(await run(cut), cut.width, cut.height, DETECTOR.leastScore);
  const same = all.filter((face) => iou(face.box, target) >= DETECTOR.sameFace);
  return same.reduce<Detection | undefined>(
    (best, face) => (best && best.score >= face.score ? best : face),
    undefined,
  );
}

/** The square of `length` px at (x, y), at the size of a second look; black outside the picture. */
function square(luma: Picture, x: number, y: number, length: number): Picture {
  const size = DETECTOR.lookSize;
  const made = picture(size, size);
  const [x0, y0] = [Math.max(x, 0), Math.max(y, 0)];
  const [x1, y1] = [Math.min(x + length, luma.width), Math.min(y + length, luma.height)];
  if (x1 <= x0 || y1 <= y0) return made;
  const scale = size / length;
  const [left, top] = [roundEven((x0 - x) * scale), roundEven((y0 - y) * scale)];
  const w = Math.min(size - left, Math.max(1, roundEven((x1 - x0) * scale)));
  const h = Math.min(size - top, Math.max(1, roundEven((y1 - y0) * scale)));
  const resize = scale < 1 ? shrink : enlarge;
  paste(resize(part(luma, x0, y0, x1 - x0, y1 - y0), w, h), made, left, top);
  return made;
}

/** The cells that score `least` or more; values are DETECTOR.values rows of one number a cell. */
function decode(values: Float32Array, width: number, height: number, least: number): Detection[] {
  const cells = values.length / DETECTOR.values;
  const bar = logit(least);
  const found: Detection[] = [];
  let cell = 0;
  for (const stride of DETECTOR.strides) {
    const [columns, rows] = [width / stride, height / stride];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, cell++) {
        if (values[cell] < bar) continue;
        const value = (k: number) => values[k * cells + cell];
        const cx = (column + 0.5) * stride - 0.5;
        const cy = (row + 0.5) * stride - 0.5;
        const [mx, my] = [cx + value(1), cy + value(2)];
        const hx = Math.exp(Math.min(value(3), DETECTOR.largestLogHalf));
        const hy = Math.exp(Math.min(value(4), DETECTOR.largestLogHalf));
        const points: Point[] = [];
        for (let k = 5; k < DETECTOR.values; k += 2) points.push([cx + value(k), cy + value(k + 1)]);
        const score = 1 / (1 + Math.exp(-value(0)));
        found.push({ score, box: [mx - hx, my - hy, mx + hx, my + hy], points });
      }
    }
  }
  found.sort((a, b) => b.score - a.score);
  return found.slice(0, DETECTOR.mostCandidates);
}

/** Greedy non-maximum suppression, best first. */
function suppress(faces: Detection[]): Detection[] {
  const kept: Detection[] = [];
  for (const face of [...faces].sort((a, b) => b.score - a.score)) {
    if (kept.every((better) => iou(face.box, better.box) <= DETECTOR.nms)) kept.push(face);
  }
  return kept;
}
