import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the packages of this workspace lie. */
export const packages = fileURLToPath(new URL("../..", import.meta.url));
/** The tools that the workspace has installed. */
export const tools = join(packages, "..", "node_modules", ".bin");

/** An application outside the workspace, with packages as an installation from tarballs gives them. */
export interface PackedApplication {
  readonly directory: string;
  /** Runs a program as the application's main script; what it prints is parsed as JSON. Throws what it says when it fails. */
  run(source: string, env?: NodeJS.ProcessEnv, file?: string): unknown;
  remove(): void;
}

/** Packs and installs packages of this workspace; `registry` names what comes from the registry, as loop-core has it here. */
export function packedApplication(
  names: readonly string[] = ["sys", "loop-core", "backend-epoll"],
  registry: readonly string[] = ["lilconfig"],
): PackedApplication {
  const scratch = mkdtempSync(join(tmpdir(), "polyloop-installed-"));
  const directory = join(scratch, "app");
  mkdirSync(directory);
  for (const name of names) installPacked(name, scratch, join(directory, "node_modules", "@polyloop", name));
  for (const name of registry) {
    symlinkSync(join(packages, "loop-core", "node_modules", name), join(directory, "node_modules", name));
  }
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "app", type: "module" }));
  return {
    directory,
    run: (source, env = {}, file = "main.mjs") => {
      writeFileSync(join(directory, file), source);
      // Somewhere else: backends are resolved from the application, not from where it is run.
      const options = { cwd: tmpdir(), encoding: "utf8" as const, timeout: 60_000 };
      const result = spawnSync(process.execPath, [join(directory, file)], {
        ...options,
        env: { PATH: process.env["PATH"], ...env },
      });
      if (result.status !== 0) throw new Error(result.stderr);
      return JSON.parse(result.stdout) as unknown;
    },
    remove: () => {
      rmSync(scratch, { recursive: true });
    },
  };
}

/** Unpacks what `pnpm pack` makes of a package. */
function installPacked(name: string, scratch: string, target: string): void {
  mkdirSync(target, { recursive: true });
  const before = new Set(readdirSync(scratch));
  const env = { ...process.env, PATH: `${tools}:${process.env["PATH"] ?? ""}` };
  execFileSync("pnpm", ["pack", "--pack-destination", scratch], { cwd: join(packages, name), stdio: "ignore", env });
  const tarball = readdirSync(scratch).find((file) => !before.has(file)) as string;
  execFileSync("tar", ["-xzf", join(scratch, tarball), "--strip-components=1", "-C", target]);
}
