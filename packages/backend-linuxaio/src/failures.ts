import { readFileSync } from "node:fs";
import { type Availability, BackendFailure, BackendUnavailable, errnoCode, errnoText } from "@polyloop/loop-core";
import { EAGAIN, ENOSYS, EPERM } from "@polyloop/backend-epoll/errno";

type Unavailable = Extract<Availability, { ok: false }>;

/** Why a system call failed, and what to do about it, for programs and for people. */
export function refusal(syscall: string, errno: number): Unavailable {
  const code = errnoCode(errno);
  return {
    ok: false,
    code,
    reason: `${syscall} failed with ${code} (${meaning(syscall, errno)})`,
    remedy: remedy(syscall, errno),
  };
}

/** No context could be opened. */
export function unavailable(errno: number): BackendUnavailable {
  const { code, reason, remedy } = refusal("io_setup", errno);
  return new BackendUnavailable("linuxaio", code, reason, { syscall: "io_setup", errno: -errno, remedy });
}

/** The kernel has run out of something that every descriptor needs. */
export function exhausted(syscall: string, errno: number): BackendFailure {
  const { reason, remedy } = refusal(syscall, errno);
  return new BackendFailure(reason, { syscall, errno: -errno, remedy });
}

function meaning(syscall: string, errno: number): string {
  if (syscall !== "io_setup") return errnoText(errno);
  if (errno === EAGAIN) return `fs.aio-max-nr is used up: ${setting("aio-nr")} of ${setting("aio-max-nr")} are taken`;
  if (errno === ENOSYS) return "the kernel was built without CONFIG_AIO, or a seccomp profile hides it";
  return errnoText(errno);
}

function remedy(syscall: string, errno: number): string | undefined {
  if (errno === EPERM) return `Allow ${syscall} in the seccomp profile`;
  if (syscall === "io_setup" && errno === EAGAIN) return "Raise fs.aio-max-nr (sysctl -w fs.aio-max-nr=1048576)";
  if (errno === ENOSYS) return `Allow ${syscall} in the seccomp profile, or use a kernel with CONFIG_AIO`;
  return undefined;
}

function setting(name: string): string {
  try {
    return readFileSync(`/proc/sys/fs/${name}`, "utf8").trim();
  } catch {
    return "?";
  }
}
