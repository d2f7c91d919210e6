/**
 * `npm start`, `npm test` and the other root commands: does whatever set-up is missing, nothing twice, then the task.
 * Plain JavaScript without dependencies, because it runs before anything is installed.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stampFile = join(root, "node_modules", ".polyloop-installed");

/** Ends with one sentence and no stack. */
function refuse(sentence) {
  console.error(sentence);
  process.exit(1);
}

function run(command, args, { quiet = false, toStderr = false, ...options } = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? "pipe" : ["inherit", toStderr ? process.stderr : "inherit", "inherit"],
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: {
      ...process.env,
      PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH}`,
      TURBO_TELEMETRY_DISABLED: "1",
      NO_UPDATE_NOTIFIER: "1",
    },
    ...options,
  });
  if (result.error !== undefined) refuse(`${command} could not be run: ${result.error.message}`);
  if (result.status !== 0) {
    if (quiet) process.stderr.write(result.stdout + result.stderr);
    process.exit(result.status ?? 1);
  }
}

function has(command, args = ["--version"]) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    refuse(`Polyloop needs Node.js 20.19 or newer, this is ${process.versions.node}.`);
  }
  if (process.platform !== "linux")
    refuse(`Polyloop drives Linux kernel interfaces and cannot run on ${process.platform}.`);
}

/** Whether every addon is there already; turbo then finds out whether one of them is stale. */
function isBuilt() {
  const packages = join(root, "packages");
  return readdirSync(packages)
    .filter((name) => existsSync(join(packages, name, "CMakeLists.txt")))
    .every((name) => existsSync(join(packages, name, "build", "Release", `${name.replaceAll("-", "_")}.node`)));
}

function requireCompiler() {
  if (isBuilt()) return;
  const missing = [];
  if (process.env.CXX === undefined && !has("c++")) missing.push("g++");
  if (!has("cmake")) missing.push("cmake");
  if (!has("make") && !has("ninja")) missing.push("make");
  if (missing.length > 0) {
    refuse(
      `Building the native parts needs what is not installed here: apt-get install ${missing.join(" ")} (Debian's names).`,
    );
  }
}

/** What decides which packages are installed: a change of any of these means installing again. */
function installStamp() {
  const hash = createHash("sha256");
  for (const file of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"])
    hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function install() {
  const stamp = installStamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  console.log("installing packages (pnpm, frozen lockfile) …");
  run("npx", ["--yes", packageManager, "install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only"], {
    quiet: true,
  });
  writeFileSync(stampFile, stamp);
}

function build() {
  install();
  requireCompiler();
  // Turbo builds what changed and replays the rest from its cache.
  run("turbo", ["run", "build:native", "build:ts", "--output-logs=errors-only", "--log-order=grouped"], {
    // What a task prints is its own, so that it can go into a file.
    toStderr: true,
  });
}

const jest = (args) => run("node", [join(root, "node_modules", "jest", "bin", "jest.js"), ...args]);

const tasks = {
  start: () => {
    build();
    // tsx is a dependency of the examples and found from their directory only.
    run("node", ["--import", "tsx", join("echo-server", "main.ts"), ...rest], { cwd: join(root, "examples") });
  },
  test: () => {
    build();
    jest(rest);
  },
  "test:asan": () => {
    build();
    run("node", [join(root, "scripts", "asan.mjs"), ...rest]);
  },
  "test:faults": () => {
    build();
    run("node", [join(root, "scripts", "faults.mjs"), ...rest]);
  },
  build,
  bench: () => {
    build();
    run("node", [join(root, "packages", "bench", "dist", "src", "cli.js"), ...rest]);
  },
  lint: () => {
    build();
    run("eslint", ["."]);
  },
  format: () => {
    install();
    run("biome", ["format", "--write", "."]);
    clangFormat(["-i"]);
  },
  "format:check": () => {
    install();
    run("biome", ["format", "."]);
    clangFormat(["--dry-run", "--Werror"]);
  },
  typecheck: () => {
    build();
    run("tsc", ["-p", "tsconfig.tests.json"]);
  },
};

function clangFormat(args) {
  const command = ["clang-format", "clang-format-14"].find((name) => has(name));
  if (command === undefined)
    refuse("Formatting C++ needs what is not installed here: apt-get install clang-format (Debian's name).");
  const listed = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.cc", "*.h", "*.c"], {
    cwd: root,
    encoding: "utf8",
  });
  if (listed.status !== 0) refuse("Which C++ files there are is asked of git, and this is no git checkout.");
  const files = listed.stdout.split("\n").filter((file) => file !== "" && existsSync(join(root, file)));
  if (files.length > 0) run(command, [...args, ...files]);
}

const [task, ...rest] = process.argv.slice(2);
requireNode();
if (tasks[task] === undefined) refuse(`There is no task ${task}; there are ${Object.keys(tasks).join(", ")}.`);
tasks[task]();
