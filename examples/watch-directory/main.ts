/**
 * Tells what happens in a directory: inotify(7) is a descriptor, so an io watcher is all it takes.
 *
 *     npx tsx watch-directory/main.ts             plays with files in a temporary directory
 *     npx tsx watch-directory/main.ts ~/notes     watches that one, until you press Enter
 */
import { Buffer } from "node:buffer";
import { constants } from "node:os";
import { createLoop, type IoWatcher, READ } from "@polyloop/loop-core";
import { close, inotifyAddWatch, inotifyInit, read } from "@polyloop/sys";
import { orThrow, refuse } from "../errors.js";
import { Changes } from "./changes.js";
import * as inotify from "./inotify.js";
import { playInDirectory } from "./play.js";

const { IN_CLOSE_WRITE, IN_CREATE, IN_DELETE, IN_IGNORED, IN_MOVED_FROM, IN_MOVED_TO } = inotify;
const { EAGAIN } = constants.errno;
const STDIN = 0;

const loop = await createLoop().catch(refuse);
const [given] = process.argv.slice(2);
const directory = given ?? playInDirectory(loop);

const fd = orThrow("inotifyInit", inotifyInit());
const events = IN_CREATE | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
try {
  orThrow(`watching ${directory}`, inotifyAddWatch(fd, directory, events));
} catch (error) {
  refuse(error);
}
console.log(`watching ${directory} on ${loop.backend.name}`);

const changes = new Changes(loop, (what, name) => {
  console.log(what.padEnd(12), name);
});

// Large enough for many events, and for one with the longest name there can be (255 bytes) in any case.
const buffer = new Uint32Array(4096);

const watcher = loop.io(fd, READ, () => {
  // One read a turn: if there is more, the loop says so again.
  const length = read(fd, buffer);
  if (length === -EAGAIN) return;
  for (const event of inotify.inotifyEvents(buffer, orThrow("read", length))) {
    changes.add(event);
    // The directory itself is gone, and the watch with it.
    if ((event.mask & IN_IGNORED) !== 0) finish();
  }
});

// Standard input is a descriptor like any other. Never touch `process.stdin` beside it: that would read it behind our back.
const stdin: IoWatcher | undefined =
  given === undefined
    ? undefined
    : loop.io(STDIN, READ, () => {
        // A line or the end, or an error: whatever it is, it ends the program. It may be a blocking descriptor, shared with the
        // shell, so it is read once and only because it is ready.
        read(STDIN, Buffer.alloc(1024));
        finish();
      });

function finish(): void {
  watcher.stop();
  stdin?.stop();
  close(fd);
}

// Returns when nothing is left to watch.
loop.run();
loop.close();
