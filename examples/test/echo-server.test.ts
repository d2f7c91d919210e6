import { Buffer } from "node:buffer";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { epoll } from "@polyloop/backend-epoll";
import { Loop, READ } from "@polyloop/loop-core";
import { close, openpty, read } from "@polyloop/sys";
import { commandLine, environment, examples, runExample } from "./support.js";

const PROGRAM = "echo-server/main.ts";
const SHORT = ["--seconds", "1.2", "--connections", "5"];
const UNAVAILABLE = ["./test/fixtures/unavailable-backends.ts"];

describe("the echo server example", () => {
  it("prints plain lines and a total when its output is no terminal", async () => {
    const { code, stdout, stderr } = await runExample(PROGRAM, SHORT);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^backend {6}epoll \(package\.json asks for epoll\)\nlistening {4}127\.0\.0\.1:\d+\n/);
    expect(stdout).toMatch(
      /\n\d\.\d s {3}\d+ connections {3}[\d,]+ messages\/s {3}p50 \d+\.\d{3} ms {3}p99 \d+\.\d{3} ms\n/,
    );
    expect(stdout).toMatch(/\ntotal {8}[1-9][\d,]* messages over 5 connections in \d+\.\d s\n/);
    expect(stdout).not.toContain("\u001b");
    expect(code).toBe(0);
  });

  it("echoes messages that are larger than all buffers on the way", async () => {
    const { code, stdout, stderr } = await runExample(PROGRAM, [
      "--seconds",
      "1",
      "--connections",
      "3",
      "--size",
      "9000000",
    ]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/\ntotal {8}[1-9]/);
    expect(code).toBe(0);
  });

  it("redraws its figures in place on a terminal", async () => {
    const { code, output } = await runOnTerminal(SHORT);
    expect(output).toContain("connections  5");
    expect(output).toContain("\u001b[");
    expect(output).toMatch(/total {8}[1-9]/);
    // A hidden cursor would mean a SIGINT handler, and that Ctrl-C waits for the end of run().
    expect(output).not.toContain("\u001b[?25l");
    expect(code).toBe(0);
  });

  it("takes the backend that POLYLOOP_BACKEND names and says so", async () => {
    const { code, stdout } = await runExample(PROGRAM, SHORT, { env: { POLYLOOP_BACKEND: "epoll" } });
    expect(stdout).toContain("backend      epoll (POLYLOOP_BACKEND asks for epoll)\n");
    expect(code).toBe(0);
  });

  it("says what to do about a backend that does not exist, without a stack trace", async () => {
    const { code, stdout, stderr } = await runExample(PROGRAM, SHORT, { env: { POLYLOOP_BACKEND: "carrier-pigeon" } });
    expect(stdout).toBe("");
    expect(stderr).toContain('there is no backend "carrier-pigeon" (asked for by POLYLOOP_BACKEND');
    expect(stderr).toContain("epoll");
    expect(stderr).toContain("install the package @polyloop/backend-carrier-pigeon");
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(1);
  });

  it("runs on the fallback of a backend that cannot run here and says why", async () => {
    const { code, stdout } = await runExample(PROGRAM, SHORT, {
      env: { POLYLOOP_BACKEND: "broken" },
      imports: UNAVAILABLE,
    });
    expect(stdout).toContain("backend      epoll (POLYLOOP_BACKEND asks for broken)\n");
    expect(stdout).toContain("not used     broken: the kernel says no (ENOSYS). Ask it nicely\n");
    expect(code).toBe(0);
  });

  it("ends with the reason and the remedy when no backend can run here", async () => {
    const { code, stdout, stderr } = await runExample(PROGRAM, SHORT, {
      env: { POLYLOOP_BACKEND: "hopeless" },
      imports: UNAVAILABLE,
    });
    expect(stdout).toBe("");
    expect(stderr).toContain("no backend can run here (hopeless: the kernel says no). Ask it nicely");
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(1);
  });

  it.each([
    [["--seconds", "soon"], '--seconds takes a number up to 86400, not "soon"'],
    [["--connections", "0"], "--connections takes an integer from 1 to "],
    [["--connections", "1000000000"], "see ulimit -n"],
    [["--colour"], "--colour"],
  ])("refuses %j with one sentence and its usage", async (args, sentence) => {
    const { code, stderr } = await runExample(PROGRAM, args);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain("Usage: ");
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(2);
  });
});

/** Runs the example on a pseudo-terminal of 24 lines; a loop reads the other end until the program has gone. */
async function runOnTerminal(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  const ends = new Int32Array(2);
  expect(openpty(ends)).toBe(0);
  const [master = -1, slave = -1] = ends;
  spawnSync("stty", ["-F", readlinkSync(`/proc/self/fd/${String(slave)}`), "cols", "80", "rows", "24"]);
  const child = spawn(process.execPath, commandLine(PROGRAM, args), {
    cwd: examples,
    env: environment(),
    stdio: ["ignore", slave, slave],
  });
  const exit = once(child, "exit");
  close(slave);

  const pieces: Buffer[] = [];
  using loop = new Loop({ backend: epoll() });
  loop.io(master, READ, (watcher) => {
    const bytes = Buffer.alloc(4096);
    const length = read(master, bytes);
    if (length > 0) pieces.push(bytes.subarray(0, length));
    else watcher.stop();
  });
  loop.run();
  close(master);
  await exit;
  return { code: child.exitCode, output: Buffer.concat(pieces).toString() };
}
