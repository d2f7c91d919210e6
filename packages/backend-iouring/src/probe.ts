import { tried } from "@polyloop/backend-epoll/refusals";
import { Answers, HEADER_LENGTH } from "@polyloop/backend-epoll/answers";
import { OUT } from "@polyloop/backend-epoll/poll-masks";
import type { Availability } from "@polyloop/loop-core";
import { refusals } from "./failures.js";
import * as port from "./port.js";
import { RequestList } from "./request-list.js";

const FEATURES: readonly (readonly [name: string, bit: number])[] = [
  ["SINGLE_ISSUER", port.SINGLE_ISSUER],
  ["DEFER_TASKRUN", port.DEFER_TASKRUN],
  ["COOP_TASKRUN", port.COOP_TASKRUN],
  ["TASKRUN_FLAG", port.TASKRUN_FLAG],
  ["SUBMIT_ALL", port.SUBMIT_ALL],
  ["NO_SQARRAY", port.NO_SQARRAY],
  ["CQE_SKIP_SUCCESS", port.SKIP_SUCCESS],
  ["NO_IOWAIT", port.NO_IOWAIT],
  ["multishot polls", port.MULTISHOT],
  ["restricted", port.RESTRICTED],
  ["registered ring", port.REGISTERED_RING],
  ["no descriptor", port.NUMBERLESS],
];

/** Opens a ring and polls an eventfd in it, which can be written at once. */
export function probe(kernel: port.IoUringPort): Availability {
  return tried(() => {
    const ring = kernel.open(1, 2);
    if (ring.error < 0) return refusals.refusal("io_uring_setup", -ring.error);
    try {
      return tryPoll(kernel, ring);
    } finally {
      ring.close();
    }
  });
}

function tryPoll(kernel: port.IoUringPort, ring: port.Ring): Availability {
  const subject = kernel.openNotifier();
  if (subject.fd < 0) return refusals.refusal("eventfd", -subject.fd);
  const requests = new RequestList();
  const answers = new Answers(port.ANSWER_LENGTH);
  const generation = 1;
  const { fd } = subject;
  requests.poll(port.POLL, fd, OUT, generation);
  const count = ring.exchange(requests.words, requests.count, answers.words, 1, 0);
  subject.close();
  if (count < 0 || requests.result(0) < 0)
    return refusals.refusal("io_uring_enter", -Math.min(count, requests.result(0)));
  const [answered, tag, mask = 0] = answers.words.subarray(HEADER_LENGTH, HEADER_LENGTH + port.ANSWER_LENGTH);
  if (count === 1 && mask < 0) return refusals.refusal("a poll with io_uring", -mask);
  if (count !== 1 || answered !== fd || tag !== generation || (mask & OUT) === 0) {
    return { ok: false, code: "ERR_PROBE_FAILED", reason: "a poll of a writable descriptor was not answered rightly" };
  }
  return { ok: true, features: FEATURES.filter(([, bit]) => (ring.features & bit) !== 0).map(([name]) => name) };
}
