import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const examples = fileURLToPath(new URL("..", import.meta.url));

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Modules to import before the example. */
  readonly imports?: readonly string[];
  /** Called with what it has printed so far, each time that grows; may write to its standard input. */
  readonly onOutput?: (stdout: string, stdin: NodeJS.WritableStream) => void;
}

/** The environment of this process without what would choose a backend. */
export function environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, POLYLOOP_BACKEND: "", ...extra };
}

/** The command line of an example, to be run in the directory of the examples. */
export function commandLine(program: string, args: readonly string[] = [], imports: readonly string[] = []): string[] {
  return ["tsx", ...imports].flatMap((module) => ["--import", module]).concat(program, args);
}

/** Runs an example as a program of its own and waits for its end. */
export async function runExample(
  program: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run> {
  const child = spawn(process.execPath, commandLine(program, args, options.imports), {
    cwd: examples,
    env: environment(options.env),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    options.onOutput?.(stdout, child.stdin);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  await once(child, "close");
  return { code: child.exitCode, stdout, stderr };
}
