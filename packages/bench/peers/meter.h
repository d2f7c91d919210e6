// What every C program here has in common with src/meter.ts: arguments as name=value, a warm-up, a measurement, and one
// line of JSON at the end. The clock is read once a lap, so that reading it does not show in what is measured.
#ifndef POLYLOOP_BENCH_METER_H_
#define POLYLOOP_BENCH_METER_H_

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LAP = 1000 };

// What a program ends with when its library was built without the backend; src/rounds.ts knows it.
enum { NOT_BUILT_IN = 3 };

static struct {
  int64_t left;       // events until the next look at the clock
  int64_t limit;      // end after this many events and do not warm up; 0: go by time
  int64_t warm_ns;    // length of the warm-up
  int64_t length_ns;  // length of the measurement
  int64_t began;      // when the warm-up began, then when the measurement did
  int64_t began_cpu;
  bool measuring;
  int64_t events;
  int64_t ns;
  int64_t cpu_ns;
} meter;

static inline void die(const char* what) {
  perror(what);
  exit(1);
}

// The value of the argument name=value, or NULL.
static inline const char* argument(char** arguments, const char* name) {
  const size_t length = strlen(name);
  for (; *arguments != NULL; arguments++) {
    if (strncmp(*arguments, name, length) == 0 && (*arguments)[length] == '=') return *arguments + length + 1;
  }
  return NULL;
}

static inline int64_t number(char** arguments, const char* name) {
  const char* value = argument(arguments, name);
  if (value == NULL) {
    fprintf(stderr, "%s=… is missing\n", name);
    exit(2);
  }
  return strtoll(value, NULL, 10);
}

static inline int64_t nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static inline void begin(void) {
  meter.began_cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  meter.began = nanoseconds(CLOCK_MONOTONIC);
}

static inline void open_meter(char** arguments) {
  meter.limit = number(arguments, "events");
  meter.warm_ns = number(arguments, "warm") * 1000000;
  meter.length_ns = number(arguments, "measure") * 1000000;
  meter.measuring = meter.limit > 0;
  meter.left = meter.measuring ? meter.limit : LAP;
  begin();
}

static inline bool lap(void) {
  const int64_t elapsed = nanoseconds(CLOCK_MONOTONIC) - meter.began;
  meter.left = LAP;
  if (!meter.measuring) {
    if (elapsed < meter.warm_ns) return false;
    meter.measuring = true;
    begin();
    return false;
  }
  meter.events += meter.limit > 0 ? meter.limit : LAP;
  if (meter.limit == 0 && elapsed < meter.length_ns) return false;
  meter.ns = elapsed;
  meter.cpu_ns = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - meter.began_cpu;
  meter.left = -1;  // Events that are still pending count no more.
  return true;
}

// Counts an event; true when the measurement is over.
static inline bool tick(void) {
  return --meter.left == 0 && lap();
}

static inline void report(void) {
  printf("{\"events\":%lld,\"ns\":%lld,\"cpuNs\":%lld}\n", (long long)meter.events, (long long)meter.ns,
         (long long)meter.cpu_ns);
}

#endif  // POLYLOOP_BENCH_METER_H_
