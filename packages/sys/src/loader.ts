import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Which addon to open. */
export interface AddonLocation {
  /** The name of the CMake project; `-` may stand for `_`: `"backend-epoll"` opens `backend_epoll.node`. */
  readonly name: string;
  /** `import.meta.url` of a module of the package, at any depth, or the package's directory; a path does, too. */
  readonly from: string | URL;
}

/** One place that was looked at. */
export interface AddonAttempt {
  readonly path: string;
  /** Why it was not taken: that there is no such file, or what dlopen(3) said. */
  readonly reason: string;
}

/** What {@link loadAddon} throws. */
export interface AddonError extends Error {
  /** Whether there was no file at all, or one that could not be opened; then `cause` is the first such error. */
  readonly code: "ERR_ADDON_NOT_FOUND" | "ERR_ADDON_LOAD_FAILED";
  /** Every place that was looked at, in order. */
  readonly attempts: readonly AddonAttempt[];
  /** What to do about it. */
  readonly remedy: string;
}

/**
 * Finds and opens the native binary of a package: in `build/Debug`, `build/Release`, then in
 * `prebuilds/<platform>-<architecture>` (with `-musl` after it where the C library is musl). The first that opens is taken.
 *
 * @returns what the addon exports. That it has the shape `T` is the caller's word.
 * @throws an {@link AddonError} that lists every place, why it failed, and the remedy.
 */
// The caller alone knows what its addon exports; saying it here keeps the assertion out of every package.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export function loadAddon<T>({ name, from }: AddonLocation): T {
  const root = findPackageRoot(from);
  const require = createRequire(import.meta.url);
  const attempts: AddonAttempt[] = [];
  const failures: unknown[] = [];
  for (const path of listCandidates(root, `${name.replaceAll("-", "_")}.node`)) {
    if (!existsSync(path)) {
      attempts.push({ path, reason: "no such file" });
      continue;
    }
    try {
      return require(path) as T;
    } catch (error) {
      failures.push(error);
      attempts.push({ path, reason: error instanceof Error || hasMessage(error) ? error.message : String(error) });
    }
  }
  throw describeFailure(name, root, attempts, failures);
}

/** The nearest directory at or above with a package.json that names a package; build tools leave nameless ones in dist. */
function findPackageRoot(from: string | URL): string {
  // A file as the first "directory" does no harm: there is nothing below it.
  const start = resolve(from instanceof URL || from.startsWith("file:") ? fileURLToPath(from) : from);
  for (let directory = start; ; directory = dirname(directory)) {
    const manifest = join(directory, "package.json");
    if (existsSync(manifest) && "name" in (JSON.parse(readFileSync(manifest, "utf8")) as object)) return directory;
    if (directory === dirname(directory))
      throw new Error(`loadAddon: no package.json with a name at or above ${start}`);
  }
}

function* listCandidates(root: string, file: string): Generator<string> {
  yield join(root, "build", "Debug", file);
  yield join(root, "build", "Release", file);
  yield join(root, "prebuilds", `${process.platform}-${process.arch}${isMusl() ? "-musl" : ""}`, file);
}

/** By the dynamic linker this process was started with: process.report knows, too, but takes some milliseconds. */
function isMusl(): boolean {
  try {
    return readFileSync("/proc/self/maps", "utf8").includes("/ld-musl-");
  } catch {
    return false;
  }
}

/** Errors of another realm are no `instanceof Error`. */
function hasMessage(error: unknown): error is { readonly message: string } {
  return typeof error === "object" && error !== null && "message" in error && typeof error.message === "string";
}

function describeFailure(name: string, root: string, attempts: AddonAttempt[], failures: unknown[]): AddonError {
  const code = failures.length > 0 ? "ERR_ADDON_LOAD_FAILED" : "ERR_ADDON_NOT_FOUND";
  const problem = failures.length > 0 ? "could be opened" : "was found";
  const remedy =
    process.platform === "linux"
      ? `build it: run "npx cmake-js compile" in ${root}; on Debian that needs: apt-get install g++ cmake make`
      : `Polyloop runs on Linux only, and this is ${process.platform}`;
  const lines = attempts.map(({ path, reason }) => `  ${path}: ${reason}`);
  const message = `No native binary of "${name}" ${problem} for ${process.platform}-${process.arch}. Tried:\n${lines.join("\n")}\nRemedy: ${remedy}`;
  const error = new Error(message, failures.length > 0 ? { cause: failures[0] } : undefined);
  return Object.assign(error, { code, attempts, remedy } as const);
}
