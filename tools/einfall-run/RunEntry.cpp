//===- RunEntry.cpp - Runs one entry on .npy files ------------------------===//
#include "Commands.h"
#include "Npy.h"
#include "core/Session.h"

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace einfall::tool {
namespace {

using rt::BufferInfo;
using rt::BufferKind;
using rt::DType;
using rt::invalidArgument;
using rt::Status;

Status compare(const std::string &name, const Array &got, const Array &want,
               const Options &options) {
  if (got.shape != want.shape)
    return invalidArgument("output '" + name + "' has another shape than expected");
  size_t count = got.bytes / rt::byteWidth(got.dtype), wrong = 0, worst = 0;
  double worstError = -1;
  for (size_t i = 0; i < count; ++i) {
    double a = element(got, i), b = element(want, i);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    double error = std::fabs(a - b);
    if (!(error <= options.atol + options.rtol * std::fabs(b)))
      ++wrong;
    double size = std::isnan(error) ? INFINITY : error;
    if (size > worstError) {
      worstError = size;
      worst = i;
    }
  }
  std::printf("%s: largest error %.3g\n", name.c_str(), std::max(worstError, 0.0));
  if (wrong == 0)
    return {};
  char text[200];
  std::snprintf(text, sizeof text,
                "%zu of %zu elements differ; element %zu is %.9g, expected "
                "%.9g (atol %g, rtol %g)",
                wrong, count, worst, element(got, worst), element(want, worst), options.atol,
                options.rtol);
  return invalidArgument("output '" + name + "': " + text);
}

/// One run of one entry: the arrays and what they are passed as.
class Runner {
public:
  Runner(PackagePtr package, const rt::EntryInfo &entry, const Options &options)
      : package_(std::move(package)), entry_(entry), options_(options) {}

  Status run() {
    EINF_TRY(readInputs());
    EINF_TRY(openSession());
    EINF_TRY(makeOutputs());
    EINF_TRY(call());
    return deliver();
  }

private:
  const BufferInfo *find(BufferKind kind, const std::string &name) const {
    for (const BufferInfo &buffer : entry_.buffers)
      if (buffer.kind == kind && buffer.name == name)
        return &buffer;
    return nullptr;
  }

  Status unknown(const char *what, const std::string &name) const {
    return invalidArgument("entry '" + entry_.name + "' has no " + what + " '" + name + "'");
  }

  Status readInputs() {
    for (const auto &[name, file] : options_.inputs) {
      const BufferInfo *buffer = find(BufferKind::Input, name);
      if (!buffer)
        return unknown("input", name);
      rt::Result<Array> array = readNpy(file);
      if (!array)
        return array.status();
      reinterpret(*array, buffer->dtype); // a wrong dtype is told by the call
      inputs_.push_back(std::move(*array));
    }
    for (size_t i = 0; i < inputs_.size(); ++i)
      inputViews_.push_back(
          {options_.inputs[i].first, inputs_[i].data(), inputs_[i].dtype, inputs_[i].shape});
    for (const auto &[name, value] : options_.params)
      params_.push_back({name, value});
    return {};
  }

  /// A symbol without a --bound is bounded by its value in this call.
  Status openSession() {
    std::vector<rt::Binding> bounds;
    auto add = [&](std::string_view name, int64_t value) {
      for (const rt::Binding &bound : bounds)
        if (bound.name == name)
          return;
      bounds.push_back({name, std::max<int64_t>(value, 1)});
    };
    for (const auto &[name, value] : options_.bounds)
      bounds.push_back({name, value});
    for (const auto &[name, value] : options_.params)
      add(name, value);
    for (const rt::SymbolInfo &symbol : entry_.symbols) {
      if (symbol.source != rt::SymbolSource::InputDim)
        continue;
      for (const rt::TensorView &view : inputViews_)
        if (view.name == entry_.buffers[symbol.buffer].name && symbol.dim < view.shape.size())
          add(symbol.name, view.shape[symbol.dim]);
    }
    std::erase_if(bounds, [&](const rt::Binding &bound) {
      return !isSymbol(bound.name) && !isGivenBound(bound.name);
    });
    auto session = rt::Session::open(package_, bounds, options_.device);
    if (!session)
      return session.status();
    session_ = std::move(*session);
    if (options_.profile || !options_.profileJson.empty())
      session_->setProfile(&profile_);
    return {};
  }

  bool isGivenBound(std::string_view name) const {
    return std::any_of(options_.bounds.begin(), options_.bounds.end(),
                       [&](const auto &b) { return b.first == name; });
  }
  bool isSymbol(std::string_view name) const {
    return std::any_of(entry_.symbols.begin(), entry_.symbols.end(),
                       [&](const auto &s) { return s.name == name; });
  }

  Status makeOutputs() {
    for (const BufferInfo &buffer : entry_.buffers) {
      if (buffer.kind != BufferKind::Output)
        continue;
      std::vector<int64_t> shape;
      EINF_TRY(
          session_->outputShape(entry_.name, inputViews_, params_, outputNames_.size(), shape));
      rt::Result<Array> array = makeArray(buffer.dtype, shape);
      if (!array)
        return array.status();
      outputs_.push_back(std::move(*array));
      outputNames_.push_back(buffer.name);
    }
    for (size_t i = 0; i < outputs_.size(); ++i)
      outputViews_.push_back(
          {outputNames_[i], outputs_[i].data(), outputs_[i].dtype, outputs_[i].shape});
    for (const auto *list : {&options_.outputs, &options_.expected})
      for (const NamedFile &item : *list)
        if (!find(BufferKind::Output, item.first))
          return unknown("output", item.first);
    return {};
  }

  Status call() {
    std::vector<double> times;
    for (int64_t i = 0; i < options_.repeat; ++i) {
      auto begin = std::chrono::steady_clock::now();
      EINF_TRY(session_->run(entry_.name, inputViews_, params_, outputViews_));
      std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
      times.push_back(time.count());
    }
    std::sort(times.begin(), times.end());
    std::printf("%s on %s: %.4f ms", entry_.name.c_str(), session_->target().c_str(),
                times[times.size() / 2]);
    if (times.size() > 1)
      std::printf(" (median of %zu, least %.4f, most %.4f)", times.size(), times.front(),
                  times.back());
    std::printf("; arena %" PRIu64 " bytes, states %" PRIu64 " bytes\n", session_->arenaBytes(),
                session_->stateBytes());
    std::fputs(session_->notes().c_str(), stderr);
    if (options_.profile)
      printProfile(profile_);
    if (!options_.profileJson.empty())
      return writeProfile(*session_, profile_, options_.profileJson);
    return {};
  }

  Status deliver() {
    Status result;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      for (const auto &[name, file] : options_.outputs)
        if (name == outputNames_[i])
          EINF_TRY(writeNpy(file, outputs_[i]));
      for (const auto &[name, file] : options_.expected) {
        if (name != outputNames_[i])
          continue;
        rt::Result<Array> want = readNpy(file);
        if (!want)
          return want.status();
        reinterpret(*want, outputs_[i].dtype);
        Status status = compare(name, outputs_[i], *want, options_);
        if (result.ok())
          result = status;
      }
    }
    return result;
  }

  PackagePtr package_;
  const rt::EntryInfo &entry_;
  const Options &options_;
  std::vector<Array> inputs_, outputs_;
  std::vector<std::string> outputNames_;
  std::vector<rt::TensorView> inputViews_, outputViews_;
  std::vector<rt::Binding> params_;
  rt::Profile profile_; // before the session, which refers to it
  std::unique_ptr<rt::Session> session_;
};

} // namespace

rt::Status runEntry(const PackagePtr &package, const Options &options) {
  const rt::EntryInfo *entry = package->manifest().findEntry(options.entry);
  if (!entry)
    return invalidArgument("the package has no entry '" + options.entry + "'; einfall-run " +
                           options.file + " lists them");
  return Runner(package, *entry, options).run();
}

} // namespace einfall::tool
