/** The events of inotify(7) that are used here. */
export const IN_CLOSE_WRITE = 0x8;
export const IN_MOVED_FROM = 0x40;
export const IN_MOVED_TO = 0x80;
export const IN_CREATE = 0x100;
export const IN_DELETE = 0x200;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_IGNORED = 0x8000;
/** A flag beside an event: it is about a directory. */
export const IN_ISDIR = 0x40000000;

export interface InotifyEvent {
  readonly mask: number;
  /** The same for the two halves of a rename, 0 for everything else. */
  readonly cookie: number;
  /** The file's name within the watched directory; empty for events of the directory itself. */
  readonly name: string;
}

/** Four numbers of 32 bits: watch, mask, cookie and the length of the name that follows. */
const HEADER = 4;

/**
 * The events in a buffer that read(2) filled: `struct inotify_event`, one behind the other, never cut in two.
 *
 * @param buffer read as numbers of 32 bits: that is the byte order of this machine, and the kernel pads names with NUL so
 * that every event begins at a multiple of four bytes.
 * @param length bytes.
 */
export function* inotifyEvents(buffer: Uint32Array, length: number): Generator<InotifyEvent> {
  const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, length);
  for (let at = 0; at + HEADER <= length / 4; ) {
    const [mask = 0, cookie = 0, size = 0] = buffer.subarray(at + 1, at + HEADER);
    const begin = (at + HEADER) * 4;
    yield { mask, cookie, name: text(bytes.subarray(begin, begin + size)) };
    at += HEADER + size / 4;
  }
}

const utf8 = new TextDecoder();

function text(padded: Uint8Array): string {
  const end = padded.indexOf(0);
  return utf8.decode(end < 0 ? padded : padded.subarray(0, end));
}
