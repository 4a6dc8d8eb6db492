#include "switchboard/net/resolver.hpp"

#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "switchboard/sys/process.hpp"

namespace switchboard {

// What the loop's thread and those that look names up have in common.
struct Resolver::Shared {
  struct Job {
    LookupId lookup;
    std::string host;
    std::uint16_t port;
  };

  // The loop's thread alone; null once the Resolver is gone.
  Resolver* resolver;

  std::mutex mutex;
  // Under the mutex. Null once the Resolver is gone: held while posting, so that the Reactor, which
  // outlives the Resolver, is there.
  Reactor* reactor;
  std::deque<Job> jobs;
  unsigned threads = 0;
};

Resolver::Resolver(Reactor& reactor) : reactor_(reactor), shared_(std::make_shared<Shared>()) {
  shared_->resolver = this;
  shared_->reactor = &reactor;
}

Resolver::~Resolver() {
  shared_->resolver = nullptr;
  const std::lock_guard lock{shared_->mutex};
  shared_->reactor = nullptr;
  shared_->jobs.clear();
}

Resolver::LookupId Resolver::look_up(const Endpoint& endpoint, Callback callback) {
  const LookupId lookup{++last_id_};
  pending_.emplace(lookup, std::move(callback));
  try {
    begin(lookup, endpoint);
  } catch (...) {
    cancel(lookup);
    throw;
  }
  return lookup;
}

void Resolver::begin(LookupId lookup, const Endpoint& endpoint) {
  if (auto addresses = endpoint.resolve_numeric(); !addresses.empty()) {
    return post(shared_, lookup, {std::move(addresses)});
  }
  // First: where there is no memory for it, no thread has been counted.
  std::function<void()> run = [shared = shared_] { work(shared); };
  {
    const std::lock_guard lock{shared_->mutex};
    shared_->jobs.push_back({lookup, endpoint.host(), endpoint.port()});
    if (shared_->threads == max_threads) return;
    ++shared_->threads;
  }
  // Without the lock: a simulated kernel runs it here and now.
  if (const auto error = sys::start_thread(std::move(run))) {
    std::unique_lock lock{shared_->mutex};
    if (--shared_->threads > 0 || shared_->jobs.empty()) return;  // another one will come to it
    shared_->jobs.clear();  // this one alone: whoever else waited was told likewise
    lock.unlock();
    post(shared_, lookup, {{}, error});
  }
}

void Resolver::cancel(LookupId lookup) {
  if (pending_.erase(lookup) == 0) return;
  const std::lock_guard lock{shared_->mutex};
  std::erase_if(shared_->jobs, [&](const Shared::Job& job) { return job.lookup == lookup; });
}

void Resolver::deliver(LookupId lookup, const sys::Resolution& resolution) {
  auto found = pending_.extract(lookup);
  if (!found.empty()) found.mapped()(resolution);
}

void Resolver::post(const std::shared_ptr<Shared>& shared, LookupId lookup,
                    sys::Resolution resolution) {
  const std::lock_guard lock{shared->mutex};
  if (shared->reactor == nullptr) return;
  shared->reactor->post([shared, lookup, resolution = std::move(resolution)] {
    if (shared->resolver != nullptr) shared->resolver->deliver(lookup, resolution);
  });
}

// On a thread that looks names up: until none is left.
void Resolver::work(const std::shared_ptr<Shared>& shared) {
  for (;;) {
    Shared::Job job;
    {
      const std::lock_guard lock{shared->mutex};
      if (shared->jobs.empty()) {
        --shared->threads;
        return;
      }
      job = std::move(shared->jobs.front());
      shared->jobs.pop_front();
    }
    post(shared, job.lookup, sys::resolve(job.host, job.port));
  }
}

}  // namespace switchboard
