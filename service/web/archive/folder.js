/** Dropped or picked folders → files with their paths below the folder. */

const PHOTO = /\.(jpe?g|png|webp|tiff?|avif)$/i;

/** Calls `take({title, photos: [{name, file}]})` for each folder, or set of files, that comes in. */
export function listenForFolders(input, button, take) {
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const files = [...input.files].map((file) => ({
      name: file.webkitRelativePath || file.name,
      file,
    }));
    input.value = ""; // Or the same folder could not be picked twice.
    take(named(files));
  });
  const mark = (on) => document.body.classList.toggle("dropping", on);
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || mark(false));
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    mark(false);
    // Entries are gone once the event is over: all are asked for before the first wait.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
    const loose = [...event.dataTransfer.files];
    const found = await Promise.all(entries.filter(Boolean).map((entry) => below(entry, "")));
    const files = found.flat();
    take(named(files.length ? files : loose.map((file) => ({ name: file.name, file }))));
  });
}

/** The common first folder becomes the job's title, and leaves the names. */
function named(files) {
  const photos = files.filter(({ name }) => PHOTO.test(name));
  const first = photos[0]?.name.split("/")[0];
  const common = photos.length && photos.every(({ name }) => name.startsWith(`${first}/`));
  if (!common) return { title: "", photos };
  return {
    title: first,
    photos: photos.map(({ name, file }) => ({ name: name.slice(first.length + 1), file })),
  };
}

async function below(entry, path) {
  const name = path + entry.name;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ name, file }];
  }
  const reader = entry.createReader();
  const children = [];
  for (;;) {
    // A reader gives a hundred entries at a time.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    children.push(...some);
  }
  return (await Promise.all(children.map((child) => below(child, `${name}/`)))).flat();
}
