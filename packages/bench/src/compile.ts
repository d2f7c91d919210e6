import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "./errors.js";
import { packageRoot } from "./package-root.js";
import type { Peer } from "./peers.js";

const SOURCES = join(packageRoot, "peers");
const OUTPUT = join(packageRoot, "build");
const FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"];

/**
 * Compiles a workload for a peer unless that was done before, and returns the program's path, which carries a hash of
 * everything it was made of. The compiler is `cc`, or what the environment variable CC names.
 */
export function compile(workload: string, peer: Peer, compiler: string = process.env["CC"] ?? "cc"): string {
  const source = join(SOURCES, `${workload}.c`);
  if (!existsSync(source)) throw new BenchError(`peers/${workload}.c is not written yet`);
  const command = [...FLAGS, `-DLOOP="${peer.header}"`, source];
  const program = join(OUTPUT, `${workload}-${peer.name}-${fingerprint([compiler, ...command], source)}`);
  if (existsSync(program)) return program;
  mkdirSync(OUTPUT, { recursive: true });
  // Under another name until it is complete: somebody else may be looking for it.
  const unfinished = `${program}.${String(process.pid)}`;
  const { status, error, stderr } = spawnSync(compiler, [...command, "-o", unfinished, ...peer.libraries], {
    encoding: "utf8",
  });
  if (error !== undefined)
    throw new BenchError(`there is no C compiler "${compiler}"`, "apt-get install gcc libc6-dev");
  if (peer.missing.test(stderr)) throw new BenchError(`${peer.name} is not installed`, peer.install);
  if (status !== 0) throw new BenchError(`peers/${workload}.c does not compile with ${peer.header}:\n${stderr.trim()}`);
  renameSync(unfinished, program);
  return program;
}

function fingerprint(command: readonly string[], source: string): string {
  const hash = createHash("sha256").update(JSON.stringify(command));
  const headers = readdirSync(SOURCES).filter((name) => name.endsWith(".h"));
  for (const path of [source, ...headers.sort().map((name) => join(SOURCES, name))]) hash.update(readFileSync(path));
  return hash.digest("hex").slice(0, 12);
}
