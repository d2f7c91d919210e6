import { join } from "node:path";
import { compiled, type Ending, hasCompiler } from "./compiled.js";
import { packages } from "./packed-application.js";

/** What fixtures/seccomp.cc ends with. */
const CANNOT = 125;

/**
 * Runs a program of Node.js to which the kernel refuses system calls (such as `"io_setup"`) with EPERM, as a seccomp profile
 * does. Where that is impossible, returns why.
 */
export function runRefused(calls: readonly string[], program: string): Ending | string {
  if (!hasCompiler) return "there is no c++ to compile the launcher";
  const launcher = compiled(join(packages, "sys/testing/fixtures/seccomp.cc"));
  try {
    const ending = launcher.run(calls.join(","), process.execPath, program);
    return ending.status === CANNOT ? ending.stderr.trim() : ending;
  } finally {
    launcher.remove();
  }
}
