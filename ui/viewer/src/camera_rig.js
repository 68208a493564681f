/** The camera and the hand that moves it: mouse, touch, keys, named views, and framing what there is to see. */
import { Box3, MathUtils, PerspectiveCamera, Sphere, Spherical, Vector3 } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

/** @typedef {{position: number[], target: number[]}} Pose where the camera is and what it looks at, in metres */

const FIELD_OF_VIEW = 35;
/** How much of the picture's width and height a framed model may take. */
const FILL = 0.8;
const TURN_MS = 420;
const STEP_RAD = Math.PI / 18;
/** From the middle of the model towards the camera. Blender's front is our +z, its right side our +x. */
/** @type {Readonly<Record<"corner" | "front" | "side" | "top", [number, number, number]>>} */
export const VIEWS = Object.freeze({
  corner: [0.78, 0.52, 1],
  front: [0, 0, 1],
  side: [1, 0, 0],
  top: [0, 1, 0.0001],
});

export class CameraRig {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} ask called when a new picture is due
   * @param {boolean} still nothing may glide
   */
  constructor(canvas, ask, still) {
    this.camera = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.01, 100);
    this.camera.position.set(4, 3, 5);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enableDamping = !still;
    this.controls.dampingFactor = 0.14;
    this.controls.zoomSpeed = 1.2;
    this.still = still;
    this.box = new Box3(new Vector3(-1, 0, -1), new Vector3(1, 1, 1));
    this.framed = new Sphere();
    /** The user has taken the camera in hand: nothing else may move it. */
    this.touched = false;
    /** @type {((pose: Pose) => void) | null} */
    this.onMoved = null;
    /** @type {null | {from: Spherical, to: Spherical, fromTarget: Vector3, toTarget: Vector3, begun: number}} */
    this.glide = null;
    this.ask = ask;
    this.controls.addEventListener("start", () => this.#take());
    this.controls.addEventListener("change", () => {
      ask();
      this.onMoved?.(this.pose());
    });
    canvas.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @param {number} width @param {number} height in CSS pixels */
  resize(width, height) {
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
  }

  /**
   * What there is to see from now on. The first is framed, and later ones that have outgrown the picture, unless the
   * user has taken the camera in hand.
   *
   * @param {Box3} box not empty
   * @param {boolean} isFirst
   */
  see(box, isFirst) {
    this.box.copy(box);
    const { center, radius } = box.getBoundingSphere(new Sphere());
    const moved = center.distanceTo(this.framed.center);
    this.controls.minDistance = radius * 0.02;
    this.controls.maxDistance = radius * 40;
    if (this.touched) this.#widenLimits();
    else if (isFirst) this.frame(false);
    else if (radius > this.framed.radius * 1.15 || radius < this.framed.radius * 0.5) this.frame(true);
    else if (moved > this.framed.radius * 0.35) this.frame(true);
  }

  /** Frames everything, from where the camera looks now. From now on it may move by itself again. */
  frame(glides = true) {
    this.touched = false;
    this.box.getBoundingSphere(this.framed);
    const away = this.camera.position.clone().sub(this.controls.target);
    if (this.framesNothingYet) away.set(...VIEWS.corner);
    this.framesNothingYet = false;
    this.#go(away.normalize(), glides);
  }

  /** @param {keyof typeof VIEWS} name */
  view(name) {
    this.box.getBoundingSphere(this.framed);
    this.framesNothingYet = false;
    this.#go(new Vector3(...VIEWS[name]).normalize(), true);
    this.touched = name !== "corner";
  }

  /** @returns {Pose} */
  pose() {
    return { position: this.camera.position.toArray(), target: this.controls.target.toArray() };
  }

  /** @param {Pose} pose */
  take(pose) {
    this.glide = null;
    this.framesNothingYet = false;
    this.camera.position.fromArray(pose.position);
    this.controls.target.fromArray(pose.target);
    this.#widenLimits();
    this.controls.update();
  }

  /** Goes on with what moves. True: there is more of it. */
  step(now) {
    if (this.glide) return this.#glideOn(now);
    return this.controls.update();
  }

  /** Near and far planes close around what is seen, for the depth buffer's sake. */
  focus() {
    const { center, radius } = this.box.getBoundingSphere(new Sphere());
    const distance = this.camera.position.distanceTo(center);
    this.camera.near = Math.max((distance - radius) * 0.8, this.distance() * 0.01, radius * 1e-4);
    this.camera.far = distance + radius * 4 + this.distance() * 12;
    this.camera.updateProjectionMatrix();
  }

  distance() {
    return this.camera.position.distanceTo(this.controls.target);
  }

  /** Width of a pixel at the distance of what the camera looks at, in metres. */
  metresPerPixel(height) {
    return (2 * this.distance() * Math.tan(MathUtils.degToRad(FIELD_OF_VIEW / 2))) / height;
  }

  dispose() {
    this.controls.dispose();
  }

  framesNothingYet = true;

  #take() {
    this.touched = true;
    this.glide = null;
  }

  #widenLimits() {
    const distance = this.distance();
    this.controls.minDistance = Math.min(this.controls.minDistance, distance);
    this.controls.maxDistance = Math.max(this.controls.maxDistance, distance);
  }

  /** @param {Vector3} away direction from the model to the camera, of length one @param {boolean} glides */
  #go(away, glides) {
    const target = this.box.getCenter(new Vector3());
    const distance = this.#distanceFor(away);
    const { controls } = this;
    controls.maxDistance = Math.max(controls.maxDistance, distance);
    if (!glides || this.still) {
      this.glide = null;
      this.camera.position.copy(target).addScaledVector(away, distance);
      controls.target.copy(target);
      controls.update();
      this.ask();
      return;
    }
    const from = new Spherical().setFromVector3(this.camera.position.clone().sub(controls.target));
    const to = new Spherical().setFromVector3(away.clone().multiplyScalar(distance));
    // Over the pole there is no direction: keep the one that the camera has.
    if (Math.sin(to.phi) < 0.001) to.theta = Math.abs(from.theta) < 0.001 ? 0 : Math.round(from.theta / (Math.PI / 2)) * (Math.PI / 2);
    const round = Math.PI * 2;
    to.theta = from.theta + (((((to.theta - from.theta + Math.PI) % round) + round) % round) - Math.PI);
    this.glide = { from, to, fromTarget: controls.target.clone(), toTarget: target, begun: performance.now() };
    this.ask();
  }

  /** How far away all corners of the box are in the picture. */
  #distanceFor(away) {
    const centre = this.box.getCenter(new Vector3());
    const right = new Vector3(0, 1, 0).cross(away).normalize();
    const up = away.clone().cross(right);
    const high = Math.tan(MathUtils.degToRad(FIELD_OF_VIEW / 2)) * FILL;
    const wide = high * this.camera.aspect;
    let distance = 1e-4;
    for (let corner = 0; corner < 8; corner += 1) {
      const at = new Vector3(
        corner & 1 ? this.box.max.x : this.box.min.x,
        corner & 2 ? this.box.max.y : this.box.min.y,
        corner & 4 ? this.box.max.z : this.box.min.z,
      ).sub(centre);
      const needed = Math.max(Math.abs(at.dot(right)) / wide, Math.abs(at.dot(up)) / high);
      distance = Math.max(distance, needed + at.dot(away));
    }
    return distance;
  }

  #glideOn(now) {
    const { from, to, fromTarget, toTarget, begun } = /** @type {NonNullable<CameraRig["glide"]>} */ (this.glide);
    const done = MathUtils.clamp((now - begun) / TURN_MS, 0, 1);
    const eased = 1 - (1 - done) ** 3;
    const at = new Spherical(
      from.radius * (to.radius / from.radius) ** eased,
      MathUtils.lerp(from.phi, to.phi, eased),
      MathUtils.lerp(from.theta, to.theta, eased),
    ).makeSafe();
    this.controls.target.lerpVectors(fromTarget, toTarget, eased);
    this.camera.position.setFromSpherical(at).add(this.controls.target);
    if (done === 1) this.glide = null;
    this.controls.update();
    return true;
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = this.#meaning(event.key, event.shiftKey);
    if (!act) return;
    // The page has keys of its own, and the arrows would scroll it.
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** @returns {(() => void) | undefined} */
  #meaning(key, shift) {
    const { controls } = this;
    const hand = (/** @type {() => void} */ move) => () => {
      this.#take();
      move();
    };
    const by = (across, down) =>
      hand(() => {
        if (shift) controls.pan(-across * 40, -down * 40);
        else {
          controls.rotateLeft(-across * STEP_RAD);
          controls.rotateUp(down * STEP_RAD);
        }
      });
    const keys = {
      ArrowLeft: by(-1, 0),
      ArrowRight: by(1, 0),
      ArrowUp: by(0, -1),
      ArrowDown: by(0, 1),
      "+": hand(() => controls.dollyIn(1.2)),
      "=": hand(() => controls.dollyIn(1.2)),
      "-": hand(() => controls.dollyOut(1.2)),
      _: hand(() => controls.dollyOut(1.2)),
      f: () => this.frame(),
      F: () => this.frame(),
      0: () => this.view("corner"),
      1: () => this.view("front"),
      3: () => this.view("side"),
      7: () => this.view("top"),
    };
    return keys[/** @type {keyof typeof keys} */ (key)];
  }
}
