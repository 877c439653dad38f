//===- Timer.h - Times of launches, by the device's clock -----------------===//
#ifndef EINFALL_DEVICES_CUDA_TIMER_H
#define EINFALL_DEVICES_CUDA_TIMER_H

#include "Device.h"
#include "Recording.h"
#include "core/Profile.h"

#include <vector>

namespace einfall::rt::cuda {

/// Events around the launches of one call. The device's context is current.
class Timer {
public:
  Timer(const Driver &driver, Stream stream) : driver_(driver), stream_(stream) {}
  ~Timer() {
    for (Event event : events_)
      driver_.eventDestroy(event);
  }
  Timer(const Timer &) = delete;
  Timer &operator=(const Timer &) = delete;

  /// Before and after each launch, so that the time of one has nothing of what
  /// else the stream does between them.
  Code mark() {
    Event event = nullptr;
    if (Code code = driver_.eventCreate(&event, 0); code != 0)
      return code;
    events_.push_back(event);
    return driver_.eventRecord(event, stream_);
  }

  /// Once the stream is done.
  Code note(Profile &profile, std::span<const Launch> launches) {
    for (size_t i = 0; i < launches.size(); ++i) {
      float milliseconds = 0;
      Code code = driver_.eventElapsed(&milliseconds, events_[2 * i], events_[2 * i + 1]);
      if (code != 0)
        return code;
      profile.note(launches[i].step, double(milliseconds) / 1e3);
    }
    return 0;
  }

private:
  const Driver &driver_;
  Stream stream_;
  std::vector<Event> events_;
};

} // namespace einfall::rt::cuda
#endif
