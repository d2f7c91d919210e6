import { native } from "./native.js";
import { inspectView } from "./views.js";

/**
 * pipe2(2): `out[0]` is the end to read from, `out[1]` the one to write to. Both are non-blocking and close-on-exec.
 *
 * @param out of length 2; untouched on failure.
 * @returns 0, or a negative errno: `-EMFILE`, `-ENFILE`.
 */
export function pipe(out: Int32Array): number {
  inspectView("pipe", "out", out);
  return native().pipe(out);
}

/**
 * socketpair(2) of the UNIX family: two connected sockets, non-blocking and close-on-exec.
 *
 * @param out of length 2; untouched on failure.
 * @param type `"stream"` for bytes, `"dgram"` for messages that keep their bounds.
 * @returns 0, or a negative errno: `-EMFILE`, `-ENFILE`.
 */
export function socketpair(out: Int32Array, type: "stream" | "dgram"): number {
  inspectView("socketpair", "out", out);
  return native().socketpair(out, type);
}

/**
 * A pseudo-terminal: `out[0]` is the master, `out[1]` the slave, in the kernel's default mode (canonical, echo). Both are
 * non-blocking and close-on-exec; neither becomes the controlling terminal.
 *
 * @param out of length 2; untouched on failure.
 * @returns 0, or a negative errno: `-EMFILE`, `-ENOENT` without /dev/ptmx, `-ENOSPC` with too many terminals.
 */
export function openpty(out: Int32Array): number {
  inspectView("openpty", "out", out);
  return native().openpty(out);
}

/**
 * eventfd(2): a counter of 64 bits. Writing eight bytes adds to it, reading eight bytes fetches and clears it; it is
 * readable while it is not 0. Non-blocking and close-on-exec.
 *
 * @param initial 0 (the default) to 0xfffffffe.
 * @returns the descriptor, or a negative errno: `-EMFILE`, `-ENFILE`.
 */
export function eventfd(initial?: number): number {
  return native().eventfd(initial);
}

/**
 * pidfd_open(2): a descriptor that becomes readable when the process ends. Linux 5.3. Non-blocking and close-on-exec.
 *
 * @param pid 1 to 2³¹ − 1.
 * @returns the descriptor, or a negative errno: `-ESRCH` when there is no such process, `-EINVAL` when it is a thread and
 * not the first of its process (on some kernels `-ENOENT`), `-ENOSYS` on older kernels.
 */
export function pidfdOpen(pid: number): number {
  return native().pidfdOpen(pid);
}

/**
 * inotify_init1(2): a descriptor from which changes of watched paths can be read. Non-blocking and close-on-exec.
 *
 * @returns the descriptor, or a negative errno: `-EMFILE`, also beyond the sysctl fs.inotify.max_user_instances.
 */
export function inotifyInit(): number {
  return native().inotifyInit();
}

/**
 * inotify_add_watch(2). A file that is watched already keeps its watch and gets the new mask.
 *
 * @param path without NUL.
 * @param mask bits of inotify(7), 32 of them; negative numbers are what JavaScript's `|` makes of IN_ONESHOT.
 * @returns the watch, ≥ 1, or a negative errno: `-ENOENT`, `-EACCES`, `-EINVAL` when the mask has no event or `fd` is no
 * inotify, `-ENOSPC` beyond the sysctl fs.inotify.max_user_watches.
 */
export function inotifyAddWatch(fd: number, path: string, mask: number): number {
  return native().inotifyAddWatch(fd, path, mask);
}

/**
 * inotify_rm_watch(2). One last event, IN_IGNORED, is still delivered.
 *
 * @param wd a watch that {@link inotifyAddWatch} returned.
 * @returns 0, or a negative errno: `-EINVAL` when there is no such watch.
 */
export function inotifyRemoveWatch(fd: number, wd: number): number {
  return native().inotifyRemoveWatch(fd, wd);
}
