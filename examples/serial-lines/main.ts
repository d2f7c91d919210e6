/**
 * Reads lines from a serial device and notices when it falls silent or is unplugged.
 *
 *     npx tsx serial-lines/main.ts                        plays a GPS receiver on a pseudo-terminal
 *     npx tsx serial-lines/main.ts /dev/ttyUSB0 9600      a real one, and its speed
 */
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { closeSync, constants as flags, openSync } from "node:fs";
import { constants } from "node:os";
import { createLoop, describeEvents, FAILED, READ } from "@polyloop/loop-core";
import { errnoName, read } from "@polyloop/sys";
import { refuse } from "../errors.js";
import { LineAssembler } from "../lines.js";
import { playDevice } from "./device.js";

const { EAGAIN } = constants.errno;

const loop = await createLoop().catch(refuse);
const [given, speed = "9600"] = process.argv.slice(2);
const path = given ?? playDevice(loop);
const patience = given === undefined ? 300 : 2000;

const fd = openDevice();
console.log(`reading ${path} on ${loop.backend.name}`);

const bytes = Buffer.alloc(256);
const lines = new LineAssembler();

loop.io(fd, READ, (watcher, events) => {
  const length = (events & FAILED) === 0 ? read(fd, bytes) : 0;
  if (length === -EAGAIN) return;
  if (length > 0) {
    silence.again();
    for (const line of lines.push(bytes, length)) console.log(`line         ${line}`);
    return;
  }
  // Unplugged, or the other end of the pseudo-terminal is closed: HANGUP comes with READ, and read finds the end or EIO.
  console.log(`gone         ${describeEvents(events)}, read: ${length === 0 ? "end" : errnoName(length)}`);
  silence.stop();
  // Stop, then close.
  watcher.stop();
  closeSync(fd);
});

// Made, but not started: again() starts it with `repeat`, and from then on each piece pushes the expiry ahead. That is cheaper
// and simpler than a new timer for each piece.
const silence = loop.timer(
  0,
  (timer) => {
    console.log(`silent       for ${String(patience)} ms`);
    // Once is enough; the next piece starts it again.
    timer.stop();
  },
  { repeat: patience, start: false },
);
silence.again();

function openDevice(): number {
  try {
    // O_NONBLOCK also keeps open() from waiting for a modem's carrier; O_NOCTTY keeps a hang-up of the line from ending us.
    const opened = openSync(path, flags.O_RDWR | flags.O_NONBLOCK | flags.O_NOCTTY);
    // Raw: what arrives is ours at once and unchanged, not a line at a time and echoed. If stty refuses, it says why.
    const { status } = spawnSync("stty", ["-F", path, "raw", "-echo", speed], { stdio: "inherit" });
    if (status !== 0) process.exit(1);
    return opened;
  } catch (error) {
    refuse(error);
  }
}

// Returns when the device is gone: then nothing is watched any more.
loop.run();
loop.close();
