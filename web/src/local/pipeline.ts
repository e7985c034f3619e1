/** Detect, track, crop, network, decode: prosopon/pipeline.py for one camera, in TypeScript. */

import type { Face } from "../api";
import { DETECTOR, TRACKING } from "../constants";
import { type Crop, cropFromBox, cropFromLandmarks, cut } from "./crop";
import { confidence, decode, landmarks, type Raw } from "./decode";
import { detect, type RunDetector } from "./detector";
import type { Picture } from "./picture";
import { Tracker } from "./tracker";

/** Runs the network: n crops of PACK.size² numbers in, the outputs of each out. */
export type RunNetwork = (crops: Float32Array[]) => Promise<Float32Array[]>;

const REFINEMENT_SCORE = 0.5;

export class Pipeline {
  private readonly tracker = new Tracker();

  constructor(
    private readonly runDetector: RunDetector,
    private readonly runNetwork: RunNetwork,
  ) {}

  /** The faces of the next frame. */
  async follow(luma: Picture): Promise<Face[]> {
    const { tracker } = this;
    const parts: Raw[] = [];
    const followed = await this.run(luma, tracker.expected().map(cropFromLandmarks));
    const kept = tracker.follow(followed.map(landmarks), followed.map(confidence));
    parts.push(...kept.map((row) => followed[row]));
    if (tracker.wantsDetection()) {
      const found = await detect(luma, this.runDetector);
      const rows = tracker.unclaimed(found.map((face) => face.box));
      const crops = rows.map((row) => cropFromBox(found[row].box, found[row].points));
      const faces = await this.refine(luma, crops, TRACKING.newcomerRefinements);
      const scores = faces.map((face, i) => {
        const doubt = found[rows[i]].score < DETECTOR.threshold ? DETECTOR.secondChance : 0;
        return confidence(face) - doubt;
      });
      const taken = tracker.admit(faces.map(landmarks), scores);
      parts.push(...taken.map((row) => faces[row]));
    }
    const { ids } = tracker;
    return parts
      .map((raw, i) => decode(raw, ids[i], luma.width, luma.height))
      .filter((face) => face.confidence >= TRACKING.follow_score);
  }

  /** A box is rough: its crop is corrected by its own landmarks. */
  private async refine(luma: Picture, crops: Crop[], turns: number): Promise<Raw[]> {
    let faces = await this.run(luma, crops);
    for (let turn = 0; turn < turns; turn++) {
      const better = await this.run(
        luma,
        faces.map((face) => cropFromLandmarks(landmarks(face))),
      );
      // A correction that loses the face was none.
      faces = faces.map((face, i) =>
        confidence(better[i]) < Math.min(confidence(face), REFINEMENT_SCORE) ? face : better[i],
      );
    }
    return faces;
  }

  private async run(luma: Picture, crops: Crop[]): Promise<Raw[]> {
    if (!crops.length) return [];
    const cuts = crops.map((crop) => cut(luma, crop));
    const outputs = await this.runNetwork(cuts.map(({ values }) => values));
    return crops.map((crop, i) => ({ crop, cut: cuts[i], values: outputs[i] }));
  }
}
