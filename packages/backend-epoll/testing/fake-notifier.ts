import { type FakeDescriptors, FakeFile } from "@polyloop/loop-core/testing";
import type { Notifier } from "../src/doorbell.js";
import { EBADF } from "../src/errno.js";
import { IN, OUT } from "../src/poll-masks.js";

/** What the descriptor of an eventfd stands for. */
export class EventFile extends FakeFile {
  constructor() {
    super(true);
    this.ready = OUT;
  }
}

/** An eventfd of a fake kernel, under two numbers; or what stands for one that could not be opened. */
export class FakeNotifier implements Notifier {
  fd: number;
  target: number;
  private readonly file = new EventFile();
  private readonly descriptors: FakeDescriptors;

  constructor(descriptors: FakeDescriptors, errno = 0) {
    this.descriptors = descriptors;
    this.fd = errno === 0 ? descriptors.install(this.file) : -errno;
    this.target = errno === 0 ? descriptors.install(this.file) : -EBADF;
  }

  signal(): number {
    if (this.target < 0) return this.target;
    this.file.raise(IN);
    return 0;
  }

  clear(): number {
    if (this.target < 0) return this.target;
    this.file.lower(IN);
    return 0;
  }

  close(): void {
    if (this.fd >= 0 && this.descriptors.lookup(this.fd) === this.file) this.descriptors.close(this.fd);
    if (this.target >= 0) this.descriptors.close(this.target);
    this.fd = -EBADF;
    this.target = -EBADF;
  }
}
