import { mustEnd } from "../processes.js";
import type { Suite } from "../suite.js";

/** What both programs measure with. Each takes what it can in TIME milliseconds, because some kernels are slow with lives. */
const MEASURES = `
import { setImmediate } from "node:timers/promises";
const sys = await ofTheKit("@polyloop/sys");
const TIME = Math.min(2000, PATIENCE / 5);
const now = () => performance.now();
// Of "external" the memory of array buffers is a part.
const used = ({ heapUsed, external }) => heapUsed + external;
/** The least of some measurements: what is finalized later than it is collected may take Node some turns. */
async function settled() {
  let least = { bytes: Infinity, rss: Infinity };
  for (let attempt = 0; attempt < 10; attempt++) {
    gc();
    await setImmediate();
    const usage = process.memoryUsage();
    least = { bytes: Math.min(least.bytes, used(usage)), rss: Math.min(least.rss, usage.rss) };
  }
  return least;
}
function mustNotGrow(what, before, after, limit) {
  const grown = after - before;
  if (grown > limit) throw new Error(\`\${what} grew by \${grown} bytes, the limit is \${Math.round(limit)}\`);
}
`;

const LIVES = `${MEASURES}
const ready = sys.eventfd(1);
async function live() {
  const loop = await open();
  const wake = loop.async(() => {});
  loop.io(ready, core.READ, () => {});
  loop.io(ready, core.WRITE, () => {});
  loop.timer(0, () => {});
  wake.send();
  loop.run("nowait");
  loop.close();
}
let lives = 0;
for (const begin = now(); lives < 100 || now() - begin < TIME; lives++) await live();
const before = await settled();
for (let life = 0; life < lives; life++) await live();
const after = await settled();
mustNotGrow(\`with \${lives} lives what JavaScript holds\`, before.bytes, after.bytes, lives * 1000 + 2e6);
if (process.env.POLYLOOP_ASAN === undefined) {
  mustNotGrow(\`with \${lives} lives the process (RSS)\`, before.rss, after.rss, lives * 20_000 + 40e6);
}
`;

const TURNS = `${MEASURES}
const loop = await open();
const ready = sys.eventfd(1);
let told = 0;
loop.io(ready, core.READ, () => { told++; });
// Without an answer to hand on nothing would be measured.
function turn() {
  for (const until = now() + PATIENCE, before = told; told === before; ) {
    loop.run("nowait");
    if (now() > until) throw new Error("what is ready was not told");
  }
}
let turns = 0;
for (const begin = now(); turns < 1000 || (turns < 20_000 && now() - begin < TIME); turns++) turn();
const before = await settled();
for (let done = 0; done < turns; done++) turn();
const after = await settled();
mustNotGrow(\`with \${turns} turns what JavaScript holds\`, before.bytes, after.bytes, 1e6);
loop.close();
`;

/** What is garbage after many lives and after many turns: promise 35. */
export function memoryChapter(suite: Suite): void {
  const start = { options: ["--expose-gc"] };
  suite.describe("memory", () => {
    suite.it("is given back by every loop that was closed", (scene) => {
      mustEnd(scene, LIVES, 0, start);
      if (process.env["POLYLOOP_ASAN"] !== undefined) {
        process.stderr.write("skipped: the size of the process, because AddressSanitizer keeps freed memory\n");
      }
    });

    suite.it("does not grow with the turns of one loop that always has something to tell", (scene) => {
      mustEnd(scene, TURNS, 0, start);
    });
  });
}
