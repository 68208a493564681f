/** Models out of .glb files, and out of memory again. The decoders are in the bundle: nothing is fetched from elsewhere. */
import { Box3, LoadingManager } from "three";
import { DRACOLoader } from "three/addons/loaders/DRACOLoader.js";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { MeshoptDecoder } from "three/addons/libs/meshopt_decoder.module.js";
import dracoWasm from "three/addons/libs/draco/gltf/draco_decoder.wasm";
import dracoText from "three/addons/libs/draco/gltf/draco_wasm_wrapper.js" with { type: "text" };

/**
 * @typedef {object} Model
 * @property {import("three").Object3D} root
 * @property {Box3} box in metres, Y up; empty if there is nothing to see
 * @property {number} triangles
 * @property {number} objects with a shape
 * @property {import("three").AnimationClip[]} clips
 */

/** There is no model to show. Its message is a sentence for the user; `passes`: another try may do better. */
export class BrokenModel extends Error {
  passes = false;
}

/** @type {DRACOLoader | undefined} */
let draco;

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @param {(part: number) => void} onProgress 0 to 1 of the file's bytes, where its size is known
 * @returns {Promise<Model>}
 * @throws {BrokenModel}
 */
export async function loadModel(url, signal, onProgress) {
  return read(await fetchBytes(url, signal, onProgress));
}

/** @param {Model} model whose memory, here and in the graphics card, is given back */
export function disposeModel(model) {
  model.root.removeFromParent();
  const materials = new Set();
  model.root.traverse((/** @type {any} */ part) => {
    part.geometry?.dispose();
    part.skeleton?.dispose();
    if (part.isInstancedMesh || part.isBatchedMesh) part.dispose();
    for (const material of [part.material ?? []].flat()) materials.add(material);
  });
  for (const material of materials) {
    for (const value of Object.values(material)) {
      if (!value?.isTexture) continue;
      value.dispose();
      value.source?.data?.close?.();
    }
    material.dispose();
  }
}

/** @param {string} url @param {AbortSignal} signal @param {(part: number) => void} onProgress */
async function fetchBytes(url, signal, onProgress) {
  const answer = await fetch(url, { signal }).catch((error) => {
    if (signal.aborted) throw error;
    throw passing("The 3D model did not arrive: there is no connection.");
  });
  if (answer.status === 401 || answer.status === 403) throw new BrokenModel("Sign in again to see the 3D model.");
  if (answer.status === 404) throw new BrokenModel("The 3D model is no longer there.");
  if (!answer.ok) throw passing(`The 3D model did not arrive (error ${answer.status}).`);
  const size = Number(answer.headers.get("content-length"));
  // A packed answer's length is not that of what comes out.
  if (!answer.body || !size || answer.headers.get("content-encoding")) return answer.arrayBuffer();
  const parts = [];
  let come = 0;
  const reader = answer.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    come += part.value.length;
    onProgress(Math.min(come / size, 1));
  }
  return new Blob(parts).arrayBuffer();
}

/** @param {string} said */
function passing(said) {
  return Object.assign(new BrokenModel(said), { passes: true });
}

/** @param {ArrayBuffer} bytes @returns {Promise<Model>} */
async function read(bytes) {
  const gltf = await loader()
    .parseAsync(bytes, "")
    .catch((error) => {
      throw new BrokenModel("The 3D model's file cannot be read.", { cause: error });
    });
  const root = gltf.scene;
  const counted = prepare(root);
  const nodes = gltf.parser.json.nodes ?? [];
  const objects = nodes.filter((/** @type {any} */ node) => node.mesh !== undefined).length;
  return { root, box: new Box3().setFromObject(root), objects, clips: gltf.animations, ...counted };
}

function loader() {
  if (!draco) {
    // From blobs, so that they need no addresses of their own, and a page's policy can be narrow.
    const address = (/** @type {BlobPart} */ part) => URL.createObjectURL(new Blob([part]));
    draco = new DRACOLoader().setDecoderPath({ js: address(dracoText), wasm: address(dracoWasm) }).setWorkerLimit(2);
  }
  return new GLTFLoader(new LoadingManager()).setDRACOLoader(draco).setMeshoptDecoder(MeshoptDecoder);
}

/** Makes what was read fit for our light, and counts it. @param {import("three").Object3D} root */
function prepare(root) {
  let triangles = 0;
  const unwanted = [];
  root.traverse((/** @type {any} */ part) => {
    // Blender's lamps are made for its own renderer: on top of our light they bleach everything.
    if (part.isLight || part.isCamera) unwanted.push(part);
    if (!part.isMesh) return;
    part.castShadow = part.receiveShadow = true;
    if (!part.geometry.attributes.normal) part.geometry.computeVertexNormals();
    const corners = part.geometry.index?.count ?? part.geometry.attributes.position.count;
    triangles += Math.floor(corners / 3) * (part.isInstancedMesh ? part.count : 1);
  });
  for (const part of unwanted) {
    // It may carry children.
    part.dispose?.();
    if (part.children.length === 0) part.removeFromParent();
    else part.intensity = 0;
  }
  root.updateMatrixWorld(true);
  return { triangles };
}
