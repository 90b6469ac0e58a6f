/*
 * Predicts rows for mlp-edge: node rows.mjs MODEL.mjs. On standard input a count (uint32) and so
 * many rows of readings (float32), over and over; on standard output their predictions (float32).
 */
import { readSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const model = await import(pathToFileURL(process.argv[2]).href);

/* So many bytes of standard input; null at its end. */
function take(size) {
  const bytes = new Uint8Array(size);
  for (let have = 0; have < size; ) {
    const count = readSync(0, bytes, have, size - have, null);
    if (count === 0) {
      return null;
    }
    have += count;
  }
  return bytes;
}

function give(bytes) {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(1, bytes, done, bytes.length - done);
  }
}

for (let head = take(4); head !== null; head = take(4)) {
  const [count] = new Uint32Array(head.buffer);
  const rows = new Float32Array(take(4 * count * model.INPUTS).buffer);
  const predictions = new Float32Array(count * model.OUTPUTS);
  for (let row = 0; row < count; row++) {
    const readings = rows.subarray(row * model.INPUTS, (row + 1) * model.INPUTS);
    predictions.set(model.predict(readings), row * model.OUTPUTS);
  }
  give(new Uint8Array(predictions.buffer));
}
