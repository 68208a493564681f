// Brings the viewer into a Streamlit component; where it cannot be had, pictures stand there, and one sentence says why.
export default async (component) => {
  const { parentElement, data } = component;
  parentElement.querySelector(".p2m-pictures")?.remove();
  try {
    const viewer = data.script ? await import(new URL(data.script, document.baseURI).href) : null;
    if (viewer) return data.live ? follow(viewer, component) : viewer[data.mount](component);
  } catch (error) {
    console.error(error);
  }
  return showPictures(parentElement, data);
};

// What has come of the running job since Python gave a place its model, by place.
const newer = new WeakMap();

// Also shows what the painter of the running job (ui/studio/live.js) has of this project, without a rerun of the page.
function follow(viewer, component) {
  const { parentElement, data } = component;
  if (newer.get(parentElement)?.given !== data.model) newer.set(parentElement, { given: data.model });
  let end;
  const show = (come) => {
    if (come?.project === data.live) Object.assign(newer.get(parentElement), { come });
    const { come: known } = newer.get(parentElement);
    const now = known?.url ? { model: known.url, extent: known.extent } : {};
    end = viewer[data.mount]({ ...component, data: { ...data, ...now, picture: known?.picture || data.picture } });
  };
  const hear = ({ detail }) => show(detail);
  show(document.p2mLive);
  document.addEventListener("p2m:model", hear);
  return () => {
    document.removeEventListener("p2m:model", hear);
    end();
  };
}

function showPictures(parentElement, data) {
  const place = document.createElement("div");
  place.className = "p2m-pictures";
  place.style.cssText = "display:flex;flex-wrap:wrap;gap:8px;font-family:var(--st-font);color:var(--st-text-color)";
  for (const { address, label } of data.pictures) {
    const picture = document.createElement("img");
    Object.assign(picture, { src: new URL(address, document.baseURI).href, alt: `Picture of ${label}` });
    picture.style.cssText = "flex:1 1 280px;min-width:0;object-fit:contain;border-radius:var(--st-base-radius)";
    picture.style.maxHeight = `${data.height}px`;
    place.append(picture);
  }
  const why = document.createElement("p");
  why.style.cssText = "flex-basis:100%;margin:0";
  why.textContent = data.script
    ? "The 3D viewer did not arrive; reload the page to try again."
    : "This server has no 3D viewer; its administrator can bring it with scripts/setup_viewer.";
  place.append(why);
  parentElement.append(place);
  return () => place.remove();
}
