// The files of what was dropped or chosen, those in folders too.

const IMAGE = /\.(jpe?g|png|webp|gif|bmp|tiff?|avif|heic|heif)$/i;

function entriesOf(reader) {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const files = [];
  const reader = entry.createReader();
  // It returns at most a hundred at a time.
  for (let entries = await entriesOf(reader); entries.length; entries = await entriesOf(reader)) {
    for (const inner of entries) files.push(...(await filesOf(inner)));
  }
  return files;
}

/** Return all files of a drop. Call it in the event's own handler: later the items are gone. */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

/** Split files into images that may be sent, and sentences about the others. */
export function chooseImages(files, maxBytes) {
  const images = [];
  const notes = [];
  const others = [];
  for (const file of files) {
    if (!file.type.startsWith("image/") && !IMAGE.test(file.name)) others.push(file.name);
    else if (file.size > maxBytes) notes.push(`${file.name} is left out: it has more than ${Math.floor(maxBytes / 2 ** 20)} MB.`);
    else images.push(file);
  }
  if (others.length === 1) notes.push(`${others[0]} is no image, and left out.`);
  else if (others.length) notes.push(`${others.length} files are no images, and left out: ${others.slice(0, 3).join(", ")}${others.length > 3 ? " …" : ""}`);
  return [images.sort(byPath), notes];
}

// Browsers list folders in any order.
function byPath(one, other) {
  const path = (file) => file.webkitRelativePath || file.name;
  return path(one).localeCompare(path(other), undefined, { numeric: true });
}
