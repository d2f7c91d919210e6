import assert from "node:assert/strict";
import { programText, mustEnd } from "../processes.js";
import type { Scene } from "../scene.js";
import type { Suite } from "../suite.js";

/** A thread whose loop waits for ever. */
const WAIT_FOR_EVER = `
const { parentPort } = await import("node:worker_threads");
const loop = await open();
loop.async(() => {});
parentPort.postMessage("waiting");
loop.run();
`;

/** What a program needs to start such threads, and to count descriptors. */
const startsThreads = (scene: Scene): string => `
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
const THREAD = ${JSON.stringify(`(async () => {${programText(scene, WAIT_FOR_EVER)}})();`)};
const descriptors = () => readdirSync("/proc/self/fd").length;
function start() {
  const worker = new Worker(THREAD, { eval: true });
  const waiting = new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  return { worker, waiting };
}
`;

/** The ends of threads and processes that hold a loop: promise 38. */
export function endsChapter(suite: Suite): void {
  suite.describe("ends", () => {
    suite.it("a program that just ends, with a loop left open, ends cleanly", (scene) => {
      mustEnd(
        scene,
        `
        const loop = await open();
        loop.async(() => {});
        loop.timer(1000, () => {});
        loop.io(0, core.READ, () => {});
        loop.run("nowait");
        `,
      );
    });

    suite.it("process.exit() in a callback ends the process, with its code", (scene) => {
      mustEnd(
        scene,
        `
        const loop = await open();
        loop.async(() => {});
        loop.timer(5, () => process.exit(7));
        loop.run();
        `,
        7,
      );
    });

    suite.it("an error that leaves run() ends the process as any uncaught error does", (scene) => {
      const { stderr } = mustEnd(
        scene,
        `
        const loop = await open();
        loop.async(() => {});
        loop.timer(5, () => { throw new Error("of the test"); });
        loop.run();
        `,
        1,
      );
      assert.match(stderr, /^Error: of the test$/m);
    });

    suite.it("a thread terminated while its loop waits for ever ends, and leaves no descriptor", (scene) => {
      mustEnd(
        scene,
        `${startsThreads(scene)}
        const first = start();
        await first.waiting;
        await first.worker.terminate();
        const before = descriptors();
        for (let round = 0; round < 3; round++) {
          const { worker, waiting } = start();
          await waiting;
          // It says so just before it waits.
          await sleep(30);
          await worker.terminate();
        }
        const limit = Date.now() + PATIENCE;
        while (descriptors() > before && Date.now() < limit) await sleep(10);
        if (descriptors() > before) throw new Error(\`\${descriptors()} descriptors are open, \${before} were before\`);
        `,
      );
    });

    suite.it("threads terminated at any moment end", (scene) => {
      mustEnd(
        scene,
        `${startsThreads(scene)}
        const first = start();
        const ends = [first.waiting.then(() => first.worker.terminate())];
        for (let delay = 0; delay < 60; delay += 6) {
          const { worker, waiting } = start();
          waiting.catch(() => {});
          ends.push(sleep(delay).then(() => worker.terminate()));
        }
        await Promise.all(ends);
        `,
      );
    });

    suite.it("process.exit() ends a process whose threads wait for ever in their loops", (scene) => {
      mustEnd(
        scene,
        `${startsThreads(scene)}
        const threads = [start(), start()];
        for (const { waiting } of threads) await waiting;
        await sleep(30);
        process.exit(7);
        `,
        7,
      );
    });

    suite.it("loops left to the garbage collector give their descriptors back", (scene) => {
      const { stdout } = mustEnd(
        scene,
        `
        import { readdirSync } from "node:fs";
        import { setImmediate } from "node:timers/promises";
        const descriptors = () => readdirSync("/proc/self/fd").length;
        async function leave(count) {
          for (let made = 0; made < count; made++) {
            const loop = await open();
            loop.async(() => {});
            loop.timer(1, () => {});
            loop.run("nowait");
          }
        }
        // The first one may open what stays.
        (await open()).close();
        const before = descriptors();
        await leave(40);
        const limit = Date.now() + 3 * PATIENCE;
        while (descriptors() > before && Date.now() < limit) {
          gc();
          await setImmediate();
        }
        console.log(descriptors() - before);
        `,
        0,
        { options: ["--expose-gc"] },
      );
      const left = Number(stdout);
      assert.ok(
        left <= 0,
        `${String(left)} descriptors of 40 loops were still open, however much garbage was collected`,
      );
    });
  });
}
