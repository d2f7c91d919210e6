// How a context ends. io_destroy(2) waits for a grace period of the kernel, tens of milliseconds, even for an empty
// one.
#ifndef POLYLOOP_BACKEND_LINUXAIO_TEARDOWN_H_
#define POLYLOOP_BACKEND_LINUXAIO_TEARDOWN_H_

#include <linux/aio_abi.h>

namespace backend_linuxaio {

// Waits for it.
void Destroy(aio_context_t context);

// Lets a thread of its own wait for it, if one can be had and not too many are waiting already.
void DestroyInBackground(aio_context_t context);

}  // namespace backend_linuxaio

#endif  // POLYLOOP_BACKEND_LINUXAIO_TEARDOWN_H_
