/**
 * `npm run test:faults`: the tests that take something away from the real kernel: they change settings of the whole system,
 * so they need root and are no part of `npm test`. Whatever becomes of them, the settings are put back.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const SETTINGS = ["fs/aio-max-nr", "kernel/io_uring_disabled"].map((name) => join("/proc/sys", name));

const before = new Map(SETTINGS.filter(existsSync).map((path) => [path, readFileSync(path, "utf8").trim()]));

function restore() {
  for (const [path, value] of before) {
    if (readFileSync(path, "utf8").trim() === value) continue;
    writeFileSync(path, value);
    console.error(`${path} had been left changed, and is ${value} again.`);
  }
}

const child = spawn(
  process.execPath,
  [
    join(root, "node_modules/jest/bin/jest.js"),
    "--config",
    "jest.faults.config.mjs",
    "--runInBand",
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: "inherit" },
);
let received;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    received = signal;
    child.kill(signal);
  });
}
// Not before: as long as it runs it may change them again.
child.once("close", (status) => {
  restore();
  process.exit(received === undefined ? (status ?? 1) : 128 + constants.signals[received]);
});
