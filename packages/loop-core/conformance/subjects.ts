import { READ } from "../src/events.js";
import type { KernelObjects } from "./kernel-objects.js";

/** A file that can be made readable. Its number may change meanwhile, so it is named whenever something is done. */
export interface Subject {
  readonly fd: number;
  /** What to write to, to make it readable; nothing if it always is. */
  readonly source?: number;
  /** Makes the file readable; `number` is any that stands for it. */
  readonly happen: (number: number) => void;
}

/** A kind of file, and how to open one. */
export type SubjectKind = readonly [name: string, open: (objects: KernelObjects) => Subject];

function subject(name: string, open: SubjectKind[1]): SubjectKind {
  return [name, open];
}

/** Files of different kinds, none of them readable yet unless it always is. */
export const SUBJECTS: readonly SubjectKind[] = [
  subject("a pipe", (objects) => {
    const [reader, writer] = objects.pipe();
    return { fd: reader, source: writer, happen: () => objects.send(writer) };
  }),
  subject("a socket", (objects) => {
    const [near, far] = objects.streamPair();
    return { fd: near, source: far, happen: () => objects.send(far) };
  }),
  subject("an eventfd", (objects) => {
    const fd = objects.eventfd();
    return { fd, source: fd, happen: (number) => objects.count(number) };
  }),
  subject("a pty", (objects) => {
    const [master, slave] = objects.pty();
    const happen = (number: number): void => {
      objects.sendLine(master);
      objects.settled(number, READ);
    };
    return { fd: slave, source: master, happen };
  }),
  subject("a regular file", (objects) => ({ fd: objects.file(), happen: () => undefined })),
];
