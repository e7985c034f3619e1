/** Bars for the strongest action units and emotions, a dot for valence and arousal, angles. */

import type { Face } from "./api";
import { AU_MEANINGS, AU_NAMES, EMOTIONS } from "./constants";
import { el } from "./dom";

const AU_MOST = 5;
const UNITS = AU_NAMES.map((name, i) => `${name} ${AU_MEANINGS[i]}`);

export class Gauges {
  readonly element: HTMLElement;
  /** The action units, which take more room. */
  readonly unitsElement: HTMLElement;
  private readonly emotions = new Bars(EMOTIONS, 1, 2);
  private readonly units = new Bars(UNITS, AU_MOST, 1);
  private readonly whose = el("p", { className: "figures" });
  private readonly angles = el("p", { className: "figures" });
  private readonly plane = el("canvas", { width: 220, height: 220, role: "img" });

  constructor() {
    this.plane.setAttribute("aria-label", "Valence and arousal");
    this.element = el(
      "div",
      { className: "gauges" },
      this.whose,
      el("h2", { textContent: "Emotion" }),
      this.emotions.element,
      el("h2", { textContent: "Valence and arousal" }),
      this.plane,
      this.angles,
    );
    this.units.element.classList.add("units");
    this.unitsElement = el(
      "div",
      {},
      el("h2", { textContent: "Action units" }),
      this.units.element,
    );
    this.show(undefined);
  }

  show(face: Face | undefined): void {
    this.whose.textContent = face ? `Face #${face.face_id}` : "No face";
    this.emotions.show(face?.emotion);
    this.units.show(face?.au);
    this.drawPlane(face);
    const degrees = (angle: number) => `${Math.round((angle * 180) / Math.PI)}°`;
    this.angles.textContent = face
      ? `Head: pitch ${degrees(face.pose_euler[0])}, yaw ${degrees(face.pose_euler[1])}, ` +
        `roll ${degrees(face.pose_euler[2])}. Gaze: yaw ${degrees(face.gaze_angle[0])}, ` +
        `pitch ${degrees(face.gaze_angle[1])}.`
      : "";
  }

  private drawPlane(face: Face | undefined): void {
    const context = this.plane.getContext("2d");
    if (!context) return;
    const { width: w, height: h } = this.plane;
    context.clearRect(0, 0, w, h);
    context.strokeStyle = "#767676";
    context.lineWidth = 1;
    context.strokeRect(0.5, 0.5, w - 1, h - 1);
    context.beginPath();
    context.moveTo(w / 2, 0);
    context.lineTo(w / 2, h);
    context.moveTo(0, h / 2);
    context.lineTo(w, h / 2);
    context.stroke();
    context.fillStyle = "#595959";
    context.font = "12px system-ui, sans-serif";
    context.fillText("pleasant", w - 56, h / 2 - 5);
    context.fillText("excited", w / 2 + 5, 14);
    if (!face) return;
    context.fillStyle = "#D55E00";
    context.beginPath();
    context.arc(((face.valence + 1) / 2) * w, ((1 - face.arousal) / 2) * h, 7, 0, 2 * Math.PI);
    context.fill();
  }
}

class Bars {
  readonly element: HTMLElement;
  private readonly rows: { fill: HTMLElement; value: HTMLElement }[] = [];

  constructor(
    names: readonly string[],
    private readonly most: number,
    private readonly decimals: number,
  ) {
    this.element = el("div", { className: "bars" });
    for (const name of names) {
      const fill = el("span", { className: "fill" });
      const value = el("span", { className: "value" });
      this.rows.push({ fill, value });
      const bar = el("span", { className: "bar" }, fill);
      this.element.append(
        el("div", { className: "row" }, el("span", { textContent: name }), bar, value),
      );
    }
  }

  show(values: number[] | undefined): void {
    this.rows.forEach(({ fill, value }, i) => {
      const share = values ? Math.min(1, Math.max(0, values[i] / this.most)) : 0;
      fill.style.width = `${100 * share}%`;
      value.textContent = values ? values[i].toFixed(this.decimals) : "–";
    });
  }
}
