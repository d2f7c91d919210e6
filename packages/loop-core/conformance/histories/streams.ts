import { READ, WRITE } from "../../src/events.js";
import { type Kind, kind } from "./history.js";

/** Pipes, sockets of the UNIX family, terminals. */
export const STREAMS: readonly Kind[] = [
  kind("the read end of a pipe", (objects) => {
    const [reader, writer] = objects.pipe();
    return {
      fd: reader,
      steps: [
        ["a byte was written", () => objects.send(writer)],
        ["it was read", () => void objects.drain(reader)],
        ["another was written", () => objects.send(writer)],
        ["the writer closed its end", () => objects.close(writer)],
        ["the rest was read", () => void objects.drain(reader)],
      ],
    };
  }),
  kind("the write end of a pipe", (objects) => {
    const [reader, writer] = objects.pipe();
    return {
      fd: writer,
      steps: [
        ["it was filled", () => void objects.fill(writer)],
        ["it was emptied", () => void objects.drain(reader)],
        ["it was filled again", () => void objects.fill(writer)],
        ["the reader closed its end", () => objects.close(reader)],
      ],
    };
  }),
  kind("a stream socket", (objects) => {
    const [near, far] = objects.streamPair();
    return {
      fd: near,
      steps: [
        ["the peer sent a byte", () => objects.send(far)],
        ["it was read", () => void objects.drain(near)],
        ["it was filled", () => void objects.fill(near)],
        ["the peer read everything", () => void objects.drain(far)],
        ["it was filled again", () => void objects.fill(near)],
        ["the peer shut down its sending side", () => objects.shutdown(far, "write")],
        ["the peer closed", () => objects.close(far)],
      ],
    };
  }),
  kind("a datagram socket", (objects) => {
    const [near, far] = objects.datagramPair();
    return {
      fd: near,
      steps: [
        ["a datagram came", () => objects.send(far)],
        ["it was read", () => void objects.drain(near)],
        ["it was filled", () => void objects.fill(near)],
        ["the peer read everything", () => void objects.drain(far)],
      ],
    };
  }),
  kind("the slave of a pseudo-terminal", (objects) => {
    const [master, slave] = objects.pty();
    return {
      fd: slave,
      steps: [
        [
          "a line was typed",
          () => {
            objects.sendLine(master);
            objects.settled(slave, READ);
          },
        ],
        ["it was read", () => void objects.drain(slave)],
        [
          "the master closed",
          () => {
            objects.close(master);
            objects.settled(slave, READ);
          },
        ],
      ],
    };
  }),
  kind("the master of a pseudo-terminal", (objects) => {
    const [master, slave] = objects.pty();
    return {
      fd: master,
      steps: [
        [
          "the slave wrote a line",
          () => {
            objects.sendLine(slave);
            objects.settled(master, READ);
          },
        ],
        ["it was read", () => void objects.drain(master)],
        [
          "the slave closed",
          () => {
            objects.close(slave);
            objects.settled(master, READ | WRITE);
          },
        ],
      ],
    };
  }),
];
