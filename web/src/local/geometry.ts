/** Points, boxes, similarity transforms and rotations: prosopon/geometry.py in TypeScript. */

export type Point = [number, number];
export type Box = [number, number, number, number];
export type Vector = [number, number, number];
/** Row by row. */
export type Matrix3 = [Vector, Vector, Vector];
/** x' = a·x − b·y + tx, y' = b·x + a·y + ty. */
export interface Similarity {
  a: number;
  b: number;
  tx: number;
  ty: number;
}

export function apply({ a, b, tx, ty }: Similarity, [x, y]: Point): Point {
  return [a * x - b * y + tx, b * x + a * y + ty];
}

export function invert({ a, b, tx, ty }: Similarity): Similarity {
  const s = a * a + b * b;
  const [ia, ib] = [a / s, -b / s];
  return { a: ia, b: ib, tx: -(ia * tx - ib * ty), ty: -(ib * tx + ia * ty) };
}

/** Takes a square of an image, turned clockwise by `angle`, to a crop of `size` px. */
export function squareSimilarity(center: Point, side: number, angle: number, size: number): Similarity {
  const scale = size / side;
  // The inverse of a clockwise turn, so that the face is upright in the crop.
  // In single precision, as Python's matrices are.
  const a = Math.fround(Math.cos(angle) * scale);
  const b = Math.fround(-Math.sin(angle) * scale);
  const [x, y] = apply({ a, b, tx: 0, ty: 0 }, center).map(Math.fround);
  return { a, b, tx: Math.fround((size - 1) / 2 - x), ty: Math.fround((size - 1) / 2 - y) };
}

export function bounds(points: Point[]): Box {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return box;
}

export function area(box: Box): number {
  return (box[2] - box[0]) * (box[3] - box[1]);
}

export function center(box: Box): Point {
  return [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}

export function inside([x, y]: Point, box: Box): boolean {
  return x > box[0] && y > box[1] && x < box[2] && y < box[3];
}

/** Intersection over union. */
export function iou(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const shared = width * height;
  return shared / Math.max(area(a) + area(b) - shared, 1e-9);
}

export function mean(points: Point[]): Point {
  let [x, y] = [0, 0];
  for (const point of points) {
    x += point[0];
    y += point[1];
  }
  return [x / points.length, y / points.length];
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function unit(v: Vector): Vector {
  const length = Math.sqrt(dot(v, v));
  return [v[0] / length, v[1] / length, v[2] / length];
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function transpose(m: Matrix3): Matrix3 {
  return [0, 1, 2].map((i) => [m[0][i], m[1][i], m[2][i]]) as Matrix3;
}

export function multiply(a: Matrix3, b: Matrix3): Matrix3 {
  const columns = transpose(b);
  return a.map((row) => columns.map((column) => dot(row, column))) as Matrix3;
}

export function times(m: Matrix3, v: Vector): Vector {
  return m.map((row) => dot(row, v)) as Vector;
}

/** About the viewing axis; positive is clockwise in the image. */
export function rotationZ(angle: number): Matrix3 {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return [
    [c, -s, 0],
    [s, c, 0],
    [0, 0, 1],
  ];
}

/** The first two columns, orthonormalised (Zhou et al., CVPR 2019). */
export function rotationFrom6d(v: ArrayLike<number>): Matrix3 {
  const a = unit([v[0], v[1], v[2]]);
  const second: Vector = [v[3], v[4], v[5]];
  const along = dot(a, second);
  const b = unit(second.map((x, i) => x - along * a[i]) as Vector);
  return transpose([a, b, cross(a, b)]);
}

/** Pitch, yaw, roll in rad: R = Ry · Rx · Rz, see prosopon.geometry.euler_from_rotation. */
export function euler(r: Matrix3): Vector {
  const forward: Vector = [-r[0][2], -r[1][2], -r[2][2]];
  const [yaw, pitch] = gazeAngles(forward);
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const ry: Matrix3 = [[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]]; // prettier-ignore
  const rx: Matrix3 = [[1, 0, 0], [0, cp, sp], [0, -sp, cp]]; // prettier-ignore
  const local = multiply(transpose(multiply(ry, rx)), r);
  return [pitch, yaw, Math.atan2(local[1][0], local[0][0])];
}

/** Axis × angle, as cv2.Rodrigues. */
export function rotationVector(r: Matrix3): Vector {
  const skew: Vector = [r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]];
  const cos = Math.min(1, Math.max(-1, (r[0][0] + r[1][1] + r[2][2] - 1) / 2));
  const angle = Math.acos(cos);
  const sin = Math.sqrt(dot(skew, skew)) / 2;
  const scale = sin > 1e-6 ? angle / (2 * sin) : 0.5;
  return skew.map((x) => x * scale) as Vector;
}

/** Yaw, pitch in rad of a unit vector; into the lens (0, 0, −1) is (0, 0). */
export function gazeAngles([x, y, z]: Vector): [number, number] {
  return [Math.atan2(x, -z), Math.asin(Math.min(1, Math.max(-1, -y)))];
}

/** Solves m · x = v by Cramer's rule. */
export function solve3(m: Matrix3, v: Vector): Vector {
  const columns = transpose(m);
  const determinant = (c: Matrix3) => dot(c[0], cross(c[1], c[2]));
  const whole = determinant(columns);
  return [0, 1, 2].map((i) => {
    const replaced = columns.map((column, j) => (i === j ? v : column)) as Matrix3;
    return determinant(replaced) / whole;
  }) as Vector;
}
