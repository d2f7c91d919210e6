import assert from "node:assert/strict";
import { FAILED, type Interest, PRIORITY, READ, WRITE } from "../../src/events.js";
import type { History } from "../histories/history.js";
import { INTERNET } from "../histories/internet.js";
import { OTHERS } from "../histories/others.js";
import { STREAMS } from "../histories/streams.js";
import { nodesOwnSet } from "../nodes-own-set.js";
import type { Scene } from "../scene.js";
import { skippedInPart } from "../skipped-in-part.js";
import { tellsTheTruth } from "../steady.js";
import type { Suite } from "../suite.js";

/** What can be wanted of a descriptor. */
const WITHOUT_PRIORITY = [READ, WRITE, READ | WRITE];
const WITH_PRIORITY = [0, ...WITHOUT_PRIORITY].map((interest) => interest | PRIORITY);

/** What a watcher is told of each kind of kernel object, in every state it can have, is what poll(2) says. */
export function readinessChapter(suite: Suite): void {
  suite.describe("readiness", () => {
    for (const { name, begin, leavesDescriptors } of [...STREAMS, ...INTERNET, ...OTHERS]) {
      suite.it(`tells of ${name} what poll(2) says, whatever of it is wanted and whatever happens to it`, (scene) => {
        if (leavesDescriptors !== undefined) scene.ignoreDescriptors(leavesDescriptors);
        followEach(scene, name, () => begin(scene.objects) ?? scene.skip(`there is no ${name} here`));
      });
    }

    suite.it(
      "tells of an epoll set what poll(2) says, whatever of it is wanted and whatever happens to it",
      async (scene) => {
        const set = await nodesOwnSet(scene);
        followEach(scene, "an epoll set", () => set);
      },
    );

    suite.it("fails a descriptor that is open and cannot be polled (O_PATH) with EBADF", (scene) => {
      const journal = scene.watch(scene.objects.pathOnly(), READ | WRITE);
      scene.turns(3);
      assert.deepEqual(journal.calls, [FAILED | READ | WRITE]);
      assert.equal(journal.watcher.error?.code, "EBADF");
      assert.equal(journal.watcher.active, false);
    });
  });
}

/** Follows an object of its own for each interest. */
function followEach(scene: Scene, name: string, begin: () => History): void {
  for (const interest of WITHOUT_PRIORITY) follow(scene, begin(), interest);
  if (scene.backend.supports.priority) for (const interest of WITH_PRIORITY) follow(scene, begin(), interest);
  else skippedInPart(`PRIORITY of ${name}`, "the backend does not claim priority");
  scene.loop.verify();
}

/** One watcher from the beginning to the end, and in each state one that comes late. */
function follow(scene: Scene, { fd, steps }: History, interest: Interest): void {
  const journal = scene.watch(fd, interest);
  let told = tellsTheTruth(scene, journal, "at first");
  for (const [what, happen] of steps) {
    happen();
    told = tellsTheTruth(scene, journal, `after ${what}`, told);
    journal.watcher.stop();
    journal.watcher.start();
    tellsTheTruth(scene, journal, `after ${what}, stopped and started again`);
  }
  journal.watcher.stop();
}
