/**
 * Which face is which, from one frame to the next: prosopon/track/tracker.py in TypeScript, but
 * that places alone, not looks, tell who is back.
 */

import { TRACKING } from "../constants";
import { area, type Box, bounds, center, inside, iou, mean, type Point } from "./geometry";

interface Track {
  faceId: number;
  points: Point[];
  velocity: Point;
  age: number;
  missing: number;
  /** The landmarks that its crop is cut by. */
  held?: Point[];
}

export class Tracker {
  private active: Track[] = [];
  private lost: Track[] = [];
  private nextId = 0;
  private sinceDetection = TRACKING.detect_every;
  private sinceLoss = TRACKING.patience + 1;

  get ids(): number[] {
    return this.active.map((track) => track.faceId);
  }

  /** Where the landmarks of each followed face should now be. */
  expected(): Point[][] {
    return this.active.map((track) => {
      const [vx, vy] = track.velocity;
      const ahead = track.points.map(([x, y]): Point => [x + vx, y + vy]);
      const box = bounds(ahead);
      const extent = Math.max(box[2] - box[0], box[3] - box[1]);
      // The crop of a face that hardly moves stays, so that what is seen differs by the face alone.
      if (!track.held || distance(ahead, track.held) > TRACKING.still * extent) track.held = ahead;
      return track.held;
    });
  }

  /** Take over what was found at the expected places; gives the rows that are kept. */
  follow(points: Point[][], scores: number[]): number[] {
    this.sinceDetection += 1;
    this.sinceLoss += 1;
    for (const track of this.lost) track.missing += 1;
    this.lost = this.lost.filter((track) => track.missing <= TRACKING.patience);
    const doubles = this.doubles(points);
    const kept: number[] = [];
    const active: Track[] = [];
    this.active.forEach((track, row) => {
      if (doubles.has(row)) return;
      if (scores[row] < TRACKING.follow_score) {
        track.missing = 1;
        track.velocity = [0, 0];
        this.lost.push(track);
        this.sinceDetection = TRACKING.detect_every;
        this.sinceLoss = 0;
        return;
      }
      const [x, y] = mean(points[row]);
      const [oldX, oldY] = mean(track.points);
      // Half of the last step: full extrapolation overshoots when a head turns back.
      track.velocity = [0.5 * (x - oldX), 0.5 * (y - oldY)];
      track.points = points[row];
      track.age += 1;
      track.missing = 0;
      kept.push(row);
      active.push(track);
    });
    this.active = active;
    return kept;
  }

  wantsDetection(): boolean {
    const every =
      this.sinceLoss <= TRACKING.patience ? TRACKING.search_every : TRACKING.detect_every;
    return !this.active.length || this.sinceDetection >= every;
  }

  /** Rows of detected boxes that no followed face covers. */
  unclaimed(boxes: Box[]): number[] {
    this.sinceDetection = 0;
    const claimed = this.active.map((track) => bounds(track.points));
    const rows = boxes.map((_, row) => row);
    return rows.filter((row) =>
      claimed.every((face) => {
        const followed = iou(boxes[row], face) > TRACKING.overlap;
        const partOfIt = inside(center(boxes[row]), face) && area(boxes[row]) < 2 * area(face);
        return !followed && !partOfIt;
      }),
    );
  }

  /** Follow newly found faces; gives the rows taken. */
  admit(points: Point[][], scores: number[]): number[] {
    const taken: number[] = [];
    points.forEach((face, row) => {
      if (scores[row] < TRACKING.admit_score) return;
      const box = bounds(face);
      const others = this.active.map((track) => bounds(track.points));
      if (others.some((other) => iou(box, other) > TRACKING.overlap)) return;
      const slipped = this.active.find(
        (_, i) => inside(center(others[i]), box) && 2 * area(others[i]) < area(box),
      );
      if (slipped) {
        slipped.points = face;
        slipped.velocity = [0, 0];
        return;
      }
      this.active.push(this.recall(box, face));
      taken.push(row);
    });
    return taken;
  }

  /** A face where one was lost takes up that identity again. */
  private recall(box: Box, points: Point[]): Track {
    const [cx, cy] = center(box);
    const size = Math.max(box[2] - box[0], box[3] - box[1]);
    let [nearest, least] = [-1, Infinity];
    this.lost.forEach((track, i) => {
      const place = bounds(track.points);
      const [x, y] = center(place);
      const other = Math.max(place[2] - place[0], place[3] - place[1]);
      const distance = Math.hypot(x - cx, y - cy) / Math.max(other, size);
      if (Math.abs(Math.log(other / size)) < 0.5 && distance < least) [nearest, least] = [i, distance];
    });
    if (least < 0.75) {
      const [track] = this.lost.splice(nearest, 1);
      return Object.assign(track, { points, velocity: [0, 0], missing: 0, held: undefined });
    }
    return { faceId: this.nextId++, points, velocity: [0, 0], age: 0, missing: 0 };
  }

  /** Rows that have run onto another's face, or onto a part of it. */
  private doubles(points: Point[][]): Set<number> {
    const found = new Set<number>();
    if (points.length < 2) return found;
    const boxes = points.map(bounds);
    const areas = boxes.map(area);
    const covered = (i: number, j: number) => {
      const overlap = iou(boxes[i], boxes[j]);
      const shared = (overlap * (areas[i] + areas[j])) / (1 + overlap);
      return shared / Math.min(areas[i], areas[j]) > TRACKING.double;
    };
    const rows = points.map((_, row) => row);
    const isPart = rows.map((i) => rows.some((j) => covered(i, j) && areas[j] > 2 * areas[i]));
    const order = [...rows].sort(
      (i, j) => Number(isPart[i]) - Number(isPart[j]) || this.active[j].age - this.active[i].age,
    );
    order.forEach((row, place) => {
      if (order.slice(0, place).some((k) => !found.has(k) && covered(row, k))) found.add(row);
    });
    return found;
  }
}

/** Mean over all coordinates of how far points are from others. */
function distance(points: Point[], others: Point[]): number {
  let sum = 0;
  points.forEach(([x, y], i) => (sum += Math.abs(x - others[i][0]) + Math.abs(y - others[i][1])));
  return sum / (2 * points.length);
}
