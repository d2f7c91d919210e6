// The floor: epoll with no library around it. Every loop-*.h offers the same four functions, and a workload that
// includes one has defined on_readable().
#ifndef POLYLOOP_BENCH_LOOP_BARE_H_
#define POLYLOOP_BENCH_LOOP_BARE_H_

#include <sys/epoll.h>

#include "meter.h"

static void on_readable(int index);

enum { MOST_EVENTS = 1024 };

static int epoll_set;
static bool running;

static inline void open_loop(const char* backend, int watchers) {
  (void)watchers;
  if (strcmp(backend, "epoll") != 0) {
    fprintf(stderr, "this program has no backend %s\n", backend);
    exit(2);
  }
  epoll_set = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_set < 0) die("epoll_create1");
}

static inline void watch_readable(int index, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
  if (epoll_ctl(epoll_set, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

static inline void run_loop(void) {
  static struct epoll_event events[MOST_EVENTS];
  running = true;
  while (running) {
    const int count = epoll_wait(epoll_set, events, MOST_EVENTS, -1);
    for (int at = 0; at < count; at++) on_readable((int)events[at].data.u32);
  }
}

static inline void stop_loop(void) {
  running = false;
}

#endif  // POLYLOOP_BENCH_LOOP_BARE_H_
