/** What the model stands on: a soft shadow, and a grid whose cells follow the distance it is seen from. */
import {
  Color,
  DoubleSide,
  Mesh,
  MeshBasicMaterial,
  MeshDepthMaterial,
  OrthographicCamera,
  PlaneGeometry,
  Scene,
  ShaderMaterial,
  Vector2,
  Vector3,
  WebGLRenderTarget,
} from "three";
import { HorizontalBlurShader } from "three/addons/shaders/HorizontalBlurShader.js";
import { VerticalBlurShader } from "three/addons/shaders/VerticalBlurShader.js";

import { GRID_FRAGMENT, GRID_VERTEX } from "./grid_shader.js";

const SHADOW_PX = 512;
/** The shadow's plane is this much wider than the model, for its blurred edge. */
const MARGIN = 1.5;
/** Height, in widths of the plane, above which a thing throws no shadow on the floor. */
const SHADOW_REACH = 0.35;

export class Ground {
  constructor() {
    this.scene = new Scene();
    this.grid = new Mesh(new PlaneGeometry(2, 2).rotateX(-Math.PI / 2), gridMaterial());
    this.grid.frustumCulled = false;
    this.shadow = new Mesh(new PlaneGeometry(1, 1).rotateX(-Math.PI / 2), shadowMaterial());
    this.shadow.renderOrder = 1;
    this.shadow.visible = false;
    this.scene.add(this.grid, this.shadow);
    this.targets = [0, 1].map(() => new WebGLRenderTarget(SHADOW_PX, SHADOW_PX));
    /** @type {MeshBasicMaterial} */ (this.shadow.material).map = this.targets[0].texture;
    this.eye = new OrthographicCamera();
    this.depth = depthMaterial();
    this.blurs = [HorizontalBlurShader, VerticalBlurShader].map((shader) => blurMaterial(shader));
    this.sheet = new Mesh(new PlaneGeometry(2, 2));
    this.sheet.frustumCulled = false;
    this.floor = 0;
  }

  /** @param {Color} line @param {boolean} dark */
  paint(line, dark) {
    const { uniforms } = this.grid.material;
    uniforms.line.value.copy(line).convertLinearToSRGB();
    uniforms.strength.value = dark ? 0.19 : 0.15;
    /** @type {MeshBasicMaterial} */ (this.shadow.material).opacity = dark ? 0.75 : 0.5;
  }

  /**
   * Puts the floor under the model and takes its shadow anew.
   *
   * @param {import("three").WebGLRenderer} renderer
   * @param {Scene} world
   * @param {import("three").Box3} box
   */
  fit(renderer, world, box) {
    this.floor = box.min.y;
    const size = box.getSize(new Vector3());
    const centre = box.getCenter(new Vector3());
    const width = Math.max(size.x, size.z, size.y * 0.3, 1e-4) * MARGIN;
    const reach = width * SHADOW_REACH;
    // A hair below, so that a model's own ground lies on top.
    this.shadow.position.set(centre.x, this.floor - width * 1e-4, centre.z);
    // Mirrored, as a floor is to who looks at it from below.
    this.shadow.scale.set(width, 1, -width);
    this.shadow.visible = true;
    // Looks up from below the floor: what hangs lowest is nearest, and darkest.
    const { eye } = this;
    eye.left = eye.bottom = -width / 2;
    eye.right = eye.top = width / 2;
    eye.near = 0;
    eye.far = reach;
    eye.position.set(centre.x, this.floor - width * 1e-3, centre.z);
    eye.rotation.set(Math.PI / 2, 0, 0);
    eye.updateProjectionMatrix();
    eye.updateMatrixWorld();
    this.#takeShadow(renderer, world);
  }

  /** Nothing stands here. */
  clear() {
    this.shadow.visible = false;
    this.floor = 0;
  }

  /** @param {import("three").WebGLRenderer} renderer @param {Scene} world */
  #takeShadow(renderer, world) {
    const before = renderer.getRenderTarget();
    world.overrideMaterial = this.depth;
    renderer.setRenderTarget(this.targets[0]);
    renderer.clear();
    renderer.render(world, this.eye);
    world.overrideMaterial = null;
    for (const spread of [2.4, 1]) {
      this.blurs.forEach((blur, index) => {
        blur.uniforms.tDiffuse.value = this.targets[index].texture;
        blur.uniforms[index === 0 ? "h" : "v"].value = spread / 256;
        this.sheet.material = blur;
        renderer.setRenderTarget(this.targets[1 - index]);
        renderer.clear();
        renderer.render(this.sheet, this.eye);
      });
    }
    renderer.setRenderTarget(before);
  }

  /**
   * @param {import("three").WebGLRenderer} renderer
   * @param {import("three").PerspectiveCamera} camera
   * @param {boolean} showsGrid
   */
  draw(renderer, camera, showsGrid) {
    this.grid.visible = showsGrid;
    renderer.render(this.scene, camera);
  }

  /**
   * Lets the grid's cells fit what is seen.
   *
   * @param {Vector3} target what the camera looks at
   * @param {number} distance from it, in metres
   * @param {number} cell width of a small cell, in metres
   */
  follow(target, distance, cell) {
    // The plane moves in whole large cells: its own coordinates stay small, and the lines sharp, anywhere.
    const step = cell * 100;
    const { grid } = this;
    grid.position.set(Math.round(target.x / step) * step, this.floor, Math.round(target.z / step) * step);
    const reach = distance * 6;
    grid.scale.set(reach + step, 1, reach + step);
    const { uniforms } = grid.material;
    uniforms.cell.value = cell;
    uniforms.reach.value = reach;
    uniforms.middle.value.set(target.x - grid.position.x, target.z - grid.position.z);
    uniforms.origin.value.set(-grid.position.x, -grid.position.z);
  }

  dispose() {
    for (const target of this.targets) target.dispose();
    for (const mesh of [this.grid, this.shadow, this.sheet]) mesh.geometry.dispose();
    for (const material of [this.grid.material, this.shadow.material, this.depth, ...this.blurs]) material.dispose();
  }
}

function gridMaterial() {
  return new ShaderMaterial({
    vertexShader: GRID_VERTEX,
    fragmentShader: GRID_FRAGMENT,
    uniforms: {
      cell: { value: 1 },
      reach: { value: 10 },
      middle: { value: new Vector2() },
      origin: { value: new Vector2() },
      line: { value: new Color(1, 1, 1) },
      strength: { value: 0.2 },
    },
    side: DoubleSide,
    transparent: true,
    depthTest: false,
    depthWrite: false,
  });
}

function shadowMaterial() {
  return new MeshBasicMaterial({ transparent: true, depthTest: false, depthWrite: false, toneMapped: false });
}

/** Black, the denser the nearer. */
function depthMaterial() {
  const material = new MeshDepthMaterial({ side: DoubleSide, depthTest: true });
  material.onBeforeCompile = (shader) => {
    shader.fragmentShader = shader.fragmentShader.replace(
      "gl_FragColor = vec4( vec3( 1.0 - fragCoordZ ), opacity );",
      "float near = 1.0 - fragCoordZ; gl_FragColor = vec4( vec3( 0.0 ), near * near );",
    );
  };
  return material;
}

/** @param {{uniforms: object, fragmentShader: string}} shader */
function blurMaterial(shader) {
  return new ShaderMaterial({
    uniforms: { tDiffuse: { value: null }, h: { value: 0 }, v: { value: 0 } },
    vertexShader: "varying vec2 vUv; void main() { vUv = uv; gl_Position = vec4(position.xy, 0.0, 1.0); }",
    fragmentShader: shader.fragmentShader,
    depthTest: false,
    depthWrite: false,
  });
}
