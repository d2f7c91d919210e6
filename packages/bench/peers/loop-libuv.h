// libuv: one uv_poll_t a descriptor.
#ifndef POLYLOOP_BENCH_LOOP_LIBUV_H_
#define POLYLOOP_BENCH_LOOP_LIBUV_H_

#include <uv.h>

#include "meter.h"

static void on_readable(int index);

static uv_loop_t loop;
static uv_poll_t* loop_handles;

static inline void open_loop(const char* backend, int watchers) {
  if (strcmp(backend, "epoll") != 0) {
    fprintf(stderr, "this program has no backend %s\n", backend);
    exit(2);
  }
  loop_handles = calloc((size_t)watchers, sizeof *loop_handles);
  if (loop_handles == NULL || uv_loop_init(&loop) != 0) die("uv_loop_init");
}

static void on_event(uv_poll_t* handle, int status, int events) {
  (void)status;
  (void)events;
  on_readable((int)(handle - loop_handles));
}

static inline void watch_readable(int index, int fd) {
  uv_poll_t* handle = &loop_handles[index];
  if (uv_poll_init(&loop, handle, fd) != 0 || uv_poll_start(handle, UV_READABLE, on_event) != 0) die("uv_poll");
}

static inline void run_loop(void) {
  uv_run(&loop, UV_RUN_DEFAULT);
}

static inline void stop_loop(void) {
  uv_stop(&loop);
}

#endif  // POLYLOOP_BENCH_LOOP_LIBUV_H_
