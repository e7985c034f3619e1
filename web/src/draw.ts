/** Draws faces over the picture. Colours as in the report: told apart by colour-blind eyes. */

import type { Face } from "./api";

const POINTS = "#56B4E9";
const BOX = "#F0E442";
const GAZE = "#E69F00";
const AXES = ["#FF7A33", "#00C08B", "#56B4E9"];

/** Draw `faces` of a picture of `width` × `height` px on a canvas that covers it. */
export function drawFaces(
  canvas: HTMLCanvasElement,
  faces: Face[],
  width: number,
  height: number,
): void {
  const sharp = window.devicePixelRatio || 1;
  const shown = { width: canvas.clientWidth * sharp, height: canvas.clientHeight * sharp };
  if (canvas.width !== Math.round(shown.width) || canvas.height !== Math.round(shown.height)) {
    canvas.width = Math.round(shown.width);
    canvas.height = Math.round(shown.height);
  }
  const context = canvas.getContext("2d");
  if (!context) return;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const scale = canvas.width / width;
  // Pixel centres are at whole numbers in the table, at halves on a canvas.
  context.setTransform(scale, 0, 0, canvas.height / height, scale / 2, scale / 2);
  for (const face of faces) drawFace(context, face, sharp / scale);
}

function drawFace(context: CanvasRenderingContext2D, face: Face, unit: number): void {
  const [x0, y0, x1, y1] = face.box;
  context.lineWidth = 1.5 * unit;
  context.strokeStyle = BOX;
  context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  drawNumber(context, face, unit);
  context.fillStyle = POINTS;
  for (const [x, y] of face.landmarks) dot(context, x, y, 1.7 * unit);
  const reach = 0.5 * (x1 - x0);
  context.fillStyle = context.strokeStyle = GAZE;
  context.lineWidth = 2 * unit;
  face.pupils.forEach(([x, y], eye) => {
    dot(context, x, y, 2.5 * unit);
    const [gx, gy] = face.gaze[eye];
    line(context, x, y, x + reach * gx, y + reach * gy);
  });
  const [x, y] = face.landmarks[30];
  // The head's own axes: right in the picture, down, and out of the face.
  rotation(face.pose_r).forEach((axis, i) => {
    const sign = i === 2 ? -1 : 1;
    context.strokeStyle = AXES[i];
    line(context, x, y, x + 0.35 * reach * sign * axis[0], y + 0.35 * reach * sign * axis[1]);
  });
}

/** The face's number, on a dark ground above its box or, at the picture's edge, within it. */
function drawNumber(context: CanvasRenderingContext2D, face: Face, unit: number): void {
  const [x, y] = face.box;
  const [size, pad] = [14 * unit, 3 * unit];
  const text = `#${face.face_id}`;
  context.font = `600 ${size}px system-ui, sans-serif`;
  const [wide, high] = [context.measureText(text).width + 2 * pad, size + 2 * pad];
  const top = Math.max(0, y - high);
  context.fillStyle = "rgb(0 0 0 / 70%)";
  context.fillRect(x, top, wide, high);
  context.fillStyle = BOX;
  context.fillText(text, x + pad, top + size);
}

function dot(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function line(
  context: CanvasRenderingContext2D,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
): void {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

/** Columns of the rotation matrix of a rotation vector (Rodrigues). */
function rotation([rx, ry, rz]: number[]): number[][] {
  const angle = Math.hypot(rx, ry, rz) || 1e-9;
  const [x, y, z] = [rx / angle, ry / angle, rz / angle];
  const [s, c] = [Math.sin(angle), Math.cos(angle)];
  const t = 1 - c;
  return [
    [c + x * x * t, y * x * t + z * s, z * x * t - y * s],
    [x * y * t - z * s, c + y * y * t, z * y * t + x * s],
    [x * z * t + y * s, y * z * t - x * s, c + z * z * t],
  ];
}
