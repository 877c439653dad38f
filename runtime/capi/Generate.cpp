//===- Generate.cpp - C interface: text generation ------------------------===//
#include "Handles.h"
#include "core/Generator.h"

#include <algorithm>

using namespace einfall::rt;

static Status readPrompts(const int64_t *const *prompts, const int64_t *lengths, int64_t rows,
                          TokenRows &out) {
  if (!prompts || !lengths || rows < 1)
    return invalidArgument("einf_generate: there are no prompts");
  for (int64_t row = 0; row < rows; ++row) {
    if (!prompts[row] || lengths[row] < 1)
      return invalidArgument("einf_generate: prompt " + std::to_string(row) + " is empty");
    out.emplace_back(prompts[row], prompts[row] + lengths[row]);
  }
  return {};
}

extern "C" {

void einf_generate_defaults(einf_generate_options *options) {
  *options = {};
  options->struct_size = sizeof *options;
  options->max_new_tokens = 48;
}

einf_status einf_generate(einf_session *session, const int64_t *const *prompts,
                          const int64_t *lengths, int64_t rows,
                          const einf_generate_options *options, int64_t *tokens, int64_t *counts,
                          einf_generate_stats *stats) {
  return guarded([&]() -> Status {
    if (!session || !options || options->struct_size != sizeof(einf_generate_options))
      return invalidArgument("einf_generate: no session, or options of another "
                             "version (use einf_generate_defaults)");
    TokenRows in, out;
    EINF_TRY(readPrompts(prompts, lengths, rows, in));
    GenerateOptions copy;
    copy.maxNewTokens = options->max_new_tokens;
    copy.temperature = options->temperature;
    copy.topK = options->top_k;
    copy.seed = options->seed;
    copy.ignoreEos = options->ignore_eos != 0;
    if (options->on_token)
      copy.onToken = [&](int64_t row, int64_t index, int64_t token) {
        return options->on_token(options->user, row, index, token) == 0;
      };
    GenerateStats result;
    Status status = generate(*session->session, in, copy, out, result);
    for (size_t row = 0; row < out.size(); ++row) {
      if (tokens)
        std::copy(out[row].begin(), out[row].end(),
                  tokens + int64_t(row) * options->max_new_tokens);
      if (counts)
        counts[row] = int64_t(out[row].size());
    }
    if (stats)
      *stats = {result.prefillSeconds, result.decodeSeconds, result.promptTokens, result.newTokens,
                result.decodeSteps};
    return status;
  });
}

} // extern "C"
