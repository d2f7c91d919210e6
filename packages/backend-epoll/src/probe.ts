import { tried } from "./refusals.js";
import { type Availability, errnoCode, errnoText } from "@polyloop/loop-core";
import { ENOSYS } from "./errno.js";
import { HEADER_LENGTH } from "./answers.js";
import { ANSWER_LENGTH, type EpollPort } from "./port.js";

/** Opens a set and waits on it for no time at all. */
export function probe(port: EpollPort): Availability {
  return tried(() => {
    const set = port.open();
    if (set.fd < 0) return refused("epoll_create1", -set.fd);
    const answers = new Int32Array(HEADER_LENGTH + ANSWER_LENGTH);
    const result = set.wait(answers, 0, answers, 0, 0);
    set.close();
    if (result === -ENOSYS) return { ok: true, features: [] };
    return result < 0 ? refused("epoll_pwait2", -result) : { ok: true, features: ["epoll_pwait2"] };
  });
}

function refused(syscall: string, errno: number): Availability {
  return {
    ok: false,
    code: errnoCode(errno),
    reason: `${syscall} failed with ${errnoCode(errno)} (${errnoText(errno)})`,
  };
}
