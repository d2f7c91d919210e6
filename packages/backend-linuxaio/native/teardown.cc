#include "teardown.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <exception>
#include <list>
#include <mutex>
#include <thread>

#include "fork-era.h"

namespace backend_linuxaio {
namespace {

// They wait for the same grace periods, so many of them take hardly longer than one. Beyond this somebody opens and
// closes contexts faster than the kernel can end them, and has to wait.
constexpr size_t kMostThreads = 64;

struct Task {
  std::atomic<bool> done{false};
  std::thread thread;
};

class Background {
 public:
  Background() : era_(CurrentEra()) {}

  // When the process ends, or when the addon is unloaded with its last environment: its code must not run any more.
  ~Background() {
    // A forked child has the list but not the threads; there is nothing to wait for, and nothing to free.
    if (era_ != CurrentEra()) {
      new std::list<Task>(std::move(tasks_));
      return;
    }
    for (Task& task : tasks_) task.thread.join();
  }

  bool Start(aio_context_t context) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (era_ != CurrentEra()) return false;
    tasks_.remove_if([](Task& task) {
      if (!task.done) return false;
      task.thread.join();
      return true;
    });
    if (tasks_.size() >= kMostThreads) return false;
    try {
      Task& task = tasks_.emplace_back();
      try {
        task.thread = std::thread([&task, context] {
          Destroy(context);
          task.done = true;
        });
      } catch (const std::exception&) {
        tasks_.pop_back();
        return false;
      }
    } catch (const std::exception&) {
      return false;
    }
    return true;
  }

 private:
  const uint32_t era_;
  std::mutex mutex_;
  std::list<Task> tasks_;
};

}  // namespace

void Destroy(aio_context_t context) {
  ::syscall(SYS_io_destroy, context);
}

void DestroyInBackground(aio_context_t context) {
  // Global, because what it waits for outlives the object and even the environment that it belonged to.
  static Background background;
  // A signal is meant for a thread that waits in a poll, which it has to end.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const bool started = background.Start(context);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started) Destroy(context);
}

}  // namespace backend_linuxaio
