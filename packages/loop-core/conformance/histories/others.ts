import { READ } from "../../src/events.js";
import { AFTER_FIRST_CHILD } from "../kernel-objects.js";
import { type Kind, kind } from "./history.js";

/** The most an event counter holds: there is no room for one more. */
const FULL = 0xffff_ffff_ffff_fffen;

/** Descriptors that are no streams. */
export const OTHERS: readonly Kind[] = [
  kind("an eventfd", (objects) => {
    const fd = objects.eventfd();
    return {
      fd,
      steps: [
        ["it was counted up", () => objects.count(fd)],
        ["it was read", () => void objects.drain(fd)],
        ["it was counted up as far as it goes", () => objects.count(fd, FULL)],
        ["it was read again", () => void objects.drain(fd)],
      ],
    };
  }),
  kind("a timerfd", (objects) => {
    const fd = objects.timerfd(20);
    return {
      fd,
      steps: [
        ["it expired", () => objects.settled(fd, READ)],
        ["it was read", () => void objects.drain(fd)],
      ],
    };
  }),
  kind("an inotify descriptor", (objects) => {
    const { fd, touch } = objects.inotify();
    return {
      fd,
      steps: [
        ["a file was made", touch],
        ["the event was read", () => void objects.drain(fd)],
      ],
    };
  }),
  kind(
    "a pidfd",
    (objects) => {
      const { fd, kill } = objects.child();
      return {
        fd,
        steps: [
          [
            "the process ended",
            () => {
              kill();
              objects.settled(fd, READ);
            },
          ],
        ],
      };
    },
    AFTER_FIRST_CHILD,
  ),
  kind("a sysfs attribute", (objects) => {
    const fd = objects.attribute();
    return fd === undefined ? undefined : { fd, steps: [["it was read", () => void objects.drain(fd)]] };
  }),
  kind("a regular file", (objects) => ({ fd: objects.file(), steps: [] })),
  kind("a directory", (objects) => ({ fd: objects.directory(), steps: [] })),
  kind("/dev/null", (objects) => ({ fd: objects.devNull(), steps: [] })),
];
