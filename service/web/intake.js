/** Ways a photo comes in: dropped anywhere, pasted, or picked. */

import { part } from "./element.js";

/** Calls `take(files)` with a non-empty list of files. */
export function listenForPhotos(take) {
  const offer = (files) => files.length && take([...files]);
  const file = part("file");
  const pick = () => file.click();
  part("choose").addEventListener("click", pick);
  part("replace").addEventListener("click", pick);
  file.addEventListener("change", () => {
    offer(file.files);
    file.value = ""; // Or the same file could not be picked twice.
  });
  document.addEventListener("paste", (event) => offer(event.clipboardData.files));
  listenForDrops(offer);
}

function listenForDrops(offer) {
  const mark = (on) => document.body.classList.toggle("dropping", on);
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault(); // Or the browser would leave the page to open the photo.
    mark(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || mark(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    offer(event.dataTransfer.files);
  });
}
