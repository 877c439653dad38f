//===- Check.cpp - Runs the tests of a package ----------------------------===//
//
// A test is an entry without inputs whose outputs come in pairs, got<k> and
// expected<k>; the manifest says how each pair compares (einfall/manifest.h).
//
//===----------------------------------------------------------------------===//
#include "Commands.h"
#include "Npy.h"
#include "core/Session.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace einfall::tool {
namespace {

using rt::invalidArgument;
using rt::Status;

/// How a pair compares: within tolerances, or exactly.
struct Expectation {
  bool close = false;
  double atol = 0, rtol = 0;
  std::string where;
};

/// The text up to the next space, taken off `rest`.
std::string word(std::string &rest) {
  size_t space = rest.find(' ');
  std::string first = rest.substr(0, space);
  rest.erase(0, space == std::string::npos ? space : space + 1);
  return first;
}

bool parse(const std::string &text, double &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse(std::string text, Expectation &expectation) {
  std::string kind = word(text);
  expectation.close = kind == "close";
  if (expectation.close &&
      (!parse(word(text), expectation.atol) || !parse(word(text), expectation.rtol)))
    return false;
  expectation.where = text;
  return expectation.close || kind == "eq";
}

bool isFloat(rt::DType dtype) { return dtype <= rt::DType::BF16; }

bool same(const Array &got, const Array &want, size_t i, const Expectation &expectation) {
  size_t width = rt::byteWidth(got.dtype);
  if (std::memcmp(got.data() + i * width, want.data() + i * width, width) == 0)
    return true;
  if (!isFloat(got.dtype))
    return false;
  double a = element(got, i), b = element(want, i);
  if (std::isnan(a) || std::isnan(b))
    return std::isnan(a) && std::isnan(b);
  if (!expectation.close || std::isinf(a) || std::isinf(b))
    return false;
  return std::fabs(a - b) <= expectation.atol + expectation.rtol * std::fabs(b);
}

/// The place of element `i` as text.
std::string indexText(const Array &array, size_t i) {
  std::string text;
  for (size_t d = array.shape.size(); d-- > 0;) {
    size_t extent = size_t(array.shape[d]);
    text = std::to_string(i % extent) + (text.empty() ? "" : ", ") + text;
    i /= extent;
  }
  return "[" + text + "]";
}

/// Where the pair differs; empty if it does not.
std::string difference(const Array &got, const Array &want, const Expectation &expectation) {
  size_t elements = got.bytes / rt::byteWidth(got.dtype), count = 0, first = 0;
  if (got.shape != want.shape)
    return "the shapes differ";
  for (size_t i = 0; i < elements; ++i)
    if (!same(got, want, i, expectation))
      first = count++ == 0 ? i : first;
  if (count == 0)
    return "";
  char numbers[100];
  std::snprintf(numbers, sizeof numbers, "got %.9g, expected %.9g", element(got, first),
                element(want, first));
  return "at " + indexText(got, first) + ": " + numbers + "; " + std::to_string(count) + " of " +
         std::to_string(elements) + (elements == 1 ? " element differs" : " elements differ");
}

/// One test of the package.
class Test {
public:
  Test(PackagePtr package, const rt::EntryInfo &entry, const std::string &device)
      : package_(std::move(package)), entry_(entry), device_(device) {}

  /// Runs it and prints what does not hold.
  Status run(size_t &passed, size_t &failed) {
    EINF_TRY(open());
    EINF_TRY(call());
    for (size_t k = 0; 2 * k + 1 < outputs_.size(); ++k) {
      Expectation expectation;
      const std::string *text = fact(std::to_string(k));
      if (!text || !parse(*text, expectation))
        return rt::badPackage("test '" + entry_.name + "': check " + std::to_string(k) +
                              " is described by no expectation");
      std::string wrong = difference(outputs_[2 * k], outputs_[2 * k + 1], expectation);
      ++(wrong.empty() ? passed : failed);
      if (!wrong.empty())
        std::printf("%s: %s: %s\n", expectation.where.c_str(), entry_.name.c_str(), wrong.c_str());
    }
    return {};
  }

private:
  const std::string *fact(const std::string &name) const {
    return package_->manifest().findMetadata("check." + entry_.name + "." + name);
  }

  /// Sizes come from the test; other entries' states need bounds too.
  Status open() {
    std::vector<rt::Binding> bounds;
    for (const std::string &name : package_->manifest().bounds)
      bounds.push_back({name, 1});
    for (const rt::SymbolInfo &symbol : entry_.symbols) {
      const std::string *text = fact("param." + symbol.name);
      int64_t value = 0;
      if (!text ||
          std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc())
        return invalidArgument("test '" + entry_.name + "' tells no size '" + symbol.name +
                               "': give it in check.params of the function");
      params_.push_back({symbol.name, value});
      std::erase_if(bounds, [&](const rt::Binding &bound) { return bound.name == symbol.name; });
      bounds.push_back({symbol.name, std::max<int64_t>(value, 1)});
    }
    auto session = rt::Session::open(package_, bounds, device_);
    if (!session)
      return session.status();
    session_ = std::move(*session);
    return {};
  }

  Status call() {
    std::vector<rt::TensorView> views;
    for (const rt::BufferInfo &buffer : entry_.buffers) {
      if (buffer.kind != rt::BufferKind::Output)
        continue;
      std::vector<int64_t> shape;
      EINF_TRY(session_->outputShape(entry_.name, {}, params_, outputs_.size(), shape));
      rt::Result<Array> array = makeArray(buffer.dtype, shape);
      if (!array)
        return array.status();
      outputs_.push_back(std::move(*array));
    }
    for (const Array &output : outputs_)
      views.push_back({"", output.data(), output.dtype, output.shape});
    return session_->run(entry_.name, {}, params_, views);
  }

  PackagePtr package_;
  const rt::EntryInfo &entry_;
  const std::string &device_;
  std::vector<rt::Binding> params_;
  std::vector<Array> outputs_;
  std::unique_ptr<rt::Session> session_;
};

} // namespace

Status runChecks(const PackagePtr &package, const Options &options) {
  const rt::Manifest &manifest = package->manifest();
  if (!options.entry.empty() && !manifest.findEntry(options.entry))
    return invalidArgument("the package has no entry '" + options.entry + "'");
  size_t tests = 0, passed = 0, failed = 0;
  for (const rt::EntryInfo &entry : manifest.entries) {
    bool wanted = options.entry.empty() || options.entry == entry.name;
    if (!wanted || !manifest.findMetadata("check." + entry.name + ".0"))
      continue;
    ++tests;
    EINF_TRY(Test(package, entry, options.device).run(passed, failed));
  }
  if (tests == 0)
    return invalidArgument(
        (options.entry.empty() ? "the package" : "entry '" + options.entry + "'") +
        " holds no checks: compile a program with functions of check.expect_eq or "
        "check.expect_close, or compare an entry's outputs with --entry and --expect");
  std::printf("%s: %zu tests, %zu checks hold, %zu fail\n", package->chosenTarget().c_str(), tests,
              passed, failed);
  return failed == 0 ? Status() : invalidArgument(std::to_string(failed) + " checks fail");
}

} // namespace einfall::tool
