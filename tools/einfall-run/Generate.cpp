//===- Generate.cpp - Generates text from a language model ----------------===//
#include "Commands.h"
#include "core/Generator.h"
#include "format/Json.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>

#ifdef EINFALL_HAVE_TEXT
#include "text/tokenizer.h"
#endif

namespace einfall::tool {
namespace {

using rt::invalidArgument;
using rt::Status;

/// The packaged tokenizer, if there is one that the runtime can read.
class Text {
public:
  explicit Text(const rt::Package &package) {
    std::span<const std::byte> json = package.file("tokenizer.json");
    if (json.empty()) {
      why_ = "the package holds no tokenizer.json";
      return;
    }
#ifdef EINFALL_HAVE_TEXT
    tokenizer_ =
        text::Tokenizer::fromJson({reinterpret_cast<const char *>(json.data()), json.size()}, why_);
#else
    why_ = "this build of the runtime has no tokenizer";
#endif
  }

  Status encode(const std::string &prompt, std::vector<int64_t> &ids) const {
#ifdef EINFALL_HAVE_TEXT
    if (tokenizer_) {
      for (int32_t id : tokenizer_->encode(prompt, true))
        ids.push_back(id);
      return {};
    }
#endif
    (void)prompt;
    (void)ids;
    return invalidArgument("--prompt cannot be tokenized (" + why_ +
                           "); give token ids with --ids");
  }

  /// Nothing if there is no tokenizer.
  std::optional<std::string> decode(const std::vector<int64_t> &ids) const {
#ifdef EINFALL_HAVE_TEXT
    if (tokenizer_) {
      std::vector<int32_t> narrow(ids.begin(), ids.end());
      return tokenizer_->decode(narrow, true);
    }
#endif
    (void)ids;
    return std::nullopt;
  }

private:
  std::string why_;
#ifdef EINFALL_HAVE_TEXT
  std::unique_ptr<text::Tokenizer> tokenizer_;
#endif
};

/// Prints the first row's text as it grows; bytes of an unfinished character
/// wait for the rest.
class Streamer {
public:
  Streamer(const Text &text, bool enabled) : text_(text), enabled_(enabled) {}

  void push(int64_t token) {
    if (!enabled_)
      return;
    ids_.push_back(token);
    std::optional<std::string> all = text_.decode(ids_);
    if (!all) {
      std::printf(ids_.size() > 1 ? " %" PRId64 : "%" PRId64, token);
    } else if (!all->ends_with("\xEF\xBF\xBD") && all->size() > printed_) {
      std::fwrite(all->data() + printed_, 1, all->size() - printed_, stdout);
      printed_ = all->size();
    }
    std::fflush(stdout);
  }

private:
  const Text &text_;
  bool enabled_;
  size_t printed_ = 0;
  std::vector<int64_t> ids_;
};

Status readPrompts(const rt::Package &package, const Text &text, const Options &options,
                   rt::TokenRows &rows) {
  rows = options.ids;
  if (options.prompt) {
    rows.emplace_back();
    EINF_TRY(text.encode(*options.prompt, rows.back()));
  }
  if (!options.bos)
    return {};
  const std::string *bos = package.manifest().findMetadata("bos_token_id");
  int64_t id = -1;
  if (bos)
    std::from_chars(bos->data(), bos->data() + bos->size(), id);
  if (id < 0)
    return invalidArgument("--bos: the model has no start token");
  for (auto &row : rows)
    if (row.empty() || row[0] != id)
      row.insert(row.begin(), id);
  return {};
}

void printJson(const rt::TokenRows &rows, const Text &text, const rt::GenerateStats &stats,
               double rate) {
  rt::JsonWriter j;
  j.beginObject().key("ids").beginArray();
  for (const auto &row : rows) {
    j.beginArray();
    for (int64_t id : row)
      j.number(id);
    j.endArray();
  }
  j.endArray().key("text").beginArray();
  for (const auto &row : rows)
    if (std::optional<std::string> decoded = text.decode(row))
      j.string(*decoded);
  j.endArray();
  j.key("prompt_tokens").number(stats.promptTokens);
  j.key("new_tokens").number(stats.newTokens);
  j.key("prefill_seconds").real(stats.prefillSeconds);
  j.key("decode_seconds").real(stats.decodeSeconds);
  j.key("tokens_per_second").real(rate).endObject();
  std::printf("%s\n", j.take().c_str());
}

void printRows(const rt::TokenRows &rows, const Text &text) {
  for (const auto &row : rows) {
    if (std::optional<std::string> decoded = text.decode(row)) {
      std::printf("%s\n", decoded->c_str());
      continue;
    }
    for (size_t i = 0; i < row.size(); ++i)
      std::printf(i ? " %" PRId64 : "%" PRId64, row[i]);
    std::printf("\n");
  }
}

} // namespace

rt::Status generateText(const PackagePtr &package, const Options &options) {
  Text text(*package);
  rt::TokenRows rows, out;
  EINF_TRY(readPrompts(*package, text, options, rows));
  int64_t longest = 1;
  for (const auto &row : rows)
    longest = std::max(longest, int64_t(row.size()));
  int64_t context = options.context;
  if (context == 0 && __builtin_add_overflow(longest, options.newTokens, &context))
    return invalidArgument("-n is too large");
  auto session = rt::openLmSession(package, int64_t(rows.size()), context,
                                   std::min(options.chunk, longest), options.device);
  if (!session)
    return session.status();

  rt::Profile profile;
  if (options.profile || !options.profileJson.empty())
    (*session)->setProfile(&profile);
  Streamer streamer(text, rows.size() == 1 && !options.json);
  rt::GenerateOptions settings;
  settings.maxNewTokens = options.newTokens;
  settings.temperature = options.temperature;
  settings.topK = options.topK;
  settings.seed = options.seed;
  settings.ignoreEos = options.ignoreEos;
  settings.onToken = [&](int64_t, int64_t, int64_t token) {
    streamer.push(token);
    return true;
  };
  rt::GenerateStats stats;
  EINF_TRY(rt::generate(**session, rows, settings, out, stats));
  if (!options.profileJson.empty())
    EINF_TRY(writeProfile(**session, profile, options.profileJson));
  double rate = stats.decodeSeconds > 0 && stats.decodeSteps > 0
                    ? double(stats.newTokens - int64_t(rows.size())) / stats.decodeSeconds
                    : 0;
  if (options.json) {
    printJson(out, text, stats, rate);
    return {};
  }
  if (rows.size() == 1)
    std::printf("\n");
  else
    printRows(out, text);
  std::fflush(stdout);
  std::fprintf(stderr, "%s: prefill %" PRId64 " tokens in %.4f s, then %.1f tokens/s\n",
               (*session)->target().c_str(), stats.promptTokens, stats.prefillSeconds, rate);
  std::fputs((*session)->notes().c_str(), stderr);
  if (options.profile)
    printProfile(profile);
  return {};
}

} // namespace einfall::tool
