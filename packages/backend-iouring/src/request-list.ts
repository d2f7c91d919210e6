import { ChangeList } from "@polyloop/backend-epoll/change-list";
import { LOOK, REMOVE } from "./port.js";

/** Requests to the kernel, in the layout of the port, which is that of epoll's changes, gathered for one native call. */
export class RequestList extends ChangeList {
  /** `operation`: POLL, POLL_MANY, POLL_LIKELY or LOOK. */
  poll(operation: number, fd: number, mask: number, generation: number): void {
    this.push(operation, fd, mask, generation);
  }

  remove(fd: number, generation: number): void {
    this.push(REMOVE, fd, 0, generation);
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
    this.count = 0;
    for (let index = 0; index < count; index++) {
      if (this.isRemoval(index)) this.remove(this.fd(index), this.generation(index));
    }
  }
}
