import { DescriptorMap } from "@polyloop/loop-core";

const FREE = -1;
const CANCELLED = -2;

/**
 * The requests that the kernel has. A slot is taken when a request is queued and free again when its answer was read, also
 * when it was cancelled meanwhile: until then the kernel knows the request by the slot's memory.
 */
export class Slots {
  /** How many are taken. */
  inUse = 0;
  /** The descriptor of each slot, or FREE, or CANCELLED. */
  private descriptors = new Int32Array(64).fill(FREE);
  /** The slot of each descriptor's latest request. */
  private readonly latest = new DescriptorMap();
  /** A stack of slots that were used and are free. */
  private free = new Int32Array(64);
  private freeCount = 0;
  /** Slots from here on were never used. */
  private unused = 0;
  /** The batch with which each slot was taken, and the one that is being put together. */
  private batches = new Int32Array(64);
  private batch = 1;

  take(fd: number): number {
    const slot = this.freeCount > 0 ? (this.free[--this.freeCount] as number) : this.unused++;
    if (slot === this.descriptors.length) this.grow();
    this.descriptors[slot] = fd;
    this.batches[slot] = this.batch;
    this.latest.set(fd, slot);
    this.inUse++;
    return slot;
  }

  /** Takes back a descriptor's latest request, and returns its slot. */
  cancel(fd: number): number {
    const slot = this.latest.get(fd);
    this.descriptors[slot] = CANCELLED;
    return slot;
  }

  /** The batch has been handed over. */
  endBatch(): void {
    this.batch++;
  }

  /** Whether a descriptor's latest request is in the batch that was not handed over yet. Returns its slot, or a negative number. */
  unsent(fd: number): number {
    const slot = this.latest.get(fd);
    return this.batches[slot] === this.batch && this.holds(fd) ? slot : FREE;
  }

  /** Whether a descriptor's latest request is here, and wanted. */
  holds(fd: number): boolean {
    const slot = this.latest.get(fd);
    return slot < this.unused && this.descriptors[slot] === fd;
  }

  /** A slot's request is over. Returns its descriptor; a negative number if nobody wants to know. */
  finish(slot: number): number {
    if (slot < 0 || slot >= this.unused) return FREE;
    const fd = this.descriptors[slot] as number;
    if (fd === FREE) return fd;
    this.descriptors[slot] = FREE;
    this.free[this.freeCount++] = slot;
    this.inUse--;
    return fd;
  }

  private grow(): void {
    const { length } = this.descriptors;
    const descriptors = new Int32Array(length * 2).fill(FREE);
    descriptors.set(this.descriptors);
    this.descriptors = descriptors;
    const batches = new Int32Array(length * 2);
    batches.set(this.batches);
    this.batches = batches;
    const free = new Int32Array(length * 2);
    free.set(this.free);
    this.free = free;
  }
}
