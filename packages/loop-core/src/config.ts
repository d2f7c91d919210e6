import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { lilconfigSync } from "lilconfig";
import { show } from "./arguments.js";
import { LoopError } from "./errors.js";
import { BACKEND_NAME } from "./registry.js";

/** What configuration says about the choice of a backend. */
export interface Configuration {
  /** Names in order of preference. */
  readonly backend: readonly string[];
  readonly strict: boolean;
  /** Where it was said, for messages: `"POLYLOOP_BACKEND"`, a file's path, or `"the default"`. */
  readonly source: string;
}

/** Where configuration is looked for. */
export interface ConfigurationPlaces {
  readonly env: NodeJS.ProcessEnv;
  /** Directories from which to search upwards, in order. */
  readonly directories: readonly string[];
  /** The process runs with the rights of somebody other than its caller. */
  readonly setuid: boolean;
}

const DEFAULT: Configuration = { backend: ["epoll"], strict: false, source: "the default" };

/**
 * What says something first: the environment variable POLYLOOP_BACKEND, then the `polyloop` key of the nearest package.json
 * or a `.polylooprc` file, then epoll. `ERR_CONFIGURATION` for a file or a value that makes no sense.
 */
export function readConfiguration(places: ConfigurationPlaces): Configuration {
  return fromEnvironment(places) ?? fromFiles(places.directories) ?? DEFAULT;
}

/** The names in a list such as `"iouring,epoll"`. */
export function parseNames(value: unknown, source: string): readonly string[] {
  const list: unknown = typeof value === "string" ? value.split(",").map((name) => name.trim()) : value;
  if (!Array.isArray(list) || list.length === 0) {
    throw senseless(
      source,
      `backend must be a name, names with commas between them, or a list of names, got ${show(value)}`,
    );
  }
  return list.map((name: unknown) => {
    if (typeof name === "string" && BACKEND_NAME.test(name)) return name;
    throw senseless(source, `${show(name)} is no backend's name`, "A name consists of a-z, 0-9 and -");
  });
}

function senseless(source: string, what: string, remedy?: string): LoopError {
  return new LoopError("ERR_CONFIGURATION", `${source}: ${what}`, { remedy });
}

function fromEnvironment({ env, setuid }: ConfigurationPlaces): Configuration | undefined {
  const value = env["POLYLOOP_BACKEND"];
  // A set-uid program must not let its caller choose what code it loads.
  if (setuid || value === undefined || value.trim() === "") return undefined;
  return { backend: parseNames(value, "POLYLOOP_BACKEND"), strict: false, source: "POLYLOOP_BACKEND" };
}

function fromFiles(directories: readonly string[]): Configuration | undefined {
  for (const directory of directories) {
    const found = search(directory);
    if (found !== null) return fromFile(found.config, found.filepath);
  }
  return undefined;
}

function search(directory: string): { readonly config: unknown; readonly filepath: string } | null {
  let reading = directory;
  const parse = (path: string, content: string): unknown => {
    reading = path;
    return JSON.parse(content);
  };
  try {
    return lilconfigSync("polyloop", {
      searchPlaces: ["package.json", ".polylooprc"],
      loaders: { ".json": parse, noExt: parse },
      stopDir: "/",
    }).search(directory);
  } catch (cause) {
    const { code, path, message } = cause as NodeJS.ErrnoException;
    // EACCES and EISDIR come before anything is parsed; the latter without a path.
    const where = code === undefined ? reading : (path ?? "package.json or .polylooprc");
    throw new LoopError(
      "ERR_CONFIGURATION",
      `${where} cannot be read as configuration, searched from ${directory}: ${message}`,
      {
        cause,
        remedy:
          code === undefined ? 'Write JSON, such as { "backend": "epoll" }' : "Make it a file that this user can read",
      },
    );
  }
}

function fromFile(config: unknown, path: string): Configuration {
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw senseless(
      path,
      `the polyloop configuration must be an object, such as { "backend": "epoll" }, got ${show(config)}`,
    );
  }
  const { backend = DEFAULT.backend, strict = false, ...unknownKeys } = config as Record<string, unknown>;
  const [unknownKey] = Object.keys(unknownKeys);
  if (unknownKey !== undefined) {
    throw senseless(path, `the polyloop configuration has no ${show(unknownKey)}`, 'It has "backend" and "strict"');
  }
  if (typeof strict !== "boolean") throw senseless(path, `strict must be true or false, got ${show(strict)}`);
  return { backend: parseNames(backend, path), strict, source: path };
}

/**
 * The directory of the program itself: where its main script lies, or the working directory if it has none. Packages are
 * resolved from here only, so that running a program in a foreign directory never loads that directory's code.
 */
export function applicationRoot(): string {
  const main = process.argv[1];
  if (main === undefined) return process.cwd();
  try {
    return dirname(realpathSync(main));
  } catch {
    return process.cwd();
  }
}

/** The places of this process. */
export function processPlaces(root: string): ConfigurationPlaces {
  const setuid = process.getuid?.() !== process.geteuid?.() || process.getgid?.() !== process.getegid?.();
  // Its caller chooses the working directory of a set-uid program as freely as its environment.
  return { env: process.env, directories: setuid ? [root] : [...new Set([root, process.cwd()])], setuid };
}
