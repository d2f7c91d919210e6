import { ChangeList } from "@polyloop/backend-epoll/change-list";
import { LOOK, REMOVE } from "./port.js";

/** Requests to the kernel, in the layout of the port, which is that of epoll's changes, gathered for one native call. */
export class RequestList extends ChangeList {
  /** How many of them are removals. */
  removals = 0;

  /** `operation`: POLL, POLL_MANY, POLL_LIKELY or LOOK. */
  poll(operation: number, fd: number, mask: number, generation: number): void {
    this.push(operation, fd, mask, generation);
  }

  remove(fd: number, generation: number): void {
    this.push(REMOVE, fd, 0, generation);
    this.removals++;
  }

  clear(): void {
    this.count = this.removals = 0;
  }

  isLook(index: number): boolean {
    return this.operation(index) === LOOK;
  }

  isRemoval(index: number): boolean {
    return this.operation(index) === REMOVE;
  }

  /** Drops the polls. */
  keepRemovals(): void {
    const { count } = this;
    this.clear();
    for (let index = 0; index < count; index++) {
      if (this.isRemoval(index)) this.remove(this.fd(index), this.generation(index));
    }
  }
}
