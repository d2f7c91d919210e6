import { isInt32 } from "./int32.js";
import { native } from "./native.js";
import { FD, LENGTH, OFFSET, PinnedTransfer, REFUSED, RESULT } from "./pinned.js";

// `read` and `write` begin with the same lines, on purpose twice: shared, they would be a call that no longer knows what
// it calls. An element that is there shows that the view is not detached, and no getter or Proxy can pretend it: the
// view is the very object that was checked. Nothing between that look and the system call can run JavaScript.
const reading = new PinnedTransfer("read");
const writing = new PinnedTransfer("write");

/**
 * read(2): up to `length` bytes from `fd` into `view`, from byte `offset` on.
 *
 * @param fd a descriptor, 0 to 2³¹ − 1.
 * @param view any typed array, Buffer or DataView over memory that is neither shared nor resizable.
 * @param offset in bytes, whatever the type of the view; 0 to `view.byteLength`.
 * @param length in bytes, 0 to `view.byteLength - offset`, which is the default.
 * @returns the number of bytes read, 0 at the end of the stream (or when `length` is 0), or a negative errno: `-EAGAIN`
 * when there is nothing to read, `-EBADF`, `-EISDIR`, … It is never `-EINTR`.
 */
export function read(fd: number, view: ArrayBufferView, offset?: number, length?: number): number {
  if (isInt32(fd) && isInt32(offset) && isInt32(length) && view === reading.view && reading.view[0] !== undefined) {
    const { words } = reading;
    words[FD] = fd;
    words[OFFSET] = offset;
    words[LENGTH] = length;
    reading.run();
    const result = words[RESULT] as number;
    if (result !== REFUSED) return result;
  }
  reading.note(view);
  return native().read(fd, view, offset, length);
}

/**
 * write(2): up to `length` bytes of `view`, from byte `offset` on, to `fd`. Arguments as in {@link read}.
 *
 * @returns the number of bytes written, which may be less than asked for, or a negative errno: `-EAGAIN` when there is no
 * room, `-EPIPE` when nobody reads (no SIGPIPE is raised, for Node ignores it), … It is never `-EINTR`.
 */
export function write(fd: number, view: ArrayBufferView, offset?: number, length?: number): number {
  if (isInt32(fd) && isInt32(offset) && isInt32(length) && view === writing.view && writing.view[0] !== undefined) {
    const { words } = writing;
    words[FD] = fd;
    words[OFFSET] = offset;
    words[LENGTH] = length;
    writing.run();
    const result = words[RESULT] as number;
    if (result !== REFUSED) return result;
  }
  writing.note(view);
  return native().write(fd, view, offset, length);
}

/**
 * send(2) of one byte of urgent (out-of-band) data, which poll(2) reports as `POLLPRI` on the other side.
 *
 * @param fd a connected TCP socket.
 * @param byte 0 to 255.
 * @returns 1, or a negative errno: `-EPIPE`, `-ENOTSOCK`, `-EOPNOTSUPP`, …
 */
export function sendUrgent(fd: number, byte: number): number {
  return native().sendUrgent(fd, byte);
}
