// The workload `ready` in C; src/workloads/ready.ts is the same in TypeScript. LOOP names the library's header.
#include <sys/eventfd.h>

#include LOOP

static void on_readable(int index) {
  (void)index;
  if (tick()) stop_loop();
}

int main(int argc, char** arguments) {
  (void)argc;
  const int count = (int)number(arguments, "count");
  open_loop(argument(arguments, "backend"), count);
  for (int index = 0; index < count; index++) {
    const int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) die("eventfd");
    watch_readable(index, fd);
  }
  open_meter(arguments);
  run_loop();
  report();
  return 0;
}
