// What was dropped or pasted: files, and the pictures in folders.

// All entries of a folder, which come some at a time.
async function entriesOf(folder) {
  const reader = folder.createReader(), all = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return all.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    all.push(...some);
  }
}

async function inside(entry) {
  if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
  const all = [];
  for (const e of await entriesOf(entry)) all.push(...await inside(e));
  return all;
}

/** Whether a file is one of those that a picker's accept asks for, such as "image/*,.tif". */
export function accepts(accept, file) {
  return accept.split(",").some((a) => (a.startsWith(".") ? file.name.toLowerCase().endsWith(a) : file.type.startsWith(a.replace("*", ""))));
}

/** Whether files came, which can be told at once. */
export const hasFiles = (/** @type {DataTransfer | null} */ data) => [...data?.items ?? []].some((item) => item.kind === "file");

/**
 * The files of a drop or paste; of folders, those inside them that accept allows, in the order of their names. failed is how many folders cannot be read. It must be
 * called while the event is handled.
 * @param {DataTransfer | null} data
 * @returns {Promise<{files: File[], failed: number}>}
 */
export async function dropped(data, accept) {
  const items = [...data?.items ?? []].filter((item) => item.kind === "file");
  const taken = items.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() })); // before the event is over
  const lists = await Promise.allSettled(taken.map(async ({ entry, file }) => {
    if (entry?.isDirectory) return (await inside(entry)).filter((f) => accepts(accept, f));
    return file ? [file] : [];
  }));
  return { files: lists.flatMap((list) => list.value ?? []), failed: lists.filter((list) => list.status === "rejected").length };
}
