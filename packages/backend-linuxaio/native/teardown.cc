#include "teardown.h"

#include <polyloop/fork-era.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <list>
#include <mutex>
#include <new>
#include <thread>

namespace backend_linuxaio {
namespace {

// They wait for the same grace periods, so many of them take hardly longer than one.
constexpr size_t kMostThreads = 64;
// What waits for a thread is charged to fs.aio-max-nr, which is everybody's: so many requests of 65536. Beyond it
// somebody opens and closes contexts faster than the kernel can end them, and has to wait.
constexpr int kMostWaiting = 8192;
// For one of 64 to end, in milliseconds; it takes the kernel some tens.
constexpr std::chrono::milliseconds kLongest{1000};

struct Ending {
  aio_context_t id;
  int requests;
};

struct Worker {
  std::atomic<bool> done{false};
  std::thread thread;
};

class Background {
 public:
  explicit Background(uint32_t era) : era_(era) {}

  // Waits until the last context has ended.
  ~Background() {
    for (Worker& worker : workers_) worker.thread.join();
  }

  uint32_t era() const { return era_; }

  // Returns whether a thread will end the context.
  bool Take(Ending context) {
    const std::lock_guard<std::mutex> lock(mutex_);
    workers_.remove_if([](Worker& worker) {
      if (!worker.done) return false;
      worker.thread.join();
      return true;
    });
    if (charge_ + context.requests > kMostWaiting && workers_.size() >= kMostThreads) return false;
    try {
      waiting_.push_back(context);
      charge_ += context.requests;
    } catch (const std::exception&) {
      return false;
    }
    if (workers_.size() >= kMostThreads || Employ() || !workers_.empty()) return true;
    waiting_.pop_back();
    charge_ -= context.requests;
    return false;
  }

  // Waits until a context has ended. Returns false if none is about to.
  bool AwaitOne() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (waiting_.empty() && running_ == 0) return false;
    const uint64_t before = ended_;
    one_ended_.wait_for(lock, kLongest, [this, before] { return ended_ != before; });
    return ended_ != before;
  }

 private:
  bool Employ() {
    try {
      Worker& worker = workers_.emplace_back();
      try {
        worker.thread = std::thread([this, &worker] { Work(&worker); });
        return true;
      } catch (const std::exception&) {
        workers_.pop_back();
      }
    } catch (const std::exception&) {
      // No memory, not even for that.
    }
    return false;
  }

  void Work(Worker* self) {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!waiting_.empty()) {
      const Ending context = waiting_.front();
      waiting_.pop_front();
      charge_ -= context.requests;
      running_++;
      lock.unlock();
      Destroy(context.id);
      lock.lock();
      running_--;
      ended_++;
      one_ended_.notify_all();
    }
    self->done = true;
  }

  const uint32_t era_;
  std::mutex mutex_;
  std::list<Worker> workers_;
  std::deque<Ending> waiting_;
  int charge_ = 0;
  size_t running_ = 0;
  uint64_t ended_ = 0;
  std::condition_variable one_ended_;
};

// A global, because what it waits for outlives the object and even the environment that it belonged to. It goes when
// the process ends, or when the addon is unloaded with its last environment: its code must not run any more.
class Owner {
 public:
  ~Owner() {
    Background* background = current_;
    if (background != nullptr && background->era() == polyloop::CurrentEra()) delete background;
  }

  // Null when there is no memory. A forked child has the memory of its parent's but not the threads, and perhaps a lock
  // that nobody will ever release: it never touches that one again.
  Background* Get() {
    const uint32_t era = polyloop::CurrentEra();
    Background* background = current_;
    if (background != nullptr && background->era() == era) return background;
    auto* fresh = new (std::nothrow) Background(era);
    if (fresh == nullptr || current_.compare_exchange_strong(background, fresh)) return fresh;
    delete fresh;
    return background;
  }

 private:
  std::atomic<Background*> current_{nullptr};
};

Owner& TheOwner() {
  // Before the owner: it is asked when that goes.
  polyloop::CurrentEra();
  static Owner owner;
  return owner;
}

}  // namespace

void Destroy(aio_context_t context) {
  ::syscall(SYS_io_destroy, context);
}

bool AwaitTeardown() {
  Background* background = TheOwner().Get();
  return background != nullptr && background->AwaitOne();
}

void DestroyInBackground(aio_context_t context, int requests) {
  // A signal is meant for a thread that waits in a poll, which it has to end.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  Background* background = TheOwner().Get();
  const bool taken = background != nullptr && background->Take({context, requests});
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!taken) Destroy(context);
}

}  // namespace backend_linuxaio
