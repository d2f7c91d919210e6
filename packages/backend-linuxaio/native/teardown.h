// How a context ends. io_destroy(2) waits for a grace period of the kernel, tens of milliseconds, even for an empty
// one.
#ifndef POLYLOOP_BACKEND_LINUXAIO_TEARDOWN_H_
#define POLYLOOP_BACKEND_LINUXAIO_TEARDOWN_H_

#include <linux/aio_abi.h>

namespace backend_linuxaio {

// Waits for it.
void Destroy(aio_context_t context);

// Lets a thread of its own wait for the end of a context that was made for so many requests, unless none can be had or
// too many are waiting already.
void DestroyInBackground(aio_context_t context, int requests);

// Waits until one of those has ended, whose place somebody needs. Returns false if there is none.
bool AwaitTeardown();

}  // namespace backend_linuxaio

#endif  // POLYLOOP_BACKEND_LINUXAIO_TEARDOWN_H_
