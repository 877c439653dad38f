//===- Session.cpp - Opening a session ------------------------------------===//
#include "Session.h"
#include "Arena.h"
#include "Limits.h"

#include <algorithm>

namespace einfall::rt {
namespace {

/// Largest number of bytes of a dense tensor over the given intervals.
std::optional<uint64_t> maxBytes(std::span<const Extent> shape, DType dtype,
                                 std::span<const Interval> symbols) {
  uint64_t bytes = byteWidth(dtype);
  for (const Extent &extent : shape) {
    std::optional<Interval> range = evaluate(extent, symbols);
    if (!range || __builtin_mul_overflow(bytes, uint64_t(std::max<int64_t>(range->hi, 0)), &bytes))
      return std::nullopt;
  }
  return bytes;
}

/// Name of a symbol of `extent` without bound; empty if there is none.
std::string unboundSymbol(const Extent &extent, const EntryInfo &entry,
                          std::span<const int64_t> bounds) {
  for (const ExtentOp &op : extent.ops)
    if (op.kind == ExtentOp::Symbol && bounds[size_t(op.value)] == INT64_MAX)
      return entry.symbols[size_t(op.value)].name;
  return "";
}

} // namespace

std::optional<int64_t> Session::bound(std::string_view symbol) const {
  for (const auto &[name, value] : bounds_)
    if (name == symbol)
      return value;
  return std::nullopt;
}

Status Session::checkBounds(std::span<const Binding> bounds) const {
  const Manifest &manifest = package_->manifest();
  for (size_t i = 0; i < bounds.size(); ++i) {
    std::string name(bounds[i].name);
    if (bounds[i].value < 1)
      return invalidArgument("bound '" + name + "' is " + std::to_string(bounds[i].value) +
                             ", expected at least 1");
    for (size_t j = 0; j < i; ++j)
      if (bounds[j].name == name)
        return invalidArgument("bound '" + name + "' is given twice");
    bool known =
        std::find(manifest.bounds.begin(), manifest.bounds.end(), name) != manifest.bounds.end();
    for (const EntryInfo &entry : manifest.entries)
      for (const SymbolInfo &symbol : entry.symbols)
        known |= symbol.name == name;
    if (!known)
      return invalidArgument("the package has no symbol '" + name + "'");
    if (int64_t limit = limitOf(manifest, name); bounds[i].value > limit)
      return outOfBounds(
          "bound '" + name + "' is " + std::to_string(bounds[i].value) + ", but it can be " +
          limitText(manifest, name, limit) +
          (limit < 1 ? "" : "; open the session with " + name + " = " + std::to_string(limit)));
  }
  for (const std::string &name : manifest.bounds)
    if (!bound(name))
      return invalidArgument("a session needs a bound for '" + name + "'");
  return {};
}

Status Session::allocateStates() {
  const Manifest &manifest = package_->manifest();
  std::vector<Interval> values;
  for (const std::string &name : manifest.bounds)
    values.push_back({0, *bound(name)});
  for (const StateInfo &state : manifest.states) {
    std::string what = "state '" + state.name + "'";
    std::optional<uint64_t> bytes = maxBytes(state.shape, state.dtype, values);
    if (!bytes)
      return outOfBounds("the size of " + what + " overflows at these bounds");
    Result<MemoryPtr> memory = queue_->allocate(*bytes, what);
    if (!memory)
      return memory.status();
    states_.push_back(std::move(*memory));
  }
  return {};
}

Status Session::checkStateSizes(const Plan &plan, std::span<const Interval> symbols) const {
  for (const BufferInfo &buffer : plan.info->buffers) {
    if (buffer.kind != BufferKind::State)
      continue;
    for (const Extent &extent : buffer.shape)
      if (std::string name = unboundSymbol(extent, *plan.info, plan.bounds); !name.empty())
        return invalidArgument("entry '" + plan.info->name + "' needs a bound for '" + name + "'");
    std::optional<uint64_t> bytes = maxBytes(buffer.shape, buffer.dtype, symbols);
    if (!bytes || *bytes > states_[buffer.index]->size())
      return outOfBounds("entry '" + plan.info->name + "' needs more of state '" +
                         package_->manifest().states[buffer.index].name +
                         "' than these bounds reserve");
  }
  return {};
}

Status Session::planEntry(Plan &plan, uint64_t &arenaBytes) const {
  const EntryInfo &entry = *plan.info;
  std::vector<Interval> symbols;
  for (int64_t bound : plan.bounds)
    symbols.push_back({0, bound});
  EINF_TRY(checkStateSizes(plan, symbols));
  std::vector<ArenaRequest> requests;
  for (const BufferInfo &buffer : entry.buffers) {
    if (buffer.kind != BufferKind::Temporary)
      continue;
    if (std::string name = unboundSymbol(buffer.byteSize, entry, plan.bounds); !name.empty())
      return invalidArgument("entry '" + entry.name + "' needs a bound for '" + name + "'");
    std::optional<Interval> bytes = evaluate(buffer.byteSize, symbols);
    if (!bytes)
      return outOfBounds("entry '" + entry.name + "': the size of temporary '" + buffer.name +
                         "' overflows at these bounds");
    requests.push_back(
        {uint64_t(std::max<int64_t>(bytes->hi, 0)), buffer.firstStep, buffer.lastStep});
  }
  std::optional<ArenaPlan> arena = planArena(requests);
  if (!arena)
    return outOfBounds("entry '" + entry.name + "': the arena overflows at these bounds");
  plan.arenaOffsets = std::move(arena->offsets);
  arenaBytes = std::max(arenaBytes, arena->bytes);
  return {};
}

Status Session::planEntries() {
  const std::vector<EntryInfo> &entries = program_->entries();
  uint64_t arenaBytes = 0;
  plans_.resize(entries.size());
  for (size_t i = 0; i < plans_.size(); ++i) {
    Plan &plan = plans_[i];
    plan.info = &entries[i];
    plan.function = program_->code().entry(i);
    plan.symbols.assign(plan.info->symbols.size(), 0);
    for (const SymbolInfo &symbol : plan.info->symbols) {
      plan.bounds.push_back(bound(symbol.name).value_or(INT64_MAX));
      plan.limits.push_back(limitOf(package_->manifest(), plan.info->name, symbol.name));
    }
    plan.buffers.assign(plan.info->buffers.size(), nullptr);
    plan.arguments.resize(plan.info->buffers.size());
    plan.staging.resize(plan.info->buffers.size());
    plan.fetched.resize(plan.info->buffers.size());
    for (uint32_t b = 0; b < plan.info->buffers.size(); ++b) {
      if (plan.info->buffers[b].kind == BufferKind::Input)
        plan.inputs.push_back(b);
      if (plan.info->buffers[b].kind == BufferKind::Output)
        plan.outputs.push_back(b);
    }
    plan.unusable = planEntry(plan, arenaBytes);
  }
  Result<MemoryPtr> arena = queue_->allocate(arenaBytes, "temporaries");
  if (!arena)
    return arena.status();
  arena_ = std::move(*arena);
  return {};
}

/// What empty buffers point to.
alignas(64) static std::byte emptyBuffer[64];

void Session::fixPointers() {
  for (Plan &plan : plans_) {
    if (!plan.unusable.ok())
      continue;
    size_t temporary = 0;
    for (size_t b = 0; b < plan.buffers.size(); ++b) {
      const BufferInfo &buffer = plan.info->buffers[b];
      void *&pointer = plan.buffers[b];
      if (buffer.kind == BufferKind::Weight)
        pointer = program_->weight(buffer.index);
      else if (buffer.kind == BufferKind::State)
        pointer = states_[buffer.index]->data();
      else if (buffer.kind == BufferKind::Temporary && arena_->data())
        pointer = arena_->data() + plan.arenaOffsets[temporary];
      temporary += buffer.kind == BufferKind::Temporary;
      if (!pointer)
        pointer = emptyBuffer;
    }
  }
}

Result<std::unique_ptr<Session>> Session::open(std::shared_ptr<Package> package,
                                               std::span<const Binding> bounds,
                                               std::string_view device) {
  std::unique_ptr<Session> session(new Session);
  session->package_ = std::move(package);
  for (const Binding &bound : bounds)
    session->bounds_.emplace_back(bound.name, bound.value);
  EINF_TRY(session->checkBounds(bounds));
  Result<std::shared_ptr<Device>> opened = openDevice(device);
  if (!opened)
    return opened.status();
  session->device_ = std::move(*opened);
  Result<std::shared_ptr<Program>> program = session->package_->program(*session->device_);
  if (!program)
    return program.status();
  session->program_ = std::move(*program);
  Result<std::unique_ptr<Queue>> queue = session->program_->makeQueue();
  if (!queue)
    return queue.status();
  session->queue_ = std::move(*queue);
  EINF_TRY(session->allocateStates());
  EINF_TRY(session->planEntries());
  session->fixPointers();
  return session;
}

Session::~Session() {
  // Memory must not go while kernels use it; whom would a failure be told?
  if (queue_)
    (void)queue_->wait().ok();
}

uint64_t Session::stateBytes() const {
  uint64_t bytes = 0;
  for (const MemoryPtr &state : states_)
    bytes += state->size();
  return bytes;
}

} // namespace einfall::rt
