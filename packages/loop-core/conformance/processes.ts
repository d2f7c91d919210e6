import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { Scene } from "./scene.js";

/** How many waits in vain another process may take. It needs a fraction of a second; a machine may be busy. */
const MOST_WAITS = 6;

/**
 * What each program begins with: `core` is loop-core, taken from where the kit lies, so that it is the copy that the module of
 * the entry sees, too; `ofTheKit("@polyloop/sys")` is what the kit has of that name; `open()` makes a loop on the backend under test; PATIENCE are milliseconds.
 */
const PRELUDE = `
const { createRequire } = await import("node:module");
const { pathToFileURL } = await import("node:url");
const ofTheKit = (name) => import(pathToFileURL(createRequire(KIT).resolve(name)).href);
const core = await ofTheKit("@polyloop/loop-core");
await import(ENTRY);
// No directory to search in: it is the entry that must have registered the backend.
const open = () => core.createLoop({ backend: NAME, strict: true, root: "/proc/self" });
`;

/** How a process ended. */
export interface Ending {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The text of a program that begins with {@link PRELUDE}: of a module, or of a function that awaits. */
export function programText(scene: Scene, body: string): string {
  const { entry } = scene.options;
  if (entry === undefined) {
    scene.skip("conformance() was given no entry, a module with which other processes could register the backend");
  }
  const { patience: PATIENCE, factory } = scene;
  const constants = { KIT: import.meta.url, ENTRY: specifierOf(entry), NAME: factory.name, PATIENCE };
  const lines = Object.entries(constants).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`);
  return `${lines.join("\n")}${PRELUDE}${body}`;
}

/** What `import()` takes; a package's entry is resolved from the working directory. */
function specifierOf(entry: string | URL): string {
  if (entry instanceof URL) return entry.href;
  return isAbsolute(entry) ? pathToFileURL(entry).href : entry;
}

/** How a process is started. */
interface Start {
  /** Options of Node. */
  readonly options?: readonly string[];
  /** What can be read from its descriptor 0. */
  readonly input?: string;
}

/** Runs a program in a process of its own until it ends. It must: one that hangs is ended and is a failure. */
export function runProgram(scene: Scene, body: string, { options = [], input = "" }: Start = {}): Ending {
  const program = programText(scene, body);
  const { status, signal, stdout, stderr, error } = spawnSync(
    process.execPath,
    [...options, "--input-type=module", "-e", program],
    { timeout: scene.patience * MOST_WAITS, killSignal: "SIGKILL", encoding: "utf8", input },
  );
  assert.ok(error === undefined || signal === "SIGKILL", `the process could not be started: ${String(error)}`);
  return { status, signal, stdout, stderr };
}

/** Runs a program that must end by itself, with this exit status. */
export function mustEnd(scene: Scene, body: string, status = 0, start: Start = {}): Ending {
  const ending = runProgram(scene, body, start);
  const hung = ending.signal === "SIGKILL" ? ", because it went on and on" : "";
  const how = ending.signal === null ? `status ${String(ending.status)}` : `signal ${ending.signal}${hung}`;
  const said = `${ending.stdout}${ending.stderr}`;
  assert.equal(
    how,
    `status ${String(status)}`,
    `the process ended with ${how}${said === "" ? "" : ` and said:\n${said}`}`,
  );
  return ending;
}
