import type { FakeDescriptors, FakeFile } from "@polyloop/loop-core/testing";

/** A fake kernel that knows files by their nature. */
export interface KernelOfNatures<Nature, Call = string> {
  readonly descriptors: FakeDescriptors;
  /** Files that cannot be waited for as others can. */
  readonly natures: Pick<WeakMap<FakeFile, Nature>, "set">;
  /** System calls by name. */
  readonly calls: ReadonlyMap<Call, number>;
}

/** The files that a backend watches, and what a test does to them. */
export interface Surroundings<Nature, Call> {
  /** A new descriptor, of which these bits of poll(2) are true; the lowest free number, or the one given. */
  readonly create: (bits?: number, nature?: Nature | "file", number?: number) => number;
  /** Something happened: these bits are true now. */
  readonly raise: (fd: number, bits: number) => void;
  /** These are not true any more. */
  readonly lower: (fd: number, bits: number) => void;
  /** How often a system call was made. */
  readonly calls: (name: Call) => number;
}

/** What surrounds a backend on a fake kernel. */
export function surroundingsOf<Nature extends string, Call>(
  kernel: KernelOfNatures<Nature, Call>,
): Surroundings<Nature, Call> {
  const { descriptors, natures } = kernel;
  return {
    create(bits = 0, nature, number) {
      const fd = descriptors.create(nature !== "file", number);
      const file = descriptors.file(fd);
      file.ready = bits;
      if (nature !== undefined && nature !== "file") natures.set(file, nature);
      return fd;
    },
    raise(fd, bits) {
      descriptors.file(fd).raise(bits);
    },
    lower(fd, bits) {
      descriptors.file(fd).lower(bits);
    },
    calls: (name) => kernel.calls.get(name) ?? 0,
  };
}
