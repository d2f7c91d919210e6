import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { type Loop, READ } from "@polyloop/loop-core";
import { close, pipe, read } from "@polyloop/sys";
import { orThrow } from "../errors.js";
import { LineAssembler } from "../lines.js";
import type { EchoOptions } from "./options.js";

/** What the load client says, several times a second and once at its end. All of it is about the time since its start. */
export interface LoadReport {
  readonly seconds: number;
  readonly messages: number;
  /** Milliseconds from sending a message to having all of it back. */
  readonly p50: number;
  readonly p99: number;
  /** Connections that ended before their time, and what happened to the first of them. */
  readonly failed: number;
  readonly failure?: string | undefined;
}

export interface LoadHandlers {
  readonly onReport: (report: LoadReport) => void;
  /** The client has ended, well or not. */
  readonly onEnd: () => void;
}

/**
 * Starts the load client and reads its reports from a pipe. Node's own "exit" event cannot come while `run()` owns the
 * thread; the end of the pipe, an event of a descriptor like any other, can.
 *
 * @returns to be called after `run()`: waits for the client's exit code, or the signal that ended it.
 */
export function startLoad(
  loop: Loop,
  port: number,
  options: EchoOptions,
  handlers: LoadHandlers,
): () => Promise<number | string> {
  const ends = new Int32Array(2);
  orThrow("pipe", pipe(ends));
  const [reading = -1, writing = -1] = ends;

  const program = fileURLToPath(new URL("load-client.ts", import.meta.url));
  const { connections, size, seconds } = options;
  const child = spawn(
    process.execPath,
    [...process.execArgv, program, ...[port, connections, size, seconds].map(String)],
    {
      // The pipe becomes the client's descriptor 3. It must not read our terminal, but may write to it.
      stdio: ["ignore", "inherit", "inherit", writing],
      // The client takes the backend that this side got, which need not be the first one that was asked for.
      env: { ...process.env, POLYLOOP_BACKEND: loop.backend.name },
    },
  );
  // As long as this process held the end for writing, too, the pipe would never end.
  close(writing);

  const bytes = Buffer.alloc(4096);
  const lines = new LineAssembler();
  const watcher = loop.io(reading, READ, () => {
    const length = read(reading, bytes);
    if (length === -constants.errno.EAGAIN) return;
    if (length > 0) {
      for (const line of lines.push(bytes, length)) handlers.onReport(JSON.parse(line) as LoadReport);
      return;
    }
    watcher.stop();
    close(reading);
    handlers.onEnd();
  });

  return async () => {
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    return child.exitCode ?? child.signalCode ?? 1;
  };
}
