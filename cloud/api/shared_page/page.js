// Puts a 3D model that can be turned in the place of the picture, where the browser can draw one.

const POLL_MS = 4000;
const POLLS_AT_MOST = 300;
const LIGHTS = "KHR_lights_punctual";

const stage = document.getElementById("stage");
const note = document.getElementById("note");
const toggle = document.getElementById("toggle");
const { root, viewer: viewerAddress, title } = stage.dataset;

function say(text) {
  note.textContent = text;
}

function canDraw() {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** True once the model is there; false: there will be none. */
async function isMade() {
  say("The 3D model is being made…");
  for (let poll = 0; poll < POLLS_AT_MOST; poll += 1) {
    await pause(POLL_MS);
    const answer = await fetch(root).catch(() => null);
    if (answer?.status === 404) return false;
    if (!answer?.ok) continue;
    const shown = await answer.json();
    if (shown.pictures.length > 0) showPicture(shown.pictures[0].url);
    if (shown.model_state !== "preparing") return shown.model_state === "ready";
  }
  return false;
}

/** The picture, if the page had none when it was loaded. */
function showPicture(address) {
  const empty = document.getElementById("picture");
  if (empty.tagName === "IMG") return;
  const picture = document.createElement("img");
  picture.id = "picture";
  picture.src = address;
  picture.alt = `Picture of ${title}`;
  empty.replaceWith(picture);
}

function show(turns) {
  stage.classList.toggle("turns", turns);
  toggle.textContent = turns ? "Show the picture" : "Show it in 3D";
  say(turns ? "Drag to turn it, scroll or pinch to come closer." : "");
}

/**
 * A .glb without its lights: Blender's are made for its own renderer, and drawn here on top of the viewer's own even
 * light they bleach everything. Parts of the file: 12 bytes of header, then pieces, of which the first is JSON.
 */
function withoutLights(buffer) {
  const words = new DataView(buffer);
  const end = 20 + words.getUint32(12, true);
  const scene = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, end - 20)));
  for (const holder of [scene, ...(scene.nodes ?? [])]) delete holder.extensions?.[LIGHTS];
  for (const list of ["extensionsUsed", "extensionsRequired"]) {
    if (scene[list]) scene[list] = scene[list].filter((name) => name !== LIGHTS);
    if (scene[list]?.length === 0) delete scene[list];
  }
  const text = new TextEncoder().encode(JSON.stringify(scene));
  const json = new Uint8Array(Math.ceil(text.length / 4) * 4).fill(0x20);
  json.set(text);
  const rest = buffer.slice(end);
  const head = new DataView(new ArrayBuffer(20));
  head.setUint32(0, words.getUint32(0, true), true);
  head.setUint32(4, words.getUint32(4, true), true);
  head.setUint32(8, 20 + json.length + rest.byteLength, true);
  head.setUint32(12, json.length, true);
  head.setUint32(16, words.getUint32(16, true), true);
  return new Blob([head, json, rest], { type: "model/gltf-binary" });
}

async function fetchModel() {
  const answer = await fetch(`${root}/model.glb`);
  if (!answer.ok) throw new Error(`the model's file: ${answer.status}`);
  return URL.createObjectURL(withoutLights(await answer.arrayBuffer()));
}

async function bringModel() {
  say("Loading the 3D model…");
  const [address] = await Promise.all([fetchModel(), import(viewerAddress)]);
  const model = document.createElement("model-viewer");
  const attributes = {
    "src": address,
    "alt": `3D model of ${title}`,
    "camera-controls": "",
    "camera-orbit": "30deg 70deg auto",
    "interaction-prompt": "none",
    "shadow-intensity": "0.7",
    "touch-action": "pan-y",
  };
  for (const [name, value] of Object.entries(attributes)) model.setAttribute(name, value);
  await new Promise((resolve, reject) => {
    model.addEventListener("load", resolve, { once: true });
    model.addEventListener("error", () => reject(new Error("the model could not be drawn")), { once: true });
    stage.append(model);
  }).catch((error) => {
    model.remove();
    throw error;
  }).finally(() => URL.revokeObjectURL(address));
  toggle.hidden = document.getElementById("picture").tagName !== "IMG";
  toggle.addEventListener("click", () => show(!stage.classList.contains("turns")));
  show(true);
}

async function begin() {
  if (!canDraw()) {
    say("This browser draws no 3D (WebGL); here is the picture.");
    return;
  }
  if (stage.dataset.state === "preparing" && !(await isMade())) {
    say("There is no 3D model of this scene.");
    return;
  }
  try {
    await bringModel();
  } catch (error) {
    console.error(error);
    say("The 3D model could not be shown; here is the picture.");
  }
}

begin();
