import * as sys from "@polyloop/sys";
import { PRIORITY, READ } from "../../src/events.js";
import { type Kind, kind } from "./history.js";

/** TCP and UDP on loopback. */
export const INTERNET: readonly Kind[] = [
  kind("a TCP connection that is closed in both directions", (objects) => {
    const [near, far] = objects.tcpPair();
    return {
      fd: near,
      steps: [
        [
          "the peer sent a byte",
          () => {
            objects.send(far);
            objects.settled(near, READ);
          },
        ],
        ["it was read", () => void objects.drain(near)],
        [
          "the peer shut down its sending side",
          () => {
            objects.shutdown(far, "write");
            objects.settled(near, READ);
          },
        ],
        ["it shut down its own", () => objects.shutdown(near, "write")],
      ],
    };
  }),
  kind("a TCP connection that is reset", (objects) => {
    const [near, far] = objects.tcpPair();
    return {
      fd: near,
      steps: [
        ["the peer reset it", () => objects.reset(near, far)],
        ["the error was asked for", () => void sys.socketError(near)],
      ],
    };
  }),
  kind("a TCP connection that was refused", (objects) => {
    const fd = objects.refused();
    return { fd, steps: [["the error was asked for", () => void sys.socketError(fd)]] };
  }),
  kind("a TCP connection with urgent data", (objects) => {
    const [near, far] = objects.tcpPair();
    return {
      fd: near,
      steps: [
        [
          "an urgent byte came",
          () => {
            objects.sendUrgent(far);
            objects.settled(near, PRIORITY);
          },
        ],
        [
          "an ordinary one came behind it",
          () => {
            objects.send(far);
            objects.settled(near, READ);
          },
        ],
        ["all was read", () => void objects.drain(near)],
      ],
    };
  }),
  kind("a listening TCP socket", (objects) => {
    const fd = objects.listener();
    return {
      fd,
      steps: [
        ["a connection waits", () => void objects.connectTo(fd)],
        ["it was accepted", () => void objects.accept(fd)],
        ["another waits", () => void objects.connectTo(fd)],
        ["it ceased to listen", () => objects.shutdown(fd, "read")],
      ],
    };
  }),
  kind("a UDP socket that receives", (objects) => {
    const [bound, sender] = objects.udpPair();
    return {
      fd: bound,
      steps: [
        [
          "a datagram came",
          () => {
            objects.send(sender);
            objects.settled(bound, READ);
          },
        ],
        ["it was read", () => void objects.drain(bound)],
      ],
    };
  }),
  kind("a UDP socket that sends to nobody", (objects) => {
    const [bound, sender] = objects.udpPair();
    return {
      fd: sender,
      steps: [
        [
          "what it sent was refused",
          () => {
            objects.close(bound);
            objects.send(sender);
            objects.settled(sender, READ);
          },
        ],
        ["the error was asked for", () => void sys.socketError(sender)],
      ],
    };
  }),
];
