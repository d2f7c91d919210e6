// Tells a process from its forked children, which have the same memory but none of its contexts.
#ifndef POLYLOOP_BACKEND_LINUXAIO_FORK_ERA_H_
#define POLYLOOP_BACKEND_LINUXAIO_FORK_ERA_H_

#include <cstdint>

namespace backend_linuxaio {

// A number that stays the same for the life of a process, and is another one in every child. Costs one load.
uint32_t CurrentEra();

}  // namespace backend_linuxaio

#endif  // POLYLOOP_BACKEND_LINUXAIO_FORK_ERA_H_
