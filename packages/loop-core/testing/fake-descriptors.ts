/** What a descriptor stands for: kept alive by every number, and every kernel object, that refers to it. */
export class FakeFile {
  /** Regular files and their like have no wait queue. */
  readonly pollable: boolean;
  /** Called whenever something happened to it. */
  readonly wakes = new Set<() => void>();
  /** Counts the wake-ups, for whoever is told of edges. */
  edges = 0;
  references = 0;
  private bits = 0;

  constructor(pollable: boolean) {
    this.pollable = pollable;
  }

  /** The bits of poll(2) that are true of it now. */
  get ready(): number {
    return this.bits;
  }

  set ready(bits: number) {
    this.bits = bits;
  }

  /** Something happened: these bits are true now, and whoever waits is woken. */
  raise(bits: number): void {
    this.bits |= bits;
    this.edges++;
    for (const wake of this.wakes) wake();
  }

  /** These bits are no longer true. */
  lower(bits: number): void {
    this.bits &= ~bits;
  }
}

/** Descriptor numbers and the files they stand for, on which the fake kernels of several backends can be built. */
export class FakeDescriptors {
  /** Called when a file is gone. */
  readonly onGone = new Set<(file: FakeFile) => void>();
  private readonly files = new Map<number, FakeFile>();

  /** Opens a file under the lowest free number, or under the one given. */
  create(pollable = true, fd = this.lowestFree()): number {
    return this.install(new FakeFile(pollable), fd);
  }

  /** Gives a file a number. */
  install(file: FakeFile, fd = this.lowestFree()): number {
    if (this.files.has(fd)) this.close(fd);
    file.references++;
    this.files.set(fd, file);
    return fd;
  }

  /** dup2(2): another number for the same file. */
  dup(fd: number, to = this.lowestFree()): number {
    return this.install(this.file(fd), to);
  }

  /** Closes a number; the file goes with the last reference. */
  close(fd: number): void {
    const file = this.file(fd);
    this.files.delete(fd);
    this.release(file);
  }

  /** A kernel object lets go of a file. */
  release(file: FakeFile): void {
    file.references--;
    if (file.references > 0) return;
    for (const gone of this.onGone) gone(file);
  }

  /** What a number stands for. */
  file(fd: number): FakeFile {
    const file = this.files.get(fd);
    if (file === undefined) throw new Error(`the test uses descriptor ${String(fd)}, which is not open`);
    return file;
  }

  /** The same, for a kernel's own use. */
  lookup(fd: number): FakeFile | undefined {
    return this.files.get(fd);
  }

  private lowestFree(): number {
    let fd = 3;
    while (this.files.has(fd)) fd++;
    return fd;
  }
}
