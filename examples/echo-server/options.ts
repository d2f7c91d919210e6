import { parseArgs } from "node:util";
import { descriptorLimit } from "@polyloop/sys";

export interface EchoOptions {
  readonly seconds: number;
  readonly connections: number;
  /** Bytes of a message. */
  readonly size: number;
}

const USAGE = "echo-server [--seconds 4] [--connections 50] [--size 64]";

/** Reads the command line; ends the program with a sentence if that makes no sense. */
export function readOptions(): EchoOptions {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "4" },
        connections: { type: "string", default: "50" },
        size: { type: "string", default: "64" },
      },
    });
    const seconds = Number(values.seconds);
    if (!(seconds > 0 && seconds <= 86_400))
      throw new Error(`--seconds takes a number up to 86400, not "${values.seconds}"`);
    // The load client is a process of its own, with a limit of its own; each needs a few descriptors besides.
    const most = descriptorLimit() - 64;
    return {
      seconds,
      connections: integer("connections", values.connections, most, "what RLIMIT_NOFILE allows, see ulimit -n"),
      size: integer("size", values.size, 16 * 1024 * 1024),
    };
  } catch (error) {
    console.error(`${(error as Error).message}\nUsage: ${USAGE}`);
    process.exit(2);
  }
}

function integer(name: string, text: string, most: number, why = ""): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  const reason = why === "" ? "" : ` (${why})`;
  throw new Error(`--${name} takes an integer from 1 to ${String(most)}${reason}, not "${text}"`);
}
