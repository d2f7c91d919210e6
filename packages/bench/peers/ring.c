// The workload `ring` in C; src/workloads/ring.ts is the same in TypeScript. LOOP names the library's header.
#include <fcntl.h>
#include <unistd.h>

#include LOOP

static struct {
  int read_end;
  int next_write_end;
} * pipes;

static void on_readable(int index) {
  char byte;
  if (read(pipes[index].read_end, &byte, 1) != 1 || write(pipes[index].next_write_end, &byte, 1) != 1) die("ring");
  if (tick()) stop_loop();
}

int main(int count, char** arguments) {
  (void)count;
  const int size = (int)number(arguments, "pipes");
  const int64_t active = number(arguments, "active");
  pipes = calloc((size_t)size, sizeof *pipes);
  if (pipes == NULL) die("calloc");
  open_loop(argument(arguments, "backend"), size);
  for (int index = 0; index < size; index++) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) die("pipe2");
    pipes[index].read_end = ends[0];
    pipes[(index + size - 1) % size].next_write_end = ends[1];
    watch_readable(index, ends[0]);
  }
  for (int64_t token = 0; token < active; token++) {
    if (write(pipes[token * size / active].next_write_end, "x", 1) != 1) die("write");
  }
  open_meter(arguments);
  run_loop();
  report();
  return 0;
}
