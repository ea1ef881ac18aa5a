/** A body of server-sent events → its events, one by one (the format of the HTML standard). */

/** Yields {event, data, id} for every event with data; comments and other fields are skipped. */
export async function* events(body) {
  let rest = "";
  for await (const chunk of chunks(body.pipeThrough(new TextDecoderStream()))) {
    // A lone \r at the end may be half of \r\n: it waits for the next chunk.
    const text = (rest + chunk).replace(/\r\n|\r(?!$)/g, "\n");
    const blocks = text.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const found = parse(block);
      if (found) yield found;
    }
  }
}

/** Streams are not async-iterable in every browser yet. */
async function* chunks(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function parse(block) {
  const found = { event: "message", id: null };
  const data = [];
  for (const line of block.split("\n")) {
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (field === "event" || field === "id") found[field] = value;
    if (field === "data") data.push(value);
  }
  return data.length ? { ...found, data: data.join("\n") } : null;
}
