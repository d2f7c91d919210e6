// libev, the way its manual shows it: one ev_io a descriptor.
#ifndef POLYLOOP_BENCH_LOOP_LIBEV_H_
#define POLYLOOP_BENCH_LOOP_LIBEV_H_

// The macros that initialise a watcher cast between types that C says may not alias; libev's manual asks for this.
#pragma GCC diagnostic ignored "-Wstrict-aliasing"

#include <errno.h>
#include <ev.h>

#include "meter.h"

static void on_readable(int index);

struct watcher {
  ev_io io;
  int index;
};

static struct ev_loop* loop;
static unsigned loop_backend;
static struct watcher* loop_watchers;

static inline unsigned backend_flag(const char* backend) {
  if (strcmp(backend, "epoll") == 0) return EVBACKEND_EPOLL;
  if (strcmp(backend, "linuxaio") == 0) return EVBACKEND_LINUXAIO;
  if (strcmp(backend, "iouring") == 0) return EVBACKEND_IOURING;
  fprintf(stderr, "this program has no backend %s\n", backend);
  exit(2);
}

static inline void open_loop(const char* backend, int watchers) {
  loop_backend = backend_flag(backend);
  if ((ev_supported_backends() & loop_backend) == 0) {
    fprintf(stderr, "this libev has no %s\n", backend);
    exit(NOT_BUILT_IN);
  }
  loop = ev_loop_new(loop_backend | EVFLAG_NOENV);
  if (loop == NULL) {
    fprintf(stderr, "libev cannot use %s here: %s\n", backend, strerror(errno));
    exit(1);
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
  // Both silently give way to epoll when the kernel grants no larger ring; linuxaio's share is fs.aio-max-nr.
  if (ev_backend(loop) != loop_backend) {
    fputs("libev gave its backend up for epoll during the round\n", stderr);
    exit(1);
  }
}

static inline void stop_loop(void) {
  ev_break(loop, EVBREAK_ALL);
}

#endif  // POLYLOOP_BENCH_LOOP_LIBEV_H_
