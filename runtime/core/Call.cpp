//===- Call.cpp - Checking and running a call -----------------------------===//
#include "Limits.h"
#include "Session.h"

#include <algorithm>
#include <cstring>

namespace einfall::rt {
namespace {

std::string place(const EntryInfo &entry, const BufferInfo &buffer) {
  const char *kind = buffer.kind == BufferKind::Input ? "input" : "output";
  return "entry '" + entry.name + "': " + kind + " '" + buffer.name + "'";
}

std::string listNames(const EntryInfo &entry, std::span<const uint32_t> buffers) {
  std::string text;
  for (uint32_t index : buffers)
    text += (text.empty() ? "'" : ", '") + entry.buffers[index].name + "'";
  return text.empty() ? "none" : text;
}

/// Pairs `views` with the buffers at `wanted`: by name, or by position where a
/// name is empty. Calls `each(buffer, view)`.
template <typename Fn>
Status pair(const EntryInfo &entry, std::span<const uint32_t> wanted,
            std::span<const TensorView> views, const char *kind, Fn each) {
  if (views.size() != wanted.size())
    return invalidArgument("entry '" + entry.name + "': expected " + std::to_string(wanted.size()) +
                           " " + kind + "s (" + listNames(entry, wanted) + "), but got " +
                           std::to_string(views.size()));
  for (size_t i = 0; i < wanted.size(); ++i) {
    const std::string &name = entry.buffers[wanted[i]].name;
    const TensorView *found = nullptr;
    for (size_t j = 0; j < views.size() && !found; ++j)
      if (views[j].name.empty() ? i == j : views[j].name == name)
        found = &views[j];
    if (!found)
      return invalidArgument("entry '" + entry.name + "': " + kind + " '" + name + "' is missing");
    EINF_TRY(each(wanted[i], *found));
  }
  return {};
}

template <typename T>
Status checkRange(const EntryInfo &entry, const BufferInfo &buffer, const TensorView &view,
                  size_t count) {
  const T *data = static_cast<const T *>(view.data);
  auto outside = [&](T v) {
    if constexpr (std::is_same_v<T, uint64_t>)
      if (v > uint64_t(INT64_MAX))
        return true;
    return int64_t(v) < buffer.lo || int64_t(v) >= buffer.hi;
  };
  for (size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, data + i, sizeof value);
    if (!outside(value))
      continue;
    std::string where;
    size_t rest = i;
    for (size_t d = view.shape.size(); d-- > 0;) {
      size_t extent = size_t(view.shape[d]);
      where = std::to_string(rest % extent) + (where.empty() ? "" : ", ") + where;
      rest /= extent;
    }
    return outOfBounds(place(entry, buffer) + " is " + std::to_string(value) + " at [" + where +
                       "], expected a value in [" + std::to_string(buffer.lo) + ", " +
                       std::to_string(buffer.hi) + ")");
  }
  return {};
}

Status checkValues(const EntryInfo &entry, const BufferInfo &buffer, const TensorView &view,
                   size_t count) {
  switch (buffer.dtype) {
  case DType::I8:
    return checkRange<int8_t>(entry, buffer, view, count);
  case DType::I16:
    return checkRange<int16_t>(entry, buffer, view, count);
  case DType::I32:
    return checkRange<int32_t>(entry, buffer, view, count);
  case DType::I64:
    return checkRange<int64_t>(entry, buffer, view, count);
  case DType::U16:
    return checkRange<uint16_t>(entry, buffer, view, count);
  case DType::U32:
    return checkRange<uint32_t>(entry, buffer, view, count);
  case DType::U64:
    return checkRange<uint64_t>(entry, buffer, view, count);
  default:
    return checkRange<uint8_t>(entry, buffer, view, count);
  }
}

/// Product of the shape; nothing if it is negative or overflows.
std::optional<size_t> elements(std::span<const int64_t> shape, DType dtype) {
  size_t bytes = byteWidth(dtype);
  for (int64_t extent : shape)
    if (extent < 0 || __builtin_mul_overflow(bytes, size_t(extent), &bytes))
      return std::nullopt;
  return bytes / byteWidth(dtype);
}

} // namespace

Result<Session::Plan *> Session::findPlan(std::string_view entry) {
  // The names are for the message: a call that finds its entry allocates nothing.
  for (Plan &plan : plans_)
    if (plan.info->name == entry) {
      if (!plan.unusable.ok())
        return plan.unusable;
      return &plan;
    }
  std::string names;
  for (const Plan &plan : plans_)
    names += (names.empty() ? "'" : ", '") + plan.info->name + "'";
  return invalidArgument("the package has no entry '" + std::string(entry) + "'; it has " +
                         (names.empty() ? "none" : names));
}

Status Session::bindParams(Plan &plan, std::span<const Binding> params) {
  const EntryInfo &entry = *plan.info;
  for (const Binding &param : params) {
    bool known = false;
    for (size_t i = 0; i < entry.symbols.size(); ++i)
      known |=
          entry.symbols[i].source == SymbolSource::Param && entry.symbols[i].name == param.name;
    if (!known)
      return invalidArgument("entry '" + entry.name + "' has no parameter '" +
                             std::string(param.name) + "'");
  }
  for (size_t i = 0; i < entry.symbols.size(); ++i) {
    const SymbolInfo &symbol = entry.symbols[i];
    if (symbol.source == SymbolSource::Bound)
      plan.symbols[i] = plan.bounds[i];
    if (symbol.source != SymbolSource::Param)
      continue;
    const Binding *found = nullptr;
    for (const Binding &param : params)
      if (param.name == symbol.name)
        found = &param;
    if (!found)
      return invalidArgument("entry '" + entry.name + "': parameter '" + symbol.name +
                             "' is missing");
    plan.symbols[i] = found->value;
  }
  return {};
}

/// What is wrong with the value of a symbol: beyond what the entry takes at all, or
/// beyond what the session was opened for.
Status Session::refuseSymbol(const Plan &plan, size_t symbol) const {
  const Manifest &manifest = package_->manifest();
  const std::string &name = plan.info->symbols[symbol].name;
  int64_t value = plan.symbols[symbol];
  std::string what = "entry '" + plan.info->name +
                     "': " + describeSymbol(manifest, *plan.info, symbol) + " is " +
                     std::to_string(value);
  if (value < 0)
    return invalidArgument(what + ", expected no negative number");
  if (value > plan.limits[symbol])
    return outOfBounds(what + ", but it can be " + limitText(manifest, name, plan.limits[symbol]) +
                       (plan.limits[symbol] < 0 ? "" : "; give shorter inputs"));
  std::string most = plan.limits[symbol] == INT64_MAX
                         ? ""
                         : " (" + limitText(manifest, name, plan.limits[symbol]) + ")";
  return outOfBounds(what + ", beyond the session's bound " + name + " = " +
                     std::to_string(plan.bounds[symbol]) + "; open the session with " + name +
                     " = " + std::to_string(value) + " or more" + most);
}

/// Gives every symbol of the entry its value and checks it against the bound.
Status Session::bind(Plan &plan, std::span<const TensorView> inputs,
                     std::span<const Binding> params) {
  const EntryInfo &entry = *plan.info;
  EINF_TRY(bindParams(plan, params));
  EINF_TRY(pair(
      entry, plan.inputs, inputs, "input", [&](uint32_t index, const TensorView &view) -> Status {
        const BufferInfo &buffer = entry.buffers[index];
        if (view.dtype != buffer.dtype)
          return invalidArgument(place(entry, buffer) + ": expected dtype " +
                                 std::string(nameOf(buffer.dtype)) + ", but got " +
                                 std::string(nameOf(view.dtype)));
        if (view.shape.size() != buffer.shape.size())
          return invalidArgument(place(entry, buffer) + ": expected rank " +
                                 std::to_string(buffer.shape.size()) + " " +
                                 shapeToString(buffer.shape, symbolNames(entry)) + ", but got " +
                                 std::to_string(view.shape.size()));
        for (size_t i = 0; i < entry.symbols.size(); ++i)
          if (entry.symbols[i].source == SymbolSource::InputDim && entry.symbols[i].buffer == index)
            plan.symbols[i] = view.shape[entry.symbols[i].dim];
        return {};
      }));
  for (size_t i = 0; i < entry.symbols.size(); ++i)
    if (plan.symbols[i] < 0 || plan.symbols[i] > std::min(plan.bounds[i], plan.limits[i]))
      return refuseSymbol(plan, i);
  return {};
}

Status Session::checkTensor(const Plan &plan, uint32_t index, const TensorView &view) {
  const EntryInfo &entry = *plan.info;
  const BufferInfo &buffer = entry.buffers[index];
  if (view.dtype != buffer.dtype || view.shape.size() != buffer.shape.size())
    return invalidArgument(
        place(entry, buffer) + ": expected " + std::string(nameOf(buffer.dtype)) + " of rank " +
        std::to_string(buffer.shape.size()) + ", but got " + std::string(nameOf(view.dtype)) +
        " of rank " + std::to_string(view.shape.size()));
  for (size_t d = 0; d < buffer.shape.size(); ++d) {
    std::optional<int64_t> want = evaluate(buffer.shape[d], plan.symbols);
    if (want && *want == view.shape[d])
      continue;
    std::string text = toString(buffer.shape[d], symbolNames(entry));
    std::string number = want ? std::to_string(*want) : "out of range";
    return invalidArgument(place(entry, buffer) + ", dimension " + std::to_string(d) +
                           ": expected " + (text == number ? text : text + " = " + number) +
                           ", but got " + std::to_string(view.shape[d]));
  }
  std::optional<size_t> count = elements(view.shape, view.dtype);
  if (!count)
    return invalidArgument(place(entry, buffer) + ": the size overflows");
  if (*count != 0 && !view.data)
    return invalidArgument(place(entry, buffer) + ": the pointer is null");
  return {};
}

Status Session::attach(Plan &plan, uint32_t index, const TensorView &view) {
  const EntryInfo &entry = *plan.info;
  const BufferInfo &buffer = entry.buffers[index];
  size_t count = *elements(view.shape, view.dtype);
  Result<Place> found = queue_->placeOf(view.data);
  if (!found)
    return Status(found.status().code(), place(entry, buffer) + " " + found.status().message());
  Argument &argument = plan.arguments[index];
  argument = {view.data, count * byteWidth(view.dtype), *found, buffer.kind == BufferKind::Input};
  if (buffer.hasRange && *found == Place::Host)
    EINF_TRY(checkValues(entry, buffer, view, count));
  if (buffer.hasRange && *found == Place::Device && count != 0) {
    Result<const void *> values = queue_->fetch(argument, plan.staging[index]);
    if (!values)
      return values.status();
    plan.fetched[index] = *values;
  }
  Result<void *> address = queue_->attach(argument, plan.staging[index]);
  if (!address)
    return address.status();
  plan.buffers[index] = *address;
  return {};
}

/// Kernels count on the ranges: what breaks one would have them read outside of
/// a tensor, on a device as on the host.
Status Session::checkFetched(Plan &plan, std::span<const TensorView> inputs) {
  if (std::ranges::none_of(plan.fetched, [](const void *values) { return values != nullptr; }))
    return {};
  EINF_TRY(queue_->wait());
  return pair(*plan.info, plan.inputs, inputs, "input",
              [&](uint32_t index, const TensorView &view) -> Status {
                if (!plan.fetched[index])
                  return {};
                TensorView values = view;
                values.data = const_cast<void *>(plan.fetched[index]);
                return checkValues(*plan.info, plan.info->buffers[index], values,
                                   *elements(view.shape, view.dtype));
              });
}

Status Session::findShape(std::string_view entry, std::span<const TensorView> inputs,
                          std::span<const Binding> params, size_t output,
                          std::vector<int64_t> &shape) {
  Result<Plan *> found = findPlan(entry);
  if (!found)
    return found.status();
  Plan &plan = **found;
  if (output >= plan.outputs.size())
    return invalidArgument("entry '" + std::string(entry) + "' has " +
                           std::to_string(plan.outputs.size()) + " outputs");
  EINF_TRY(bind(plan, inputs, params));
  const BufferInfo &buffer = plan.info->buffers[plan.outputs[output]];
  shape.clear();
  for (const Extent &extent : buffer.shape) {
    std::optional<int64_t> value = evaluate(extent, plan.symbols);
    if (!value || *value < 0)
      return invalidArgument(place(*plan.info, buffer) + ": extent " +
                             toString(extent, symbolNames(*plan.info)) + " is " +
                             (value ? std::to_string(*value) : "out of range") + " here");
    shape.push_back(*value);
  }
  return {};
}

Status Session::runLocked(std::string_view entry, std::span<const TensorView> inputs,
                          std::span<const Binding> params, std::span<const TensorView> outputs) {
  Result<Plan *> found = findPlan(entry);
  if (!found)
    return found.status();
  Plan &plan = **found;
  EINF_TRY(bind(plan, inputs, params));
  return queue_->finish(runPlan(plan, inputs, outputs));
}

/// What runLocked() ends, whichever way it went.
Status Session::runPlan(Plan &plan, std::span<const TensorView> inputs,
                        std::span<const TensorView> outputs) {
  auto prepare = [&](uint32_t index, const TensorView &view) -> Status {
    EINF_TRY(checkTensor(plan, index, view));
    return attach(plan, index, view);
  };
  std::ranges::fill(plan.fetched, nullptr);
  EINF_TRY(pair(*plan.info, plan.inputs, inputs, "input", prepare));
  EINF_TRY(checkFetched(plan, inputs));
  EINF_TRY(pair(*plan.info, plan.outputs, outputs, "output", prepare));

  EINF_TRY(callEntry(plan));
  for (uint32_t index : plan.outputs)
    EINF_TRY(queue_->detach(plan.arguments[index], plan.buffers[index], plan.staging[index]));
  return {};
}

Status Session::callEntry(Plan &plan) {
  const std::string &name = plan.info->name;
  Result<int32_t> returned = queue_->run({*plan.info, size_t(&plan - plans_.data()), plan.function,
                                          plan.symbols, plan.buffers.data(), profile_});
  if (!returned)
    return returned.status();
  if (*returned == 0)
    return {};
  // It is the number of an assumption on the sizes that does not hold.
  std::string number = std::to_string(*returned);
  const std::string *broken = package_->manifest().findMetadata("assume." + name + "." + number);
  return invalidArgument("entry '" + name + "' " +
                         (broken ? "needs " + *broken + " >= 0, which these sizes break"
                                 : "returned error " + number));
}

template <typename Fn> Status Session::alone(Fn body) {
  if (running_.exchange(true, std::memory_order_acquire))
    return invalidArgument("the session is in use by another thread");
  struct Release {
    std::atomic<bool> &running;
    ~Release() { running.store(false, std::memory_order_release); }
  } release{running_};
  return body();
}

Status Session::run(std::string_view entry, std::span<const TensorView> inputs,
                    std::span<const Binding> params, std::span<const TensorView> outputs) {
  return alone([&] { return runLocked(entry, inputs, params, outputs); });
}

Status Session::outputShape(std::string_view entry, std::span<const TensorView> inputs,
                            std::span<const Binding> params, size_t output,
                            std::vector<int64_t> &shape) {
  return alone([&] { return findShape(entry, inputs, params, output, shape); });
}

Status Session::reset() {
  return alone([&]() -> Status {
    for (MemoryPtr &state : states_)
      EINF_TRY(queue_->clear(*state));
    return {};
  });
}

Status Session::wait() {
  return alone([&] { return queue_->wait(); });
}

} // namespace einfall::rt
