//===- Session.h - State, arena and calls ---------------------------------===//
//
// A session fixes upper bounds for the symbols, so that everything a call
// needs is allocated when it opens: states, and one arena for the temporaries
// of all entries. Inside the bounds no call allocates (inputs and outputs that
// are not 64-byte aligned are copied through buffers that grow at first use).
// One thread at a time, and a second one is told so; any number of sessions
// share a package. Memory lies on the session's device; so may tensors of a
// call, which are then not copied.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CORE_SESSION_H
#define EINFALL_CORE_SESSION_H

#include "Device.h"
#include "Package.h"
#include "Profile.h"

#include <atomic>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace einfall::rt {

/// A symbol's name with its value.
struct Binding {
  std::string_view name;
  int64_t value = 0;
};

/// A dense row-major tensor of the caller, in host memory or in that of the
/// session's device. An empty name takes the input (output) at its position.
struct TensorView {
  std::string_view name;
  void *data = nullptr;
  DType dtype = DType::F32;
  std::span<const int64_t> shape;
};

class Session {
public:
  /// `bounds` gives the largest value of each symbol by name. All of the
  /// manifest's bounds are needed; an entry whose temporaries depend on
  /// another symbol without one can not be run. `device` as openDevice has it.
  static Result<std::unique_ptr<Session>> open(std::shared_ptr<Package> package,
                                               std::span<const Binding> bounds,
                                               std::string_view device = "cpu");
  ~Session();

  const Package &package() const { return *package_; }
  /// Names of its target and of its device, such as "cuda:0".
  const std::string &target() const { return program_->target(); }
  const std::string &device() const { return device_->name(); }
  uint64_t arenaBytes() const { return arena_->size(); }
  uint64_t stateBytes() const;
  /// What the device had to make do with, a line each, such as text in place of
  /// machine code; usually empty.
  std::string notes() const { return queue_->notes(); }
  /// Bound of the named symbol; nothing if it has none.
  std::optional<int64_t> bound(std::string_view symbol) const;

  /// Makes all states zero.
  Status reset();

  /// What a kernel has counted in all sessions of the package; nothing if it was
  /// not compiled to count.
  std::optional<Counters> counters(const std::string &kernel) const {
    return program_->code().counters(kernel);
  }

  /// Notes the time of every launch of the calls from now on in `profile`;
  /// null ends that.
  void setProfile(Profile *profile) { profile_ = profile; }

  /// Shape of the output at `output` (counting outputs) for these inputs
  /// (only their shapes are looked at) and parameters.
  Status outputShape(std::string_view entry, std::span<const TensorView> inputs,
                     std::span<const Binding> params, size_t output, std::vector<int64_t> &shape);

  /// Runs an entry. Fails, before anything is computed, if dtype, rank,
  /// extent or value range of an input, a parameter or an output does not fit.
  /// Values of tensors on the device are read back for that, with one wait for all
  /// of them, unless EINFALL_CUDA_CHECK_VALUES=0 says that they fit. If all tensors are on
  /// the device, the work may still be under way: what fails then is told by the
  /// next call or by wait().
  Status run(std::string_view entry, std::span<const TensorView> inputs,
             std::span<const Binding> params, std::span<const TensorView> outputs);

  /// Waits until all calls are done.
  Status wait();

private:
  /// What a call of one entry needs, made once.
  struct Plan {
    const EntryInfo *info = nullptr;
    einf_entry_fn function = nullptr;
    std::vector<uint32_t> inputs, outputs; ///< buffer indices
    std::vector<int64_t> symbols, bounds;
    std::vector<int64_t> limits; ///< what the entry takes at all
    std::vector<void *> buffers;
    std::vector<Argument> arguments;   ///< a buffer each, like staging
    std::vector<Staging> staging;      ///< for tensors that cannot be used in place
    std::vector<const void *> fetched; ///< values on the way to the host for a check, or null
    std::vector<uint64_t> arenaOffsets;
    Status unusable; ///< why the entry cannot run, if so
  };

  Session() = default;
  Status checkBounds(std::span<const Binding> bounds) const;
  Status refuseSymbol(const Plan &plan, size_t symbol) const;
  Status allocateStates();
  Status planEntries();
  Status planEntry(Plan &plan, uint64_t &arenaBytes) const;
  Status checkStateSizes(const Plan &plan, std::span<const Interval> symbols) const;
  void fixPointers();

  Result<Plan *> findPlan(std::string_view entry);
  Status bind(Plan &plan, std::span<const TensorView> inputs, std::span<const Binding> params);
  Status bindParams(Plan &plan, std::span<const Binding> params);
  Status checkTensor(const Plan &plan, uint32_t buffer, const TensorView &view);
  Status attach(Plan &plan, uint32_t buffer, const TensorView &view);
  Status checkFetched(Plan &plan, std::span<const TensorView> inputs);
  Status callEntry(Plan &plan);
  Status runPlan(Plan &plan, std::span<const TensorView> inputs,
                 std::span<const TensorView> outputs);
  Status findShape(std::string_view entry, std::span<const TensorView> inputs,
                   std::span<const Binding> params, size_t output, std::vector<int64_t> &shape);
  /// Runs `body` unless another thread is within one.
  template <typename Fn> Status alone(Fn body);
  Status runLocked(std::string_view entry, std::span<const TensorView> inputs,
                   std::span<const Binding> params, std::span<const TensorView> outputs);

  std::shared_ptr<Package> package_;
  std::vector<std::pair<std::string, int64_t>> bounds_;
  std::shared_ptr<Device> device_;
  std::shared_ptr<Program> program_;
  std::unique_ptr<Queue> queue_; // before the memory that it gave
  std::vector<MemoryPtr> states_;
  MemoryPtr arena_;
  std::vector<Plan> plans_;
  Profile *profile_ = nullptr;
  std::atomic<bool> running_{false};
};

} // namespace einfall::rt
#endif
