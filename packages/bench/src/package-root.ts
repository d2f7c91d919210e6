import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of this package, whether its sources run or what was built of them. */
export const packageRoot: string = find(dirname(fileURLToPath(import.meta.url)));

function find(start: string): string {
  let directory = start;
  while (!existsSync(join(directory, "peers", "meter.h"))) directory = dirname(directory);
  return directory;
}

/** Names of the Polyloop backends this package depends on: adding one to its package.json is all it takes. */
export function installedBackends(directory: string = packageRoot): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return Object.keys(manifest.dependencies).flatMap(
    (name) => /^@polyloop\/backend-([a-z0-9-]+)$/.exec(name)?.[1] ?? [],
  );
}
