/** The look of clay: a picture of a lit ball, made here, from which each point takes the colour of its direction. */
import { CanvasTexture, SRGBColorSpace } from "three";

const SIZE = 256;
/** Key from above, a soft one from the upper left, a cool one from the right, a warm rim below. [x, y, radius, colour], in halves of the ball. */
const LIGHTS = [
  [-0.2, -0.85, 1.75, "rgba(255, 246, 236, 0.9)"],
  [-0.4, -0.35, 0.9, "rgba(255, 250, 244, 0.35)"],
  [0.9, -0.05, 0.6, "rgba(206, 218, 236, 0.35)"],
  [0.1, 1, 0.7, "rgba(226, 160, 118, 0.3)"],
];

/** @returns {CanvasTexture} */
export function clayTexture() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const half = SIZE / 2;
  pen.fillStyle = "#5f544c";
  pen.fillRect(0, 0, SIZE, SIZE);
  for (const [x, y, radius, colour] of LIGHTS) {
    const [across, down] = [half * (1 + Number(x)), half * (1 + Number(y))];
    const glow = pen.createRadialGradient(across, down, 0, across, down, half * Number(radius));
    glow.addColorStop(0, String(colour));
    glow.addColorStop(1, String(colour).replace(/[\d.]+\)$/, "0)"));
    pen.fillStyle = glow;
    pen.fillRect(0, 0, SIZE, SIZE);
  }
  // A dark edge draws the outline of round things.
  const edge = pen.createRadialGradient(half, half, half * 0.86, half, half, half);
  edge.addColorStop(0, "rgba(38, 33, 30, 0)");
  edge.addColorStop(1, "rgba(38, 33, 30, 0.45)");
  pen.fillStyle = edge;
  pen.fillRect(0, 0, SIZE, SIZE);
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  return texture;
}
