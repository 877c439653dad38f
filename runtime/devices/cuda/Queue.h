//===- Queue.h - A session's stream on a GPU ------------------------------===//
#ifndef EINFALL_DEVICES_CUDA_QUEUE_H
#define EINFALL_DEVICES_CUDA_QUEUE_H

#include "Graph.h"
#include "Memory.h"
#include "Program.h"
#include "Timer.h"
#include "Trail.h"

namespace einfall::rt::cuda {

/// Tensors of the host go through pinned memory; the host waits at the end of a
/// call that has such tensors. The stream keeps the order of the legacy
/// default stream, on which other libraries work unless told otherwise.
class GpuQueue : public Queue {
public:
  explicit GpuQueue(std::shared_ptr<GpuProgram> program);
  ~GpuQueue() override;
  Status open();

  Result<MemoryPtr> allocate(uint64_t bytes, const std::string &what) override;
  Status clear(DeviceMemory &memory) override;
  Result<Place> placeOf(const void *data) const override;
  Result<const void *> fetch(const Argument &argument, Staging &staging) override;
  Result<void *> attach(const Argument &argument, Staging &staging) override;
  Result<int32_t> run(const EntryCall &call) override;
  Status detach(const Argument &argument, void *address, Staging &staging) override;
  Status finish(Status status) override;
  Status wait() override;
  std::string notes() const override { return program_->note() + notes_; }

private:
  /// Bytes that have come to pinned memory once the stream is done.
  struct Delivery {
    void *target;
    const void *source;
    uint64_t bytes;
  };
  /// What the end of the call under way has to see to.
  struct Ending {
    bool hostOwns = false; ///< one of the call's tensors
    bool underWay = false; ///< copies from or to pinned memory
    std::vector<Delivery> deliveries;

    /// For the next call; keeps the memory.
    void clear() {
      hostOwns = underWay = false;
      deliveries.clear();
    }
  };

  Status reserve(const Argument &argument, Staging &staging);
  Status grow(MemoryPtr &memory, uint64_t bytes, decltype(allocateBlock) *allocate);
  Status launchAll(const EntryCall &call);
  Result<bool> launchGraph(const EntryCall &call);
  Status launchEach(Timer *timer);
  Code launch(const Launch &launch);
  Status failure(const std::string &what, Code code);
  Status failedCopy(Code code);

  std::shared_ptr<GpuProgram> program_;
  Gpu &gpu_;
  const Driver &driver_;
  Stream stream_ = nullptr;
  Recording recording_;
  Trail trail_;
  std::vector<GraphCache> graphs_; ///< an entry each
  bool useGraphs_, checkValues_;
  std::string notes_;
  Ending ending_;
};

Result<std::unique_ptr<Queue>> openQueue(std::shared_ptr<GpuProgram> program);

} // namespace einfall::rt::cuda
#endif
