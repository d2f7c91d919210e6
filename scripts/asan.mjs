/**
 * `npm run test:asan`: the tests of all packages with native code, on binaries with AddressSanitizer, LeakSanitizer and
 * UndefinedBehaviorSanitizer. They run in a copy of the workspace that has these binaries in place of the usual ones:
 * whoever builds or tests here meanwhile notices nothing, and nothing has to be put back.
 */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { availableParallelism, constants, tmpdir } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readReports } from "./sanitizer-reports.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "polyloop-asan-"));
const copy = join(scratch, "workspace");
const reports = join(scratch, "reports");

/** Tests of any package that are left out, and why. */
const LEFT_OUT = [
  [/installed\.test\.ts$/, "it packs the binaries that users get"],
  [/^steady\.test\.ts$/, "it measures the heap of JavaScript, which no sanitizer looks at"],
];

// Undefined behaviour ends the process like everything else, and the C++ library checks its own rules, too.
const FLAGS =
  "-O1 -g -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS" +
  " -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all";

/** Ends with one sentence and no stack. */
function refuse(sentence) {
  console.error(sentence);
  process.exit(1);
}

const running = new Set();
process.once("exit", () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    for (const child of running) child.kill(signal);
    process.exit(128 + constants.signals[signal]);
  });
}

/** Not spawnSync(), which would keep signals waiting. */
function run(command, args, options) {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => (output += text));
    }
    child.once("error", ({ message }) => resolve({ status: 1, output: `${command}: ${message}\n` }));
    child.once("close", (status) => {
      running.delete(child);
      resolve({ status: status ?? 1, output });
    });
  });
}

/** The libraries that have to be in a process before all others. */
function findRuntimes() {
  return ["libasan.so", "libubsan.so"].map((name) => {
    const path = spawnSync("g++", [`-print-file-name=${name}`], { encoding: "utf8" }).stdout?.trim() ?? "";
    // The name of what it does not find g++ gives back as it came.
    if (!isAbsolute(path)) refuse(`Sanitizers need g++ and its ${name}: apt-get install g++ (Debian's name).`);
    return path;
  });
}

/** Packages with native code of our own; what bench compiles was written by its peers. */
function listNativePackages() {
  return readdirSync(join(root, "packages")).filter(
    (name) => name !== "bench" && existsSync(join(root, "packages", name, "CMakeLists.txt")),
  );
}

/** Builds an addon beside the usual one, again only what has changed, and returns its path. */
async function build(name) {
  const directory = join(root, "packages", name);
  const out = join(directory, "build", "asan");
  // Configured each time: a build alone would go on with the flags of the first.
  for (const step of ["configure", "build"]) {
    const args = [step, "--out", out, `--CDCMAKE_CXX_FLAGS_RELEASE=${FLAGS}`];
    const env = { ...process.env, CXX: "g++" };
    const { status, output } = await run(join(root, "node_modules/.bin/cmake-js"), args, { cwd: directory, env });
    if (status !== 0) refuse(`${output}packages/${name} could not be built with sanitizers.`);
  }
  const path = join(out, "Release", `${name.replaceAll("-", "_")}.node`);
  const binary = readFileSync(path);
  // Every test would pass then, and mean nothing.
  for (const symbol of ["__asan_init", "__ubsan_"])
    if (!binary.includes(symbol)) refuse(`${path} has been built without sanitizers: it has no ${symbol}.`);
  return path;
}

/** Copies what tests need; `addons` has the path of the binary for each package whose tests are to run. */
function copyWorkspace(addons) {
  mkdirSync(reports);
  for (const path of ["package.json", "jest.config.mjs", "scripts/counting-reporter.mjs"])
    cpSync(join(root, path), join(copy, path));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  for (const name of readdirSync(join(root, "packages"))) {
    const from = join(root, "packages", name);
    const without = ["build", ".turbo"];
    if (!addons.has(name)) without.push("test");
    for (const file of addons.has(name) ? readdirSync(join(from, "test")) : []) {
      const [, reason] = LEFT_OUT.find(([names]) => names.test(file)) ?? [];
      if (reason === undefined) continue;
      console.log(`left out: packages/${name}/test/${file}, because ${reason}`);
      without.push(join("test", file));
    }
    const left = new Set(without.map((path) => join(from, path)));
    // A link to another package is relative, and so leads to the copy of that package.
    const options = { recursive: true, verbatimSymlinks: true, filter: (path) => !left.has(path) };
    cpSync(from, join(copy, "packages", name), options);
  }
  for (const [name, path] of addons) cpSync(path, join(copy, "packages", name, "build/Release", basename(path)));
}

/** What every process of the tests gets, and hands down to those it starts. */
function environment(runtimes, leaks) {
  const format = (options) =>
    Object.entries(options)
      .map((option) => option.join("="))
      .join(":");
  return {
    // Random programs find memory errors early or never, and each takes several times as long as usual.
    POLYLOOP_PROGRAMS: "200",
    ...process.env,
    LD_PRELOAD: runtimes.join(":"),
    ASAN_OPTIONS: format({
      // Into files, because nobody may look at the output and the end of a process that a test has started.
      log_path: join(reports, "asan"),
      // What aborts is an error; leaks are found when the process ends anyhow, and must not change how.
      abort_on_error: 1,
      exitcode: 0,
      detect_leaks: leaks ? 1 : 0,
      // Crashes of every kind are reported; 2 keeps Node.js from taking the signals for itself.
      handle_segv: 2,
      handle_sigbus: 2,
      handle_sigfpe: 2,
      handle_sigill: 2,
      handle_abort: 2,
      strict_string_checks: 1,
      // Far enough to find our code; Node's own leaks are many, and to name all their callers takes seconds.
      malloc_context_size: 12,
    }),
    UBSAN_OPTIONS: format({ log_path: join(reports, "ubsan"), abort_on_error: 1, print_stacktrace: 1 }),
    // For tests of what cannot hold here; they say so when they skip it.
    POLYLOOP_ASAN: "1",
  };
}

/** Looking for leaks takes ptrace(2), which a container or a debugger may deny; everything else is checked even so. */
async function canFindLeaks(runtimes) {
  await run(process.execPath, ["--eval", "0"], { env: environment(runtimes, true) });
  const [refusal] = readReports(reports);
  if (refusal === undefined) return true;
  console.log(`left out: leaks, because LeakSanitizer does not work here:\n${refusal.text}`);
  rmSync(reports, { recursive: true });
  mkdirSync(reports);
  return false;
}

/** Runs the tests of one package, prints what they printed, and returns whether they passed. */
async function test(name, env) {
  const patterns = process.argv.slice(2);
  const jest = [
    join(root, "node_modules/jest/bin/jest.js"),
    // In one process, so that a crash ends the run.
    "--runInBand",
    ...["--roots", join("packages", name, "test")],
    // It knows paths of the copy, and goes with it.
    ...["--cacheDirectory", join(scratch, "cache")],
    // A pattern need not be for every package.
    ...(patterns.length > 0 ? ["--passWithNoTests"] : []),
  ];
  const { status, output } = await run(process.execPath, [...jest, ...patterns], { cwd: copy, env });
  console.log(`\n== packages/${name}\n${output}`);
  return status === 0;
}

const runtimes = findRuntimes();
const addons = new Map();
for (const name of listNativePackages()) addons.set(name, await build(name));
copyWorkspace(addons);
const env = environment(runtimes, await canFindLeaks(runtimes));

let passed = true;
const waiting = [...addons.keys()];
async function testNext() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
    passed = (await test(name, env)) && passed;
}
await Promise.all(Array.from({ length: availableParallelism() }, testNext));

const found = readReports(reports);
for (const { file, text } of found) console.error(`\n== ${file} (kind and process)\n${text}`);
console.error(`\nProcesses in which a sanitizer found something: ${found.length}`);
process.exitCode = passed && found.length === 0 ? 0 : 1;
