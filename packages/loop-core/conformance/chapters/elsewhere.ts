import { mustEnd, programText } from "../processes.js";
import type { Scene } from "../scene.js";
import type { Suite } from "../suite.js";

/**
 * What each thread does. In every round some of its pipes are filled, one byte each, and each of these must be told, and no
 * other: a mix-up of the threads' answers shows as an empty pipe that is told, or as a turn that does not tell of all that is
 * ready. Half of the pipes are watched only while they are filled, so that changes could be mixed up, too.
 */
const THREAD = `
const { parentPort, workerData } = await import("node:worker_threads");
const sys = await ofTheKit("@polyloop/sys");
const { words, threads } = workerData;
const ARRIVED = 0;
const loop = await open();
let late = false;
// A loop that misses what was written would wait for ever.
const guard = loop.timer(PATIENCE, () => { late = true; });

const byte = new Uint8Array(1);
const pipes = Array.from({ length: 8 }, (_, number) => {
  const ends = new Int32Array(2);
  if (sys.pipe(ends) < 0) throw new Error("no pipe could be made");
  return { number, reader: ends[0], writer: ends[1], sent: -1, watcher: undefined };
});
let unread = 0;
function told(pipe, events) {
  if (events !== core.READ) throw new Error(\`pipe \${pipe.number} is only readable, told was \${core.describeEvents(events)}\`);
  byte[0] = 0;
  const count = sys.read(pipe.reader, byte);
  if (count !== 1) throw new Error(\`pipe \${pipe.number} is empty, and was told to be readable\`);
  if (byte[0] !== pipe.sent) throw new Error(\`pipe \${pipe.number} had \${byte[0]} in it, not \${pipe.sent}\`);
  pipe.sent = -1;
  unread--;
}
function watch(pipe) {
  pipe.watcher?.stop();
  pipe.watcher = loop.io(pipe.reader, core.READ, (_watcher, events) => told(pipe, events));
}
for (const pipe of pipes) watch(pipe);

// All begin together, so that they are in each other's way if they can be.
Atomics.add(words, ARRIVED, 1);
Atomics.notify(words, ARRIVED);
for (let here; (here = Atomics.load(words, ARRIVED)) < threads; ) Atomics.wait(words, ARRIVED, here);

const begin = performance.now();
let round = 0;
for (; round < 200 || performance.now() - begin < 700; round++) {
  guard.stop();
  guard.start();
  for (const pipe of pipes) {
    if ((pipe.number * 5 + round * 3) % 8 > 2) {
      if (pipe.number % 2 === 1) pipe.watcher.stop();
      continue;
    }
    watch(pipe);
    byte[0] = pipe.sent = (pipe.number * 31 + round) % 256;
    if (sys.write(pipe.writer, byte) !== 1) throw new Error("nothing could be written to a pipe");
    unread++;
  }
  while (unread > 0) {
    loop.run("once");
    if (late) throw new Error(\`in round \${round} \${unread} pipes had something in them and were not told\`);
  }
}
loop.close();
for (const { reader, writer } of pipes) {
  sys.close(reader);
  sys.close(writer);
}
parentPort.postMessage("right");
`;

/** One thread, which must be right by itself, and then two at once. */
const inThreads = (scene: Scene): string => `
import { Worker } from "node:worker_threads";
const THREAD = ${JSON.stringify(`(async () => {${programText(scene, THREAD)}})();`)};
function lead(threads) {
  const workerData = { words: new Int32Array(new SharedArrayBuffer(4)), threads };
  return Promise.all(Array.from({ length: threads }, () => new Promise((resolve, reject) => {
    new Worker(THREAD, { eval: true, workerData }).once("message", resolve).once("error", (error) => {
      // The others may wait for this one.
      console.error(\`one of \${threads} threads: \${error.message}\`);
      process.exit(1);
    });
  })));
}
await lead(1);
await lead(2);
`;

/** What only a process of its own can show: descriptor 0, which is somebody else's here, and threads. */
export function elsewhereChapter(suite: Suite): void {
  suite.describe("in other processes and threads", () => {
    suite.it(
      "descriptor 0 is a descriptor like any other: what comes by standard input is told, and its end",
      (scene) => {
        mustEnd(
          scene,
          `
        const sys = await ofTheKit("@polyloop/sys");
        const loop = await open();
        const bytes = new Uint8Array(64);
        let text = "";
        let ended = false;
        loop.io(0, core.READ, (watcher, events) => {
          if ((events & core.READ) === 0) throw new Error("told was " + core.describeEvents(events));
          const count = sys.read(0, bytes);
          if (count > 0) text += Buffer.from(bytes.subarray(0, count)).toString();
          if (count === 0) {
            ended = true;
            watcher.stop();
          }
        });
        loop.timer(PATIENCE, () => loop.break("all"), { ref: false });
        loop.run();
        if (text !== "said to descriptor 0") throw new Error("of standard input was told in vain: " + JSON.stringify(text));
        if (!ended) throw new Error("the end of standard input was not told");
        `,
          0,
          { input: "said to descriptor 0" },
        );
      },
    );

    suite.it("loops in two threads at once are told of all that is theirs and of nothing else", (scene) => {
      mustEnd(scene, inThreads(scene));
    });
  });
}
