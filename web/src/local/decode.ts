/** From the network's numbers to measurements: prosopon/heads in TypeScript. */

import type { Face } from "../api";
import { PACK, QUALITY, RIGID } from "../constants";
import { type Crop, type Cut, faceBox } from "./crop";
import {
  apply,
  euler,
  gazeAngles,
  invert,
  type Matrix3,
  multiply,
  type Point,
  rotationFrom6d,
  rotationVector,
  rotationZ,
  solve3,
  times,
  transpose,
  unit,
  type Vector,
} from "./geometry";

export interface Raw {
  crop: Crop;
  cut: Cut;
  /** The network's outputs for this crop. */
  values: Float32Array;
}

type Output = keyof typeof PACK.outputs;

const sigmoid = (x: number) => 0.5 * (Math.tanh(0.5 * x) + 1);
const clip = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));

function output(raw: Raw, name: Output): Float32Array {
  const [start, size] = PACK.outputs[name];
  return raw.values.subarray(start, start + size);
}

/** The network's points of one output, in px of the image. */
function inImage(raw: Raw, name: Output): Point[] {
  const values = output(raw, name);
  const toImage = invert(raw.crop.matrix);
  const points: Point[] = [];
  for (let i = 0; i < values.length; i += 2) {
    const place = (value: number) => (value * PACK.size) / 2 + (PACK.size - 1) / 2;
    points.push(apply(toImage, [place(values[i]), place(values[i + 1])]));
  }
  return points;
}

/** The points by which a face is followed. */
export function landmarks(raw: Raw): Point[] {
  return inImage(raw, "points").slice(0, 68);
}

function landmarkError(raw: Raw): number {
  const scales = output(raw, "points_scale").subarray(0, 68);
  let sum = 0;
  for (const scale of scales) sum += Math.exp(clip(scale, -7, 2));
  return sum / scales.length;
}

/** Probability that the crop shows a face whose landmarks are right. */
export function confidence(raw: Raw): number {
  const right = 1 - Math.exp((-QUALITY.failure * QUALITY.eyeDistance) / landmarkError(raw));
  return sigmoid(output(raw, "face")[0]) * right;
}

export function decode(raw: Raw, faceId: number, width: number, height: number): Face {
  const { angle, matrix } = raw.crop;
  const side = PACK.size / Math.hypot(matrix.a, matrix.b);
  const [dx, dy] = PACK.landmarkOffset.map((share) => share * side);
  const marks = inImage(raw, "marks");
  const told = marks.map(([x, y]): Point => [x + dx, y + dy]);
  const rotation = multiply(rotationZ(angle), rotationFrom6d(output(raw, "rotation")));
  const gaze = eyes(raw, angle);
  const both = unit([0, 1, 2].map((i) => gaze[0][i] + gaze[1][i]) as Vector);
  const [valence, arousal] = [...output(raw, "affect")].map(Math.tanh);
  return {
    face_id: faceId,
    confidence: confidence(raw),
    box: faceBox(told),
    landmarks: told,
    pupils: inImage(raw, "points").slice(68, 70),
    pose_r: rotationVector(rotation),
    pose_euler: euler(rotation),
    pose_t: translation(marks, rotation, width, height),
    gaze,
    gaze_angle: gazeAngles(both),
    eye_open: [...output(raw, "eye_open")].map(sigmoid),
    au: [...output(raw, "au")].map((value) => clip(5 * value, 0, 5)),
    au_presence: [...output(raw, "au_presence")].map(sigmoid),
    emotion: softmax(output(raw, "emotion")),
    valence,
    arousal,
    quality: quality(raw, side, rotation[2][2]),
  };
}

function eyes(raw: Raw, angle: number): [Vector, Vector] {
  const values = output(raw, "gaze");
  const turn = rotationZ(angle);
  const eye = (i: number) => unit(times(turn, [values[i], values[i + 1], values[i + 2]]));
  return [eye(0), eye(3)];
}

function softmax(logits: Float32Array): number[] {
  const most = Math.max(...logits);
  const powers = [...logits].map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((value) => value / sum);
}

/** Where the head is, mm, for a face of average size and OpenFace 2's guess of the camera. */
function translation(points: Point[], rotation: Matrix3, width: number, height: number): Vector {
  const focal = ((500 * width) / 640 + (500 * height) / 480) / 2;
  const m: Matrix3 = [[0, 0, 0], [0, 0, 0], [0, 0, 1e-9]]; // prettier-ignore
  const v: Vector = [0, 0, 0];
  RIGID.forEach((index, i) => {
    const x = (points[index][0] - width / 2) / focal;
    const y = (points[index][1] - height / 2) / focal;
    const [sx, sy, sz] = times(rotation, PACK.faceShape[i] as Vector);
    const [rx, ry] = [x * sz - sx, y * sz - sy];
    m[0][0] += 1;
    m[1][1] += 1;
    m[0][2] -= x;
    m[1][2] -= y;
    m[2][2] += x * x + y * y;
    v[0] += rx;
    v[1] += ry;
    v[2] -= x * rx + y * ry;
  });
  m[2][0] = m[0][2];
  m[2][1] = m[1][2];
  return solve3(transpose(m), v);
}

function quality(raw: Raw, side: number, frontality: number): number {
  const parts = [
    side / QUALITY.goodSide,
    raw.cut.contrast / QUALITY.goodContrast,
    raw.cut.sharpness / QUALITY.goodSharpness,
    frontality,
    QUALITY.goodError / landmarkError(raw),
  ];
  const product = parts.reduce((all, share) => all * clip(share, 0.01, 1), 1);
  return product ** (1 / parts.length);
}
