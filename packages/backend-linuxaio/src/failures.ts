import { readFileSync } from "node:fs";
import { EAGAIN, ENOSYS, EPERM } from "@polyloop/backend-epoll/errno";
import { type Explanation, Refusals } from "@polyloop/backend-epoll/refusals";

/** What is said when the kernel refuses something. */
export const refusals = new Refusals("linuxaio", "io_setup", explain);

function explain(syscall: string, errno: number): Explanation {
  if (errno === EPERM) return { remedy: `Allow ${syscall} in the seccomp profile` };
  if (errno === ENOSYS) {
    return {
      meaning: "the kernel was built without CONFIG_AIO, or a seccomp profile hides it",
      remedy: `Allow ${syscall} in the seccomp profile, or use a kernel with CONFIG_AIO`,
    };
  }
  if (syscall !== "io_setup" || errno !== EAGAIN) return {};
  return {
    meaning: `fs.aio-max-nr is used up: ${setting("aio-nr")} of ${setting("aio-max-nr")} are taken`,
    remedy: "Raise fs.aio-max-nr (sysctl -w fs.aio-max-nr=1048576)",
  };
}

function setting(name: string): string {
  try {
    return readFileSync(`/proc/sys/fs/${name}`, "utf8").trim();
  } catch {
    return "?";
  }
}
