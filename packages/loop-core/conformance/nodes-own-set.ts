import { Socket } from "node:net";
import { READ } from "../src/events.js";
import type { History } from "./histories/history.js";
import { openDescriptors } from "./open-descriptors.js";
import type { Scene } from "./scene.js";

/**
 * The history of an epoll set. No primitive makes one, but Node waits by one of its own; it is made ready through a pipe that
 * Node watches. Nothing may be awaited before the history is over, for Node would read what is in the pipe.
 */
export async function nodesOwnSet(scene: Scene): Promise<History> {
  const { objects } = scene;
  const [reader, writer] = objects.pipe();
  // Node closes this one, and when it does is its own affair.
  const socket = new Socket({ fd: objects.lend(objects.dup(reader)), readable: true, writable: false });
  scene.ignoreDescriptors("Node closes its socket after the test");
  scene.onEnd(() => {
    socket.destroy();
  });
  socket.on("error", () => undefined).resume();
  // Node hands over what it watches before it polls, and from where this runs one immediate may come before that.
  for (let count = 0; count < 2; count++) await new Promise((resolve) => setImmediate(resolve));
  const sets = [...openDescriptors()].filter(([, what]) => what === "anon_inode:[eventpoll]").map(([fd]) => fd);
  const idle = sets.filter((fd) => objects.readiness(fd, READ) === 0);
  objects.send(writer);
  // Other sets are those of other loops and threads.
  const own = idle.find((fd) => objects.readiness(fd, READ) === READ);
  objects.drain(reader);
  if (own === undefined) scene.skip("no epoll set was found that a socket of Node's makes ready");
  return {
    fd: objects.dup(own),
    steps: [
      ["something in it became ready", () => objects.send(writer)],
      ["that was drained", () => void objects.drain(reader)],
    ],
  };
}
