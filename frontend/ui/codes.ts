/** QR codes: drawn for the other device's camera, and read by this one's. Nothing leaves the device. */
import encodeQR from "qr";
import decodeQR from "qr/decode.js";
import { make } from "./dom.ts";

const SVG = "http://www.w3.org/2000/svg";
const LOOK_EVERY_MS = 150;
const WIDEST = 720;

/** Dark on light in either theme, with its quiet zone: many cameras read no inverted code. */
export function drawCode(text: string, label: string): SVGElement {
  const rows = encodeQR(text, "raw", { ecc: "medium", border: 3 });
  const path = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  const drawing = document.createElementNS(SVG, "svg");
  const size = rows.length;
  const attributes = { class: "qr-code", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" };
  for (const [name, value] of Object.entries(attributes)) drawing.setAttribute(name, value);
  const modules = document.createElementNS(SVG, "path");
  modules.setAttribute("d", path);
  drawing.append(modules);
  return drawing;
}

/** The text of a code in the picture, or null. */
function readCode(canvas: HTMLCanvasElement, video: HTMLVideoElement): string | null {
  const scale = Math.min(1, WIDEST / video.videoWidth);
  const [width, height] = [Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale)];
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null || width === 0) return null;
  context.drawImage(video, 0, 0, width, height);
  try {
    return decodeQR(context.getImageData(0, 0, width, height));
  } catch {
    return null; // no code in this picture
  }
}

/** A camera that looks for codes until it is stopped. */
export class Camera {
  readonly picture = make("video", { class: "camera", playsinline: true, muted: true });
  private readonly canvas = document.createElement("canvas");
  private stream: MediaStream | null = null;
  private stopped = false;

  /** Whether this browser can be asked at all; whether there is a camera shows only then. */
  static get offered(): boolean {
    return navigator.mediaDevices?.getUserMedia !== undefined;
  }

  /** Shows what the camera sees and calls `found` for each code, until that returns true. Rejects if there is no camera. */
  async look(found: (text: string) => Promise<boolean>): Promise<void> {
    this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    if (this.stopped) return this.stop();
    this.picture.srcObject = this.stream;
    await this.picture.play();
    while (!this.stopped) {
      const text = readCode(this.canvas, this.picture);
      if (text !== null && (await found(text))) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    this.stop();
  }

  stop(): void {
    this.stopped = true;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.picture.srcObject = null;
  }
}
