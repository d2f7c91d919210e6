// libev, the way its manual shows it: one ev_io a descriptor.
#ifndef POLYLOOP_BENCH_LOOP_LIBEV_H_
#define POLYLOOP_BENCH_LOOP_LIBEV_H_

// The macros that initialise a watcher cast between types that C says may not alias; libev's manual asks for this.
#pragma GCC diagnostic ignored "-Wstrict-aliasing"

#include <ev.h>

#include "meter.h"

static void on_readable(int index);

struct watcher {
  ev_io io;
  int index;
};

static struct ev_loop* loop;
static struct watcher* loop_watchers;

static inline unsigned backend_flag(const char* backend) {
  if (strcmp(backend, "epoll") == 0) return EVBACKEND_EPOLL;
  if (strcmp(backend, "linuxaio") == 0) return EVBACKEND_LINUXAIO;
  if (strcmp(backend, "iouring") == 0) return EVBACKEND_IOURING;
  fprintf(stderr, "this program has no backend %s\n", backend);
  exit(2);
}

static inline void open_loop(const char* backend, int watchers) {
  const unsigned flag = backend_flag(backend);
  loop = ev_loop_new(flag | EVFLAG_NOENV);
  // libev falls back silently to what else it was built with.
  if (loop == NULL || ev_backend(loop) != flag) {
    fprintf(stderr, "this libev cannot use %s here\n", backend);
    exit(2);
  }
  loop_watchers = calloc((size_t)watchers, sizeof *loop_watchers);
  if (loop_watchers == NULL) die("calloc");
}

static void on_event(struct ev_loop* its_loop, ev_io* io, int events) {
  (void)its_loop;
  (void)events;
  on_readable(((struct watcher*)io)->index);
}

static inline void watch_readable(int index, int fd) {
  struct watcher* watcher = &loop_watchers[index];
  watcher->index = index;
  ev_io_init(&watcher->io, on_event, fd, EV_READ);
  ev_io_start(loop, &watcher->io);
}

static inline void run_loop(void) {
  ev_run(loop, 0);
}

static inline void stop_loop(void) {
  ev_break(loop, EVBREAK_ALL);
}

#endif  // POLYLOOP_BENCH_LOOP_LIBEV_H_
