//===- Generator.cpp - Text from a causal language model ------------------===//
#include "Generator.h"
#include "Limits.h"
#include "Sampler.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace einfall::rt {
namespace {

double now() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

/// Comma-separated decimals of a metadata value; none if absent.
std::vector<int64_t> numbers(const Manifest &manifest, std::string_view key) {
  std::vector<int64_t> values;
  const std::string *text = manifest.findMetadata(key);
  const char *at = text ? text->data() : nullptr;
  const char *end = text ? at + text->size() : nullptr;
  while (at != end) {
    int64_t value;
    auto [next, error] = std::from_chars(at, end, value);
    if (error == std::errc())
      values.push_back(value);
    at = std::find(next, end, ',');
    at += at != end;
  }
  return values;
}

/// The rows of one generation, and the buffers of its calls.
class Generation {
public:
  Generation(Session &session, const TokenRows &prompts, const GenerateOptions &options,
             TokenRows &out)
      : session_(session), prompts_(prompts), options_(options), out_(out),
        sampler_(options.temperature, options.topK, options.seed) {}

  Status prepare() {
    const Manifest &manifest = session_.package().manifest();
    if (manifest.modelKind != "causal-lm" || !manifest.findEntry("next"))
      return invalidArgument("the package is no causal language model (kind '" +
                             manifest.modelKind + "')");
    if (prompts_.empty())
      return invalidArgument("there is no prompt");
    for (size_t row = 0; row < prompts_.size(); ++row) {
      if (prompts_[row].empty())
        return invalidArgument("prompt " + std::to_string(row) + " is empty");
      length_ = std::max(length_, int64_t(prompts_[row].size()));
    }
    int64_t context = session_.bound("c").value_or(INT64_MAX);
    int64_t steps = std::max<int64_t>(options_.maxNewTokens - 1, 0);
    if (length_ > context || steps > context - length_)
      return outOfBounds("a prompt of " + std::to_string(length_) + " tokens and " +
                         std::to_string(options_.maxNewTokens) +
                         " new ones exceed the session's context c = " + std::to_string(context));
    int64_t limit = limitOf(manifest, "t");
    if (length_ > limit || steps > limit - length_)
      return outOfBounds("a prompt of " + std::to_string(length_) + " tokens and " +
                         std::to_string(options_.maxNewTokens) + " new ones need " +
                         std::to_string(length_ + steps) + " positions, but the model has " +
                         limitText(manifest, "t", limit) + "; shorten the prompt or ask for fewer");
    // An entry for one token, whose kernels know that there is no other, may be missing.
    hasStep_ = manifest.findEntry("step") != nullptr;
    rows_ = int64_t(prompts_.size());
    chunk_ = std::min(session_.bound("s").value_or(length_), length_);
    eos_ = numbers(manifest, "eos_token_ids");
    start_.resize(prompts_.size());
    for (size_t row = 0; row < prompts_.size(); ++row)
      start_[row] = length_ - int64_t(prompts_[row].size());
    ids_.resize(size_t(rows_ * chunk_));
    out_.assign(prompts_.size(), {});
    constexpr int64_t kMostReserved = 1 << 20;
    for (auto &row : out_)
      row.reserve(size_t(std::clamp<int64_t>(options_.maxNewTokens, 0, kMostReserved)));
    done_.assign(prompts_.size(), false);
    return sizeLogits();
  }

  /// Feeds the prompts; the logits of the last position remain.
  Status prefill() {
    for (int64_t at = 0; at < length_; at += chunk_) {
      int64_t width = std::min(chunk_, length_ - at);
      for (int64_t row = 0; row < rows_; ++row)
        for (int64_t i = 0; i < width; ++i) {
          int64_t k = at + i - start_[size_t(row)];
          ids_[size_t(row * width + i)] =
              k < 0 ? prompts_[size_t(row)][0] : prompts_[size_t(row)][size_t(k)];
        }
      EINF_TRY(call(width, at + width));
    }
    return {};
  }

  /// Picks a token a row from the logits. Fails with Stopped if the callback
  /// wants no more; `more` tells whether a row goes on.
  Status choose(int64_t index, bool &more) {
    more = false;
    for (int64_t row = 0; row < rows_; ++row) {
      if (done_[size_t(row)])
        continue;
      size_t vocab = size_t(vocab_);
      int64_t token = sampler_.pick({logits() + size_t(row) * vocab, vocab});
      out_[size_t(row)].push_back(token);
      ids_[size_t(row)] = token;
      bool end = !options_.ignoreEos && std::find(eos_.begin(), eos_.end(), token) != eos_.end();
      done_[size_t(row)] = end;
      more |= !end;
      if (options_.onToken && !options_.onToken(row, index, token))
        return {StatusCode::Stopped, "stopped by the token callback"};
    }
    return {};
  }

  Status step(int64_t index) { return call(1, length_ + index); }

private:
  float *logits() { return reinterpret_cast<float *>(logits_.data()); }

  Status sizeLogits() {
    int64_t shape[] = {rows_, chunk_}, starts[] = {rows_};
    TensorView inputs[] = {{"ids", nullptr, DType::I64, shape},
                           {"start", nullptr, DType::I64, starts}};
    Binding params[] = {{"t", chunk_}};
    std::vector<int64_t> result;
    EINF_TRY(session_.outputShape("next", inputs, params, 0, result));
    if (result.size() != 2 || result[0] != rows_ || result[1] < 1)
      return badPackage("entry 'next' does not give logits [b, vocab]");
    vocab_ = result[1];
    auto memory = PageMemory::allocate(uint64_t(rows_ * vocab_) * 4, "logits");
    if (!memory)
      return memory.status();
    logits_ = std::move(*memory);
    return {};
  }

  Status call(int64_t width, int64_t total) {
    int64_t shape[] = {rows_, width}, starts[] = {rows_};
    int64_t result[] = {rows_, vocab_};
    TensorView inputs[] = {{"ids", ids_.data(), DType::I64, shape},
                           {"start", start_.data(), DType::I64, starts}};
    Binding params[] = {{"t", total}};
    TensorView outputs[] = {{"", logits_.data(), DType::F32, result}};
    return session_.run(width == 1 && hasStep_ ? "step" : "next", inputs, params, outputs);
  }

  Session &session_;
  const TokenRows &prompts_;
  const GenerateOptions &options_;
  TokenRows &out_;
  Sampler sampler_;
  int64_t rows_ = 0, length_ = 0, chunk_ = 0, vocab_ = 0;
  std::vector<int64_t> eos_, start_, ids_;
  std::vector<bool> done_;
  PageMemory logits_;
  bool hasStep_ = false;
};

} // namespace

Result<std::unique_ptr<Session>> openLmSession(std::shared_ptr<Package> package, int64_t batch,
                                               int64_t context, int64_t chunk,
                                               std::string_view device) {
  if (batch < 1 || context < 1 || chunk < 1)
    return invalidArgument("batch, context and chunk must be at least 1");
  // The context may be larger than what the model takes, which is no fault of a shorter text.
  int64_t most = std::min(context, limitOf(package->manifest(), "t"));
  Binding all[] = {{"b", batch}, {"s", std::min(chunk, most)}, {"t", most}, {"c", context}};
  return Session::open(std::move(package), all, device);
}

Status generate(Session &session, const TokenRows &prompts, const GenerateOptions &options,
                TokenRows &out, GenerateStats &stats) {
  stats = {};
  Generation generation(session, prompts, options, out);
  EINF_TRY(generation.prepare());
  for (const auto &prompt : prompts)
    stats.promptTokens += int64_t(prompt.size());
  EINF_TRY(session.reset());
  double begin = now();
  EINF_TRY(generation.prefill());
  stats.prefillSeconds = now() - begin;
  begin = now();
  bool more = options.maxNewTokens > 0;
  Status status;
  for (int64_t i = 0; more && i < options.maxNewTokens; ++i) {
    if (i > 0) {
      status = generation.step(i);
      ++stats.decodeSteps;
    }
    if (status.ok())
      status = generation.choose(i, more);
    if (!status.ok())
      break;
  }
  stats.decodeSeconds = now() - begin;
  for (const auto &row : out)
    stats.newTokens += int64_t(row.size());
  return status;
}

} // namespace einfall::rt
