import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { BackendFactory } from "./backend.js";
import { wrongType } from "./arguments.js";
import { applicationRoot, parseNames, processPlaces, readConfiguration } from "./config.js";
import { LoopError } from "./errors.js";
import { Loop, type LoopOptions } from "./loop.js";
import { requireFactory } from "./recovery.js";
import { requireOptions } from "./watchers/watcher.js";
import { registeredBackend, registeredBackends } from "./registry.js";

/** How `createLoop()` chooses. */
export interface CreateLoopOptions extends Omit<LoopOptions, "backend" | "source"> {
  /** Factories, names or both, in order of preference. Wins over the environment and over files. */
  readonly backend?: string | BackendFactory | readonly (string | BackendFactory)[] | undefined;
  /** The directory of the application: where backends are resolved from and configuration is searched. Default: that of the main script. */
  readonly root?: string | undefined;
}

/**
 * Makes a loop on the backend that was configured. What says something first wins: the `backend` option, the environment
 * variable POLYLOOP_BACKEND, the `polyloop` key of the nearest package.json or a `.polylooprc` file, and at last epoll.
 *
 * A name is looked up among the registered backends, then as the package `@polyloop/backend-<name>` or
 * `polyloop-backend-<name>` installed for the application. One that is not installed is `ERR_UNKNOWN_BACKEND`; one that is
 * installed but cannot run here is skipped with a warning, or thrown with `strict`.
 */
export async function createLoop(options: CreateLoopOptions = {}): Promise<Loop> {
  requireOptions("createLoop", options);
  const { backend: given, root: place = applicationRoot(), strict, ...rest } = options;
  if (typeof place !== "string") throw wrongType("createLoop", "root", "the path of a directory", place);
  const root = resolve(place);
  const configuration = given === undefined ? readConfiguration(processPlaces(root)) : undefined;
  const wanted = configuration?.backend ?? list(given as NonNullable<typeof given>);
  const source = configuration?.source ?? "the backend option";
  const backend: BackendFactory[] = [];
  for (const item of wanted) {
    if (typeof item === "string") {
      for (const name of parseNames(item, source)) backend.push(await findBackend(name, root, source));
    } else {
      backend.push(requireFactory("createLoop", item));
    }
  }
  const loop = new Loop({ ...rest, backend, source, strict: strict ?? configuration?.strict ?? false });
  // Node prints warnings when its own loop turns, which it will not do any more once ours runs.
  if (loop.backend.skipped.length > 0) await setImmediate();
  return loop;
}

function list<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** The factory of a name: registered already, or by the `register` entry of the package that goes by it. */
async function findBackend(name: string, root: string, source: string): Promise<BackendFactory> {
  const registered = registeredBackend(name);
  if (registered !== undefined) return registered;
  const require = createRequire(join(root, "package.json"));
  for (const specifier of [`@polyloop/backend-${name}`, `polyloop-backend-${name}`]) {
    const path = locate(require, `${specifier}/register`);
    if (path === undefined) continue;
    await import(pathToFileURL(path).href);
    const factory = registeredBackend(name);
    if (factory !== undefined) return factory;
    throw new LoopError("ERR_UNKNOWN_BACKEND", `importing ${specifier}/register did not register a backend "${name}"`, {
      remedy: `Make sure that ${specifier} and the application use the same copy of @polyloop/loop-core`,
    });
  }
  throw unknownBackend(name, root, source);
}

function locate(require: NodeJS.Require, specifier: string): string | undefined {
  try {
    return require.resolve(specifier);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND") return undefined;
    throw new LoopError(
      "ERR_UNKNOWN_BACKEND",
      `${specifier} is installed but cannot be resolved: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

function unknownBackend(name: string, root: string, source: string): LoopError {
  const known = [...new Set([...registeredBackends(), ...installedBackends(root)])].sort();
  const installed =
    known.length === 0 ? "none is installed or registered" : `installed or registered: ${known.join(", ")}`;
  const message = `there is no backend "${name}" (asked for by ${source}; looked for from ${root}; ${installed})`;
  return new LoopError("ERR_UNKNOWN_BACKEND", message, {
    remedy: `Name one of those, or install the package @polyloop/backend-${name} or polyloop-backend-${name} for the application there`,
  });
}

/** The names of the backend packages that the application can see. */
function installedBackends(root: string): string[] {
  const names: string[] = [];
  for (const directory of createRequire(join(root, "package.json")).resolve.paths("x") ?? []) {
    for (const entry of entries(join(directory, "@polyloop")))
      names.push(/^backend-([a-z0-9-]+)$/.exec(entry)?.[1] ?? "");
    for (const entry of entries(directory)) names.push(/^polyloop-backend-([a-z0-9-]+)$/.exec(entry)?.[1] ?? "");
  }
  return names.filter((name) => name !== "");
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
