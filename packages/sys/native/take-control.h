#ifndef POLYLOOP_SYS_TAKE_CONTROL_H_
#define POLYLOOP_SYS_TAKE_CONTROL_H_

#include "arguments.h"
#include "control.h"

namespace sys {

// The words of a wake-up: an Int32Array of at least kControlLength elements over shared memory. Shared memory is never
// detached, moved or shrunk, so the pointer stays valid for as long as the array is kept alive.
bool TakeControl(napi_env env, napi_value value, const char* function, int32_t** out);

}  // namespace sys

#endif  // POLYLOOP_SYS_TAKE_CONTROL_H_
