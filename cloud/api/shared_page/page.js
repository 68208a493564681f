// Puts a 3D model that can be turned in the place of the picture, where the browser can draw one.

const POLL_MS = 4000;
const POLLS_AT_MOST = 300;

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

async function bringModel() {
  say("Loading the 3D model…");
  const { createViewer } = await import(viewerAddress);
  const host = document.createElement("div");
  host.className = "model";
  stage.append(host);
  const viewer = createViewer(host, { title });
  const picture = document.getElementById("picture");
  if (picture.tagName === "IMG") viewer.setPicture(picture.src);
  if (!(await viewer.show(`${root}/model.glb`))) {
    viewer.dispose();
    host.remove();
    throw new Error("the model could not be drawn");
  }
  toggle.hidden = picture.tagName !== "IMG";
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
