/** Renderer, light and the passes of one picture. Draws when asked, never by itself. */
import {
  Color,
  DirectionalLight,
  DoubleSide,
  MathUtils,
  MeshBasicMaterial,
  MeshMatcapMaterial,
  NeutralToneMapping,
  PCFShadowMap,
  PMREMGenerator,
  Scene,
  Sphere,
  WebGLRenderer,
} from "three";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";

import { clayTexture } from "./clay.js";
import { Ground } from "./ground.js";

/** @typedef {"material" | "clay" | "wire"} Mode */

const RATIO_AT_MOST = 2;
const MANY_TRIANGLES = 800_000;
/** Of a side of the cube of light. three.js takes 256 at least, on which a processor without a graphics card works for seconds. */
const ENVIRONMENT_PX = 128;

/** The browser has no WebGL 2, or gives this page no more of it. */
export class NoWebGL extends Error {}

export class Stage {
  /**
   * @param {HTMLCanvasElement} canvas
   * @throws {NoWebGL}
   */
  constructor(canvas) {
    const context = canvas.getContext("webgl2", { alpha: true, antialias: true, powerPreference: "high-performance" });
    if (!context || context.isContextLost()) throw new NoWebGL();
    this.renderer = new WebGLRenderer({ canvas, context });
    this.renderer.autoClear = false;
    this.renderer.setClearColor(0x000000, 0);
    this.renderer.toneMapping = NeutralToneMapping;
    this.renderer.toneMappingExposure = 0.88;
    this.renderer.shadowMap.enabled = true;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.renderer.shadowMap.autoUpdate = false;
    this.world = new Scene();
    this.ground = new Ground();
    /** @type {Mode} */
    this.mode = "material";
    this.showsGrid = true;
    /** Pictures drawn so far: a viewer at rest draws none. */
    this.frames = 0;
    this.keyLight = new DirectionalLight(0xfff4e8, 1.5);
    this.keyLight.castShadow = true;
    this.keyLight.shadow.mapSize.set(2048, 2048);
    this.keyLight.shadow.intensity = 0.8;
    this.world.add(this.keyLight, this.keyLight.target);
    // Pushed back a little, so that lines drawn over it do not flicker.
    const pushed = { side: DoubleSide, polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 1 };
    this.clay = new MeshMatcapMaterial({ matcap: clayTexture(), ...pushed });
    this.wire = new MeshBasicMaterial({ wireframe: true, transparent: true, color: 0x141518 });
    this.wire.toneMapped = false;
    this.lightUp();
  }

  /** Makes the light that surrounds everything; again when the graphics card has lost it. */
  lightUp() {
    const maker = new PMREMGenerator(this.renderer);
    // Private, so look again at a newer three.js; without it the light is the same, and comes later.
    maker._setSize = () => {
      maker._cubeSize = ENVIRONMENT_PX;
    };
    const room = new RoomEnvironment();
    this.surrounding?.dispose();
    this.surrounding = maker.fromScene(room, 0.04);
    this.world.environment = this.surrounding.texture;
    this.world.environmentIntensity = 0.6;
    room.dispose();
    maker.dispose();
  }

  /**
   * @param {number} width in CSS pixels, as `height`
   * @param {number} height
   * @param {number} triangles of the model: above many, sharper than the screen needs is too slow
   */
  resize(width, height, triangles) {
    const ratio = triangles > MANY_TRIANGLES ? 1 : RATIO_AT_MOST;
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio || 1, ratio));
    this.renderer.setSize(width, height, false);
    // Where lines are many they would leave nothing but themselves to see.
    this.wire.opacity = MathUtils.clamp(1.45 - 0.25 * Math.log10(triangles + 1), 0.15, 0.65);
  }

  /**
   * @param {string} text the CSS colour of the lines on the floor
   * @param {boolean} dark whether the page behind is
   */
  paint(text, dark) {
    this.ground.paint(new Color().setStyle(text), dark);
  }

  /**
   * Lets the floor, the shadows and the light fit what stands in the world.
   *
   * @param {import("three").Box3} box of the model, not empty
   */
  fit(box) {
    const { center, radius } = box.getBoundingSphere(new Sphere());
    const light = this.keyLight;
    light.target.position.copy(center);
    light.position.set(0.6, 1, 0.75).normalize().multiplyScalar(radius * 2).add(center);
    const { camera } = light.shadow;
    camera.left = camera.bottom = -radius;
    camera.right = camera.top = radius;
    camera.near = radius * 0.5;
    camera.far = radius * 3.5;
    camera.updateProjectionMatrix();
    light.shadow.normalBias = radius * 0.002;
    light.shadow.bias = -0.0004;
    this.renderer.shadowMap.needsUpdate = true;
    this.ground.fit(this.renderer, this.world, box);
  }

  /** @param {import("three").PerspectiveCamera} camera */
  draw(camera) {
    const { renderer, world, wire } = this;
    this.frames += 1;
    renderer.clear();
    this.ground.draw(renderer, camera, this.showsGrid);
    world.overrideMaterial = this.mode === "material" ? null : this.clay;
    renderer.render(world, camera);
    if (this.mode === "wire") {
      world.overrideMaterial = wire;
      renderer.render(world, camera);
    }
    world.overrideMaterial = null;
  }

  dispose() {
    this.ground.dispose();
    this.surrounding?.dispose();
    this.clay.matcap?.dispose();
    this.clay.dispose();
    this.wire.dispose();
    this.keyLight.dispose();
    this.renderer.dispose();
    // Browsers allow a page some sixteen contexts, and free forgotten ones late.
    this.renderer.forceContextLoss();
  }
}
