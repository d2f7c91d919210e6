// libev from its source, with the backends that Debian builds its library without. src/compile.ts puts the directory of
// ev.c among those of the system, where the warnings of our flags do not apply.

// As in a product; of what io_uring then no longer notices, the workloads here do nothing (README.md, libev's source).
#define NDEBUG
// No config.h: what the C library offers is told by its headers, and libev's defaults are what configure finds here.
#define EV_STANDALONE 1
#define EV_USE_EPOLL 1
#define EV_USE_LINUXAIO 1
#define EV_USE_IOURING 1

#include <ev.c>
