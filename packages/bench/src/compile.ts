import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "./errors.js";
import { packageRoot } from "./package-root.js";
import { type LibrarySource, type Peer, sourceDirectory } from "./peers.js";

const SOURCES = join(packageRoot, "peers");
const OUTPUT = join(packageRoot, "build");
const FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"];

/** What a program is made of. */
interface Parts {
  /** For the compiler. */
  readonly arguments: readonly string[];
  /** For the linker. */
  readonly libraries: readonly string[];
  /** Files whose contents count besides the headers in peers/. */
  readonly files: readonly string[];
}

/**
 * Compiles a workload for a peer unless that was done before, and returns the program's path, which carries a hash of
 * everything it was made of. The compiler is `cc`, or what CC names in the environment; the library is what is installed,
 * or is built from the source that another variable names.
 */
export function compile(workload: string, peer: Peer, environment: NodeJS.ProcessEnv = process.env): string {
  const compiler = environment["CC"] ?? "cc";
  const source = join(SOURCES, `${workload}.c`);
  if (!existsSync(source)) throw new BenchError(`peers/${workload}.c is not written yet`);
  const library = libraryParts(peer, sourceDirectory(peer, environment));
  const command = [...FLAGS, `-DLOOP="${peer.header}"`, source, ...library.arguments];
  const hash = fingerprint([compiler, ...command], [source, ...headers(SOURCES), ...library.files]);
  const program = join(OUTPUT, `${workload}-${peer.name}-${hash}`);
  if (existsSync(program)) return program;
  mkdirSync(OUTPUT, { recursive: true });
  // Under another name until it is complete: somebody else may be looking for it.
  const unfinished = `${program}.${String(process.pid)}`;
  const { status, error, stderr } = spawnSync(compiler, [...command, "-o", unfinished, ...library.libraries], {
    encoding: "utf8",
  });
  if (error !== undefined)
    throw new BenchError(`there is no C compiler "${compiler}"`, "apt-get install gcc libc6-dev");
  if (peer.missing.test(stderr)) throw new BenchError(`${peer.name} is not installed`, peer.install);
  if (status !== 0) throw new BenchError(`peers/${workload}.c does not compile with ${peer.header}:\n${stderr.trim()}`);
  renameSync(unfinished, program);
  return program;
}

function libraryParts({ source, libraries }: Peer, directory: string | undefined): Parts {
  if (source === undefined || directory === undefined) return { arguments: [], libraries, files: [] };
  requireSource(source, directory);
  const unit = join(SOURCES, source.unit);
  const files = [unit, ...headers(directory), ...named(directory, ".c")];
  // Among the directories of the system: our warnings are not for the library.
  return { arguments: ["-isystem", directory, unit], libraries: [], files };
}

function requireSource({ variable, files }: LibrarySource, directory: string): void {
  const absent = files.filter((file) => !existsSync(join(directory, file)));
  if (absent.length === 0) return;
  throw new BenchError(
    `there is no ${absent.join(" and no ")} in ${directory}`,
    `let ${variable} name the directory with ${files.join(" and ")}`,
  );
}

function headers(directory: string): string[] {
  return named(directory, ".h");
}

function named(directory: string, ending: string): string[] {
  const names = readdirSync(directory).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => join(directory, name));
}

function fingerprint(command: readonly string[], files: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(command));
  for (const path of files) hash.update(readFileSync(path));
  return hash.digest("hex").slice(0, 12);
}
